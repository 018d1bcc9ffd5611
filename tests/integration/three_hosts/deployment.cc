// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/three_hosts/deployment.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace arcform {
namespace {

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  REQUIRE(file);
}

std::string words_of(const ProcessResult& result) {
  return fmt::format("exit status {} after {} ms{}\n{}{}", result.status, result.took.count(),
                     result.timed_out ? ", killed at the deadline" : "", result.out, result.err);
}

}  // namespace

void step(const std::string& name) {
  using Clock = std::chrono::steady_clock;
  static Clock::time_point last = Clock::now();
  const auto now = Clock::now();
  std::cout << fmt::format("[+{:5.1f} s] {}", std::chrono::duration<double>(now - last).count(),
                           name)
            << std::endl;
  last = now;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string replaced(const std::string& text, const std::string& from, const std::string& to) {
  INFO("replace: " << from << "\nin: " << text);
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  REQUIRE(text.find(from, at + 1) == std::string::npos);
  return text.substr(0, at) + to + text.substr(at + from.size());
}

std::string example(const std::string& name) {
  std::ifstream file(std::string(ARCFORM_EXAMPLES) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  REQUIRE(file);
  return text.str();
}

void require_status(const ProcessResult& result, int status) {
  INFO(words_of(result));
  REQUIRE_FALSE(result.timed_out);
  REQUIRE(result.status == status);
}

void require_says(const ProcessResult& result, const std::string& text) {
  INFO(words_of(result));
  INFO("looked for: " << text);
  REQUIRE(contains(result.out + result.err, text));
}

Deployment::Deployment(int hosts) : lab_(hosts), path_(lab_.scratch() + "/spec.json") {
  spec_ = example("three-hosts.json");
  edit("~/.ssh/id_ed25519", lab_.folder() + "/keys/id_ed25519");
  edit("~/.ssh/known_hosts", lab_.folder() + "/known_hosts");
  edit("\"/opt/arcus\"", fmt::format("\"{}\"", Lab::kPrefix));
  edit("\"connections\": 1000", "\"connections\": 1000, \"sessionTimeout\": 10");
}

std::vector<std::string> Deployment::command(const std::vector<std::string>& words) const {
  write_file(path_, spec_);
  std::vector<std::string> argv{ARCFORM_BINARY};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.push_back(path_);
  return lab_.at_operator(argv);
}

ProcessResult Deployment::run(const std::vector<std::string>& words) const {
  return run_process(command(words), std::chrono::seconds(120));
}

ProcessResult Deployment::converge(const std::string& allow_removal) const {
  ProcessResult result =
      allow_removal.empty() ? apply() : run({"apply", "--yes", "--allow-removal", allow_removal});
  require_status(result, 0);
  require_says(result, "Converged: observed equals desired.");
  const ProcessResult again = apply();
  require_status(again, 0);
  require_says(again, "No changes.");
  return result;
}

ProcessResult Deployment::zk(const std::string& command, const std::string& path,
                             const std::string& data) const {
  ProcessResult result = lab_.run({ARCFORM_ZK_TOOL, kServers, command, path, data});
  INFO("zk_tool " << command << " " << path << ": " << words_of(result));
  REQUIRE(result.status < 2);
  return result;
}

std::string Deployment::joined(const std::string& cloud) const {
  std::istringstream lines(zk("ephemerals", "/arcus/cache_list/" + cloud).out);
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    names.push_back(line.substr(0, line.find('-')));
  }
  std::sort(names.begin(), names.end());
  return fmt::format("{}", fmt::join(names, " "));
}

std::string Deployment::znodes_with(const std::string& word) const {
  std::istringstream lines(all_znodes());
  std::string found;
  for (std::string line; std::getline(lines, line);) {
    found += contains(line, word) && !contains(line, "/cache_server_log/") ? line + "\n" : "";
  }
  return found;
}

std::string Deployment::pids(int host, const std::string& pattern) const {
  // In brackets, so that the pattern does not find the shell that has it in its arguments.
  const std::string self =
      fmt::format("pgrep -f -- '[{}]{}'", pattern.substr(0, 1), pattern.substr(1));
  return lab_.exec(host, self).out;
}

std::string Deployment::node_pid(int host, int port) const {
  return pids(host, fmt::format("bin/memcached -E .*-p {} ", port));
}

std::string Deployment::server_pid(int host) const {
  return pids(host, "java .*QuorumPeerMain");
}

int Deployment::leader() const {
  for (int host = 1; host <= 3; ++host) {
    const std::string ask =
        fmt::format("exec 3<>/dev/tcp/10.0.0.{}/2181; printf srvr >&3; cat <&3", host);
    const ProcessResult answer = lab_.run({"timeout", "3", "bash", "-c", ask});
    if (contains(answer.out, "Mode: leader")) {
      return host;
    }
  }
  return 0;
}

std::string Deployment::traces() const {
  std::string all;
  for (int host = 1; host <= lab_.hosts(); ++host) {
    // ZooKeeper's own data and the logs grow by themselves; logins come and go.
    all += lab_.exec(host,
                     "find /home/arcus /tmp /var/tmp -path /home/arcus/zookeeper/version-2 -prune "
                     "-o -path '/tmp/hsperfdata_*' -prune -o ! -name log -printf '%p %s %T@\\n' | "
                     "sort; ps -e -o comm= | "
                     "grep -Evx '(sshd|sh|ps|grep|sort|find).*' | sort")
               .out;
  }
  return all;
}

}  // namespace arcform
