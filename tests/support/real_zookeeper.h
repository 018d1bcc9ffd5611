// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace arcform {

/// Debian's ZooKeeper as real processes on loopback ports of a temporary folder, in quorum mode
/// also when it is a single server. Processes die with this object, at the latest with the test;
/// every signal goes to a pid that was started here. Failures throw std::runtime_error.
class RealZookeeper {
 public:
  struct Options {
    std::size_t servers = 1;
    /// The server keeps session timeouts within 2 ticks and 20 s.
    std::chrono::milliseconds tick{100};
    bool reconfigure = false;  ///< dynamic reconfiguration, for everybody
  };

  /// Starts the servers and waits until each serves.
  RealZookeeper() : RealZookeeper(Options{}) {}
  explicit RealZookeeper(Options options);
  ~RealZookeeper();
  RealZookeeper(const RealZookeeper&) = delete;
  RealZookeeper& operator=(const RealZookeeper&) = delete;

  /// "127.0.0.1:21001,127.0.0.1:21004"
  std::string connect_string() const;
  /// "127.0.0.1:21001"
  std::string address(std::size_t index = 0) const;
  std::uint16_t port(std::size_t index = 0) const { return servers_[index].client_port; }

  /// Starts a server that is down, on its old data.
  void start(std::size_t index = 0);
  /// SIGKILL; returns when the process is gone.
  void kill(std::size_t index = 0);
  /// SIGSTOP and SIGCONT; the server stands still when freeze() returns.
  void freeze(std::size_t index = 0);
  void thaw(std::size_t index = 0);
  /// Waits until the server says that it serves (a minute at most).
  void wait_until_serving(std::size_t index = 0) const;
  /// The answer to a four-letter word; empty when there is none within a second.
  std::string ask(const std::string& word, std::size_t index = 0) const;
  /// "127.0.0.1:21002:21003:participant;127.0.0.1:21001"
  std::string member_line(std::size_t index) const;
  bool is_running(std::size_t index = 0) const { return servers_[index].pid > 0; }

 private:
  struct Server {
    std::filesystem::path folder;
    std::uint16_t client_port = 0;
    std::uint16_t quorum_port = 0;
    std::uint16_t election_port = 0;
    pid_t pid = 0;
  };

  void write_configuration(std::size_t index) const;

  Options options_;
  std::filesystem::path folder_;
  std::vector<Server> servers_;
};

/// A TCP port of 127.0.0.1 that is free now, below the range that the system hands out itself.
std::uint16_t free_port();

}  // namespace arcform
