// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/bad_input/here.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/golden.h"
#include "tests/support/real_zookeeper.h"
#include "tests/support/text_file.h"

namespace arcform {
namespace {

namespace fs = std::filesystem;

/// SIGKILL to the process of an identity file ("1 BOOT PID TICKS DIGEST") if it is still that one.
void end_process(const fs::path& identity_file) {
  std::ifstream file(identity_file);
  std::string version;
  std::string boot;
  pid_t pid = 0;
  std::string ticks;
  if (!(file >> version >> boot >> pid >> ticks) || pid < 2) {
    return;
  }
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(stat, line);
  std::istringstream fields(line.substr(std::min(line.rfind(')') + 1, line.size())));
  std::string field;
  for (int number = 3; number <= 22; ++number) {
    fields >> field;
  }
  if (!line.empty() && field == ticks) {
    ::kill(pid, SIGKILL);
  }
}

bool has(const std::string& text, const char* what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

Here::Here() {
  std::string name = "/var/tmp/arcform-bad-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("no temporary folder");
  }
  folder_ = name;
  fs::permissions(folder_, fs::perms(0755));
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    do {
      ports_[i] = free_port();
    } while (
        std::count(ports_.begin(), ports_.begin() + static_cast<std::ptrdiff_t>(i), ports_[i]) > 0);
  }
  std::sort(ports_.begin(), ports_.end());
  arcus = ARCFORM_STOCK_NODE;
  directory = folder_ + "/arcform";
  ensemble = fmt::format(
      R"({{ "package": "zookeeper", "servers": ["here"], "clientPort": {}, "quorumPort": {},
    "electionPort": {}, "dataDirectory": "{}/zookeeper", "config": {{ "tickTime": 500 }} }})",
      ports_[0], ports_[1], ports_[2], folder_);
  clouds = fmt::format(
      R"([ {{ "serviceCode": "{}", "package": "arcus",
    "config": {{ "memlimit": 64, "threads": 2, "connections": 100, "sessionTimeout": 10 }},
    "nodes": [ {{ "host": "here", "ports": [{}, {}] }} ] }} ])",
      service_code(), ports_[3], ports_[4]);
}

void Here::end_processes() const {
  std::error_code ignored;
  for (fs::recursive_directory_iterator at(folder_, ignored), end; at != end;
       at.increment(ignored)) {
    if (at->path().filename() == "id") {
      end_process(at->path());
    }
  }
}

Here::~Here() {
  end_processes();
  std::error_code ignored;
  for (int tries = 0;
       tries < 100 && fs::remove_all(folder_, ignored) == static_cast<std::uintmax_t>(-1);
       ++tries) {
  }  // A dying server may make files while they are removed.
}

std::string Here::connect_string() const {
  return fmt::format("127.0.0.1:{}", client_port());
}

void Here::write_file(const std::string& name, const std::string& text, unsigned mode) const {
  const fs::path path = fs::path(folder_) / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  fs::permissions(path, fs::perms(mode));
}

void Here::write_spec() const {
  write_file("spec.json", fmt::format(R"({{
  "apiVersion": "arcform/v1", "deployment": "bad-input", "ssh": {{ "directory": "{}" }},
  "hosts": [ {} ],
  "packages": {{ "arcus": {{ "installed": "{}" }}, "zookeeper": {{ "installed": "{}" }} }},
  "ensemble": {},
  "clouds": {}
}}
)",
                                      directory, host, arcus, zookeeper, ensemble, clouds));
}

ProcessResult Here::arcform(std::vector<std::string> words,
                            const std::vector<std::string>& before) const {
  std::vector<std::string> argv{"env", "-C", folder_};
  argv.insert(argv.end(), before.begin(), before.end());
  argv.emplace_back(ARCFORM_BINARY);
  argv.insert(argv.end(), words.begin(), words.end());
  return run_process(std::move(argv), std::chrono::seconds(120));
}

ProcessResult Here::apply() const {
  write_spec();
  return arcform({"apply", "--yes", "spec.json"});
}

ProcessResult Here::plan() const {
  write_spec();
  return arcform({"plan", "spec.json"});
}

std::vector<std::string> Here::leftovers() const {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') || name.starts_with("starting-") || has(name, "arcform-") ||
        name.ends_with(".new") || name.ends_with(".tmp")) {
      found.push_back(entry.path().string());
    }
  }
  return found;
}

std::string Here::plain(std::string text) const {
  text = replace_all(std::move(text), arcus, "@ARCUS@");
  text = replace_all(std::move(text), folder_, "@FOLDER@");
  const std::array<const char*, 5> names{"@CLIENT@", "@QUORUM@", "@ELECTION@", "@NODE1@",
                                         "@NODE2@"};
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    text = std::regex_replace(text, std::regex(fmt::format("\\b{}\\b", ports_[i])), names[i]);
  }
  return without_times(std::move(text));
}

std::string Here::essence(const ProcessResult& result) const {
  return plain(essence_of(result));
}

std::string without_times(std::string text) {
  text = std::regex_replace(text, std::regex("[0-9]+\\.[0-9] s\\b"), "T s");
  text = std::regex_replace(text, std::regex("\\bpid [0-9]+"), "pid N");
  text = std::regex_replace(text, std::regex("SHA256:[A-Za-z0-9+/]+"), "SHA256:KEY");
  return std::regex_replace(text, std::regex("\\.arcform-[0-9]+"), ".arcform-N");
}

std::string essence_of(const ProcessResult& result) {
  std::string out = result.err;
  std::vector<std::string> held;
  std::vector<std::string> steps;
  std::string verdict;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  x ") || line.starts_with("  ? ")) {
      held.push_back(std::regex_replace(line, std::regex(" {2,}"), "  "));
    } else if (has(line, ": FAILED: ") || has(line, ": not tried, ")) {
      steps.push_back(std::regex_replace(line, std::regex("^ *[0-9.]+ s"), " "));
    } else if (has(line, "onverged: ") || has(line, "onverged in time") ||
               line.starts_with("Nothing was done") || line.starts_with("No change")) {
      verdict = line + "\n";
    }
  }
  // An apply shows what is held before it begins and at its end; steps end in any order.
  for (std::vector<std::string>* const group : {&held, &steps}) {
    std::sort(group->begin(), group->end());
    group->erase(std::unique(group->begin(), group->end()), group->end());
    for (const std::string& line : *group) {
      out += line + "\n";
    }
  }
  return out + verdict +
         (result.timed_out ? "still running\n" : fmt::format("exit {}\n", result.status));
}

void require(const ProcessResult& result, int status, const std::string& says) {
  INFO("exit " << result.status << "\n" << result.out << result.err);
  REQUIRE(result.status == status);
  REQUIRE((result.out + result.err).find(says) != std::string::npos);
}

void run_or_throw(std::vector<std::string> argv) {
  const std::string what = fmt::format("{}", fmt::join(argv, " "));
  const ProcessResult result = run_process(std::move(argv));
  if (result.status != 0) {
    throw std::runtime_error(
        fmt::format("{}: exit {}: {}{}", what, result.status, result.out, result.err));
  }
}

ForeignListener::ForeignListener(std::uint16_t port)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int yes = 1;
  ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd_, static_cast<const sockaddr*>(static_cast<const void*>(&address)),
             sizeof address) != 0 ||
      ::listen(fd_, 16) != 0) {
    throw std::runtime_error(fmt::format("cannot listen on port {}", port));
  }
}

ForeignListener::~ForeignListener() {
  ::close(fd_);
}

}  // namespace arcform
