// SPDX-License-Identifier: Apache-2.0
// Hosts that cannot be reached or not logged in on, and servers that cannot reach each other: real
// sshds in the lab's namespaces.
#include "tests/support/lab.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/bad_input/here.h"
#include "tests/support/golden.h"
#include "tests/support/text_file.h"

namespace arcform {
namespace {

/// The essence of a run, with the lab's own paths replaced.
std::string essence(const Lab& lab, const ProcessResult& result) {
  std::string text = replace_all(essence_of(result), lab.scratch(), "@FILES@");
  return without_times(replace_all(std::move(text), lab.folder(), "@LAB@"));
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A spec for the lab: a host entry and a node for each of `access` (its "ssh" fields), servers on
/// the first `servers` hosts.
std::string spec(const Lab& lab, const std::vector<std::string>& access, int servers) {
  std::string hosts;
  std::string clouds;
  std::string names;
  for (std::size_t i = 0; i < access.size(); ++i) {
    const int number = static_cast<int>(i) + 1;
    const char* const comma = i == 0 ? "" : ",\n";
    hosts += fmt::format(R"({}    {{ "name": "{}", "address": "10.0.0.{}", "ssh": {{ {} }} }})",
                         comma, Lab::host(number), number, access[i]);
    // A cloud for each node: the repaired ones need not wait for one another.
    clouds += fmt::format(R"({}    {{ "serviceCode": "cloud-{}", "package": "arcus",
      "config": {{ "memlimit": 64, "threads": 2, "connections": 100, "sessionTimeout": 10 }},
      "nodes": [ {{ "host": "{}", "port": 11211 }} ] }})",
                          comma, number, Lab::host(number));
    if (number <= servers) {
      names += fmt::format(R"({}"{}")", i == 0 ? "" : ", ", Lab::host(number));
    }
  }
  return fmt::format(R"({{
  "apiVersion": "arcform/v1", "deployment": "bad-input",
  "ssh": {{ "user": "arcus", "agent": false, "knownHosts": "{0}/known_hosts",
           "identityFiles": ["{0}/keys/id_ed25519"] }},
  "packages": {{ "arcus": {{ "installed": "{1}" }},
                "zookeeper": {{ "installed": "/usr/share/zookeeper" }} }},
  "hosts": [
{2}
  ],
  "ensemble": {{ "package": "zookeeper", "servers": [{3}], "config": {{ "tickTime": 500 }},
                "dataDirectory": "/home/arcus/zookeeper" }},
  "clouds": [
{4}
  ]
}}
)",
                     lab.folder(), Lab::kPrefix, hosts, names, clouds);
}

ProcessResult arcform(const Lab& lab, const std::vector<std::string>& words) {
  std::vector<std::string> argv{"env", "-C", lab.scratch(), "PHRASE=correct horse", ARCFORM_BINARY};
  argv.insert(argv.end(), words.begin(), words.end());
  return lab.run(argv, std::chrono::seconds(150));
}

/// What is wrong with the login on each host, from the second on; the first is fine.
std::vector<std::string> spoiled(const Lab& lab) {
  const std::string keys = lab.folder() + "/keys/";
  const std::string& files = lab.scratch();
  write(files + "/none", "");
  write(files + "/phrase", "correct horse\n");
  write(files + "/wrong-phrase", "incorrect donkey\n");
  for (const char* const secret : {"/phrase", "/wrong-phrase"}) {
    std::filesystem::permissions(files + secret, std::filesystem::perms(0600));
  }
  std::ifstream known(lab.folder() + "/known_hosts");
  std::string changed = "# the keys of this file belong to another host\n";
  for (std::string line; std::getline(known, line);) {
    if (line.starts_with(Lab::host(1))) {
      changed += Lab::host(3) + ",10.0.0.3" + line.substr(line.find(' ')) + "\n";
    }
  }
  write(files + "/changed", changed);
  const std::string locked = fmt::format(R"("identityFiles": ["{}id_ed25519_passphrase"])", keys);
  return {"",
          fmt::format(R"("identityFiles": ["{}wrong"])", keys),
          fmt::format(R"("knownHosts": "{}/changed")", files),
          fmt::format(R"("knownHosts": "{}/none")", files),
          "",  // its sshd is down
          "",  // its packets vanish
          "",  // no route
          fmt::format(R"("identityFiles": ["{}/no-such-key"])", files),
          fmt::format(R"({}, "passphrase": {{ "file": "{}/wrong-phrase" }})", locked, files),
          fmt::format(R"({}, "passphrase": {{ "environment": "NO_SUCH_PHRASE" }})", locked),
          fmt::format(R"({}, "passphrase": {{ "file": "{}/phrase" }})", locked, files),
          fmt::format(R"({}, "passphrase": {{ "environment": "PHRASE" }})", locked)};
}

TEST_CASE("hosts that cannot be reached or logged in on are unknown, the others go on") {
  const Lab lab(12);
  std::vector<std::string> access = spoiled(lab);
  write(lab.scratch() + "/spec.json", spec(lab, access, 1));
  lab.command({"put-down-sshd", Lab::host(5)});
  lab.command({"cut", Lab::host(6)});
  lab.command({"cut", "--unreachable", Lab::host(7)});

  const ProcessResult result = arcform(lab, {"apply", "--yes", "spec.json"});
  INFO(result.out << result.err);
  CHECK(compare_golden("bad_input/ssh.txt", essence(lab, result)) == "");
  CHECK(result.status == 9);
  for (const int good : {1, 11, 12}) {
    CHECK(result.out.find(fmt::format("start cache node 10.0.0.{0}:11211 on {1}: done", good,
                                      Lab::host(good))) != std::string::npos);
  }
  for (const int bad : {2, 3, 4, 6, 8, 9, 10}) {
    CHECK(lab.exec(bad, "ls -A /home/arcus/.arcform").out == "");
  }
  const ProcessResult status = arcform(lab, {"status", "spec.json"});
  CHECK(status.status == 9);

  lab.command({"start-sshd", Lab::host(5)});
  lab.command({"mend", Lab::host(6)});
  lab.command({"mend", Lab::host(7)});
  for (std::size_t i = 1; i < 10; ++i) {
    access[i].clear();
  }
  write(lab.scratch() + "/spec.json", spec(lab, access, 1));
  const ProcessResult after = arcform(lab, {"apply", "--yes", "spec.json"});
  INFO(after.out << after.err);
  CHECK(after.status == 0);
}

TEST_CASE("an ensemble whose servers cannot reach each other never gets a leader") {
  const Lab lab(3);
  write(lab.scratch() + "/spec.json", spec(lab, {"", "", ""}, 3));
  const auto between = [&lab](const char* verb) {
    for (int from = 1; from <= 3; ++from) {
      for (int to = 1; to <= 3; ++to) {
        if (from != to) {
          const ProcessResult done =
              lab.exec(from, fmt::format("ip route {} blackhole 10.0.0.{}/32", verb, to));
          REQUIRE(done.status == 0);
        }
      }
    }
  };
  between("add");
  const ProcessResult result = arcform(lab, {"apply", "--yes", "--timeout", "15s", "spec.json"});
  INFO(result.out << result.err);
  CHECK(result.status == 8);
  CHECK(result.err.find("arcform: wait for a leader of 3 ZooKeeper servers: ") !=
        std::string::npos);
  CHECK(result.err.find("server 1 serves nobody, server 2 serves nobody, server 3 serves nobody") !=
        std::string::npos);
  const std::size_t words =
      result.err.find("last words in cache003.arcus:~/.arcform/bad-input/server-3/log: ");
  REQUIRE(words != std::string::npos);
  CHECK(result.err.find("Cannot open channel to ", words) != std::string::npos);  // its own log
  between("del");
  const ProcessResult after = arcform(lab, {"apply", "--yes", "spec.json"});
  INFO(after.out << after.err);
  CHECK(after.status == 0);
}

}  // namespace
}  // namespace arcform
