// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "controller/apply.h"
#include "controller/observe.h"

namespace arcform {

/// How reconciling ended.
enum class Outcome {
  converged,    ///< observed equals desired
  declined,     ///< the person said no, or nobody was there to ask
  blocked,      ///< a guard, something foreign or something unsupported is in the way
  failed,       ///< steps failed, and repeating them would fail again
  unknown,      ///< done as far as could be observed
  lock_held,    ///< another apply holds the deployment's lock
  timed_out,    ///< not converged in time
  interrupted,  ///< stopped at a safe point on request, also for another look (look_by)
  stale,        ///< a saved plan, and what it relies on has moved
  pending,      ///< a saved plan is done, and there is more to do than it says
};

/// One observation and the plan for it.
struct Round {
  ObservedState observed;
  Plan plan;
  Time took{};  ///< of the observation
};

/// What an apply asks and tells its user, besides the progress of steps.
struct ReconcileHooks {
  /// The plan of the first round; false: do not do it. Called only when there is something to do,
  /// and again when something else is to be done once it was said yes.
  std::function<bool(const Round&)> confirm;
  /// Every later round's plan, before it is run.
  std::function<void(const Round&)> replanned;
  /// What of a round's plan may be done now; not set: all of it. Called in every round.
  std::function<Plan(const Round&, Plan)> narrow;
  /// Whether it may be recorded that the spec is applied; not set: yes.
  std::function<bool()> may_record;
  /// Waits for what is under way by itself; false: ends instead.
  bool waits = true;
};

/// How the whole run ended, and in what state the world was last seen.
struct ReconcileResult {
  Outcome outcome = Outcome::converged;
  Round last;
  std::size_t steps_done = 0;
  std::vector<std::string> failures;  ///< "what: why", of the last pass
  std::string error;                  ///< of the lock, when that is what ended it
};

/// Observes and plans; changes nothing.
Awaitable<Round> look(ReadWorld world, EnsembleSession& session, const DesiredState& desired,
                      Policy policy);

/// Observes, plans and applies, round after round, until observed equals desired, nothing more can
/// be done, or `timeout` has passed. The file to read first: everything else serves this loop.
Awaitable<ReconcileResult> reconcile(ApplyContext& context, Policy policy, ReconcileHooks hooks,
                                     std::chrono::milliseconds timeout);

}  // namespace arcform
