// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <spawn.h>

namespace arcform {

/// Raises how many descriptors we may have open as far as it goes; once, at the beginning. The
/// programs that are started from then on get the limit that there was before: what runs on for
/// long, like a cache node on this machine, must not depend on who started it.
void raise_descriptor_limit();

/// The attributes and file actions of one spawn.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  /// Starts it with these as its standard streams and no other descriptor; `pid` is set. Returns 0
  /// or an errno. Once only.
  int run(const std::vector<std::string>& argv, const std::string& directory, bool own_group,
          int in, int out, int err, pid_t& pid);

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// Runs a program with nothing to read and its output thrown away, blocking for at most `patience`.
void run_briefly(const std::vector<std::string>& argv, std::chrono::milliseconds patience);

}  // namespace arcform
