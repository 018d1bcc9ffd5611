// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "controller/apply_saved.h"
#include "tests/sim/sim_world.h"

/// The real controller in a simulated world, one process per command as the command line does it: a
/// loop and a ZooKeeper session of its own, closed at the end.
namespace arcform::sim {

/// Thrown to whoever runs a command: its process was killed.
class Crash : public std::exception {
 public:
  const char* what() const noexcept override { return "the controller was killed"; }
};

/// How an apply is run.
struct ApplyRequest {
  Policy policy;
  std::chrono::milliseconds timeout{600'000};
  std::size_t parallel = 32;
  std::uint64_t crash_after = 0;              ///< effects of the world; 0: never
  std::optional<Time> crash_at;               ///< virtual time
  std::optional<Time> interrupt_at;           ///< Ctrl-C
  std::function<bool(const Round&)> confirm;  ///< empty: yes
  std::function<void(const Round&)> planned;  ///< every plan that is about to be run
  std::optional<PlanToApply> saved;           ///< this plan, not what the world asks for
};

/// What an apply did and said.
struct ApplyRun {
  ReconcileResult result;
  std::vector<std::string> lines;  ///< "done: start server 1 on a", "waiting: ..."
  std::vector<MovedFact> moved;    ///< of a saved plan that was stale
};

/// Observes and plans, as `plan` and `status` do.
Round run_look(SimWorld& world, const DesiredState& desired, Policy policy = {});

/// Applies until nothing more can be done. Throws Crash when it was killed: its sessions then live
/// on until they expire, and what its hosts were told to do goes on.
ApplyRun run_apply(SimWorld& world, const DesiredState& desired, ApplyRequest request = {});

/// "converged"
const char* name_of(Outcome outcome);

}  // namespace arcform::sim
