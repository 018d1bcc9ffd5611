// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/reconcile.h"

/// What reconcile() and apply_saved() share.
namespace arcform {

/// Nothing can be done any more: why not. Steps that are still in the plan were given up.
Outcome outcome_of(const Plan& plan);
/// What an apply ends with that could not have the lock: somebody interrupted its wait for it,
/// another holds it, or it cannot be had.
Outcome outcome_without_lock(const ApplyContext& context, const Error& error);
/// What is left is under way by itself: look again.
bool only_waits(const Plan& plan);
/// Adds the failed steps of a run to `out`, in place of those of the run before.
void note_failures(const Plan& plan, const ApplyResult& result, ReconcileResult& out);
/// Ends a run whose last look found everything as it should be. A spec that differs from the
/// recorded one only in what it says, not in what is, is recorded too: the record tells which
/// revision holds. Where a selection hides something, nothing is recorded.
Awaitable<void> record_converged(ApplyContext& context, ReconcileResult& out);
/// One look of a run that acts: as look(), and keeps what its steps need to know. A look replaces a
/// session that is over, and a lock that was taken on it goes with it: whoever needs one takes it
/// anew.
Awaitable<Round> look_to_act(ApplyContext& context, Policy policy);
/// What somebody said to a plan.
struct Confirmation {
  bool yes = false;
  bool late = false;  ///< what was shown may not be so any more
};
/// Asks. Thinking takes none of the time that the apply has: its deadline moves.
Confirmation ask(ApplyContext& context, const std::function<bool(const Round&)>& confirm,
                 const Round& round);
/// Gives the lock back.
Awaitable<void> release(ApplyContext& context);

}  // namespace arcform
