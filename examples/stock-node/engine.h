// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "examples/stock-node/fd.h"
#include "examples/stock-node/log.h"
#include "examples/stock-node/options.h"
#include "examples/stock-node/outcome.h"

namespace arcform::stock {

/// The stock memcached to run: $ARCFORM_STOCK_MEMCACHED or /usr/bin/memcached.
std::string stock_memcached_path();

/// First line of `memcached --version`, e.g. "memcached 1.6.18"; a text that says so if it does
/// not run.
std::string stock_memcached_version();

/// Stock memcached as a child process. It is visible as `stock-node-engine` (comm
/// `stock-node-engi`), not as `memcached`, so that whoever looks for cache nodes by process name
/// and `-p` finds the node alone. It is killed with its parent, however the parent ends.
class Engine {
 public:
  /// Starts the child and returns when it listens. Call from the main thread, before any other
  /// thread and before the ZooKeeper handle exist. Failures: 71 the port is taken, 1 the binary
  /// cannot run, else the child's own exit status.
  static Outcome<Engine> start(const Options& options, const Log& log);

  Engine(Engine&& other) noexcept;
  Engine& operator=(Engine&&) = delete;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();  ///< stops the child

  /// Readable once the child has ended.
  int exit_fd() const { return exit_.get(); }
  /// Collects the ended child: its exit status, or 128 + the signal that killed it.
  int collect();

  /// Between hold() and resume() connections are accepted by the kernel but nothing is answered,
  /// like the Arcus server between listen() and its join.
  void hold() const;
  void resume() const;

  /// Kills the child and waits for it.
  void stop();

 private:
  Engine(pid_t pid, Fd exit) : pid_(pid), exit_(std::move(exit)) {}

  static Outcome<Engine> spawn(const std::string& path, std::vector<std::string> words,
                               std::vector<std::string> variables);
  std::optional<Failure> await_listening(int watch, int port);

  pid_t pid_;  ///< -1 = collected
  Fd exit_;
};

}  // namespace arcform::stock
