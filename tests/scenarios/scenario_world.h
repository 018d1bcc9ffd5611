// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/scenarios/scenario_file.h"
#include "tests/sim/invariants.h"
#include "tests/sim/run_loop.h"

namespace arcform::sim {

/// A world that obeys the commands of a scenario, with the rules checked all along.
class ScenarioWorld {
 public:
  /// `folder`: where spec files are looked for.
  explicit ScenarioWorld(std::string folder) : folder_(std::move(folder)) {}

  /// What the command prints. Throws std::runtime_error on a command that is not understood.
  std::string obey(const Command& command);

 private:
  using Words = std::vector<std::string>;
  std::string spec(const Words& words, const std::vector<std::string>& body);
  std::string plan(const Words& words);
  std::string apply(const Words& words);
  void kill_leader();
  std::string status();
  std::string effects() const;
  /// What people and faults do to the world; nothing to print. False: no such command.
  bool disturb(const Words& words, const std::vector<std::string>& body);
  bool disturb_host(const Words& words, const std::vector<std::string>& body);

  std::string folder_;
  std::deque<DesiredState> specs_;  ///< the last one counts
  std::unique_ptr<SimWorld> world_;
  std::unique_ptr<Invariants> invariants_;
  std::size_t log_from_ = 0;  ///< of the last command that changed something
};

}  // namespace arcform::sim
