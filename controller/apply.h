// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "controller/apply_context.h"

namespace arcform {

/// How one step ended.
struct StepOutcome {
  enum class State {
    skipped,
    later,  ///< its turn, or that of what it comes after, did not come by ApplyContext::look_by
    done,
    failed,
  };
  State state = State::skipped;
  Error error;         ///< only when failed
  std::string paused;  ///< why it was skipped, when somebody has paused it meanwhile
};

/// How the run of a plan ended, step by step.
struct ApplyResult {
  std::vector<StepOutcome> steps;  ///< as Plan::steps
  bool lock_held = false;          ///< another apply holds the deployment's lock
  bool interrupted = false;

  std::size_t count(StepOutcome::State state) const;
  /// Some steps were skipped for a pause, and nothing else was in the way of any.
  bool only_paused() const;
};

/// Runs the steps of `plan`, each as soon as everything that it comes after is done, at most
/// `context.parallel` at once. A failed step stops what comes after it; the rest goes on. No step
/// starts once `context.interrupted` is set or the lock is lost, nor one that somebody has paused
/// since the plan was made. Looks only at the plan. Steps that change the ring of a cloud in use
/// are kept a session timeout apart, and at most maxUnavailable of its nodes are down because of
/// us, whatever the plan says: see Rollouts.
Awaitable<ApplyResult> apply(ApplyContext& context, const Plan& plan);

}  // namespace arcform
