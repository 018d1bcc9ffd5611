// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/reconcile.h"
#include "model/facts.h"

namespace arcform {

/// A plan that was made before, and what it relies on.
struct PlanToApply {
  const Plan& plan;
  const PlanFacts& facts;
};

/// How that ended; `result.last` has the last observation and what is left to do.
struct SavedResult {
  ReconcileResult result;
  std::vector<MovedFact> moved;  ///< why nothing was done
};

/// Takes the lock, observes again, and compares every fact that the steps rely on: when one has
/// moved nothing is done (stale), when one cannot be seen neither (unknown). Then performs exactly
/// these steps but for those that are paused, once, and looks whether the world is as desired
/// (converged) or there is more to do (pending). `confirm` is asked before the first step, with the
/// saved plan.
Awaitable<SavedResult> apply_saved(ApplyContext& context, Policy policy, PlanToApply saved,
                                   std::function<bool(const Round&)> confirm,
                                   std::chrono::milliseconds timeout);

}  // namespace arcform
