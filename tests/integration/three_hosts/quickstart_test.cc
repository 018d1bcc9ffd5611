// SPDX-License-Identifier: Apache-2.0
// The quickstart on this machine, without SSH.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

namespace fs = std::filesystem;

/// Whether `count` ports from `first` on are free on the loopback.
bool ports_free(int first, int count) {
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
bool lives(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string stat;
  std::getline(file, stat);
  const std::size_t end = stat.rfind(')');
  return end != std::string::npos && end + 2 < stat.size() && stat[end + 2] != 'Z';
}

/// The spec, its folder, and the end of whatever a failed test left running.
struct Quickstart {
  Quickstart() {
    std::string name = "/tmp/arcform-quickstart-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    int port = 20000 + static_cast<int>(getpid() % 1000) * 10;  // Below the ephemeral range.
    while (!ports_free(port, 5)) {
      port += 5;
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
                                port + 2, port + 3, port + 4));
  }
  Quickstart(const Quickstart&) = delete;
  Quickstart& operator=(const Quickstart&) = delete;

  ~Quickstart() {
    for (const pid_t pid : pids()) {
      kill(pid, SIGKILL);
    }
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  /// The live processes that the identity files name: version, boot id, pid, ...
  std::vector<pid_t> pids() const {
    std::vector<pid_t> found;
    std::error_code none;
    for (const auto& slot : fs::directory_iterator(folder + "/arcform", none)) {
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

  ProcessResult run(const std::vector<std::string>& words) const {
    const std::string path = folder + "/spec.json";
    std::ofstream(path) << spec;
    std::vector<std::string> argv{ARCFORM_BINARY};
    argv.insert(argv.end(), words.begin(), words.end());
    argv.push_back(path);
    return run_process(argv);
  }

  std::string folder;
  std::string spec;
};

}  // namespace

TEST_CASE("the quickstart converges on this machine, and stops again") {
  Quickstart it;
  step("quickstart: apply");
  const ProcessResult applied = it.run({"apply", "--yes"});
  require_status(applied, 0);
  require_says(applied, "Converged: observed equals desired.");
  CHECK(it.pids().size() == 3);
  const ProcessResult again = it.run({"apply", "--yes"});
  require_status(again, 0);
  require_says(again, "No changes.");
  fmt::print("           quickstart: apply {} ms, again {} ms\n", applied.took.count(),
             again.took.count());
  const ProcessResult status = it.run({"status"});
  require_status(status, 0);
  require_says(status, "2 of 2 nodes joined");

  step("quickstart: stop");
  it.spec = replaced(it.spec, "\"dataDirectory\":", "\"state\": \"stopped\", \"dataDirectory\":");
  require_status(it.run({"apply", "--yes"}), 0);
  CHECK(it.pids().empty());
  step("end");
}

}  // namespace arcform
