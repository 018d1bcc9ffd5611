// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/three_hosts/deployment.h"

/// examples/quickstart.json on this machine, without SSH.
namespace arcform {

/// Whether `count` ports from `first` on are free on the loopback.
inline bool ports_free(int first, int count) {
  for (int port = first; port < first + count; ++port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const int fine = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    close(fd);
    if (fine != 0) {
      return false;
    }
  }
  return true;
}

/// Whether `pid` runs; what nobody has collected yet has ended too.
inline bool lives(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string stat;
  std::getline(file, stat);
  const std::size_t end = stat.rfind(')');
  return end != std::string::npos && end + 2 < stat.size() && stat[end + 2] != 'Z';
}

/// The spec, its folder, and the end of whatever a failed test left running.
struct Quickstart {
  static constexpr int kPorts = 6;  ///< three nodes, of which two are used, and a server

  Quickstart() {
    std::string name = "/tmp/arcform-quickstart-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    port = 20000 + static_cast<int>(getpid() % 1000) * 10;  // Below the ephemeral range.
    while (!ports_free(port, kPorts)) {
      port += kPorts;
      REQUIRE(port < 32000);
    }
    spec = example("quickstart.json");
    spec = replaced(spec, "\"@FOLDER@/arcform\"", "\"" + folder + "/arcform\"");
    spec = replaced(spec, "\"@FOLDER@/zookeeper\"", "\"" + folder + "/zookeeper\"");
    spec = replaced(spec, "\"@ARCUS@\"", "\"" ARCFORM_STOCK_NODE "\"");
    spec = replaced(spec, "\"port\": 11211", fmt::format("\"port\": {}", port));
    spec = replaced(spec, "\"servers\":",
                    fmt::format("\"clientPort\": {}, \"quorumPort\": {}, \"electionPort\": {}, "
                                "\"servers\":",
                                port + 3, port + 4, port + 5));
  }
  Quickstart(const Quickstart&) = delete;
  Quickstart& operator=(const Quickstart&) = delete;

  ~Quickstart() {
    for (const pid_t pid : pids()) {
      kill(pid, SIGKILL);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }

  /// The live processes that the identity files name: version, boot id, pid, ...
  std::vector<pid_t> pids() const {
    std::vector<pid_t> found;
    std::error_code none;
    for (const auto& slot : std::filesystem::directory_iterator(folder + "/arcform", none)) {
      std::ifstream file(slot.path() / "id");
      std::string version;
      std::string boot;
      pid_t pid = 0;
      if (file >> version >> boot >> pid && pid > 1 && lives(pid)) {
        found.push_back(pid);
      }
    }
    return found;
  }

  /// Of the slot's process; 0: none.
  pid_t pid_of(const std::string& slot) const {
    std::ifstream file(folder + "/arcform/" + slot + "/id");
    std::string version;
    std::string boot;
    pid_t pid = 0;
    file >> version >> boot >> pid;
    return pid > 1 && lives(pid) ? pid : 0;
  }

  /// The command that runs arcform on the spec; writes the file.
  std::vector<std::string> command(const std::vector<std::string>& words) const {
    const std::string path = folder + "/spec.json";
    std::ofstream(path) << spec;
    std::vector<std::string> argv{ARCFORM_BINARY};
    argv.insert(argv.end(), words.begin(), words.end());
    argv.push_back(path);
    return argv;
  }
  ProcessResult run(const std::vector<std::string>& words) const {
    return run_process(command(words));
  }

  std::string folder;
  std::string spec;
  int port = 0;  ///< of the first node
};

}  // namespace arcform
