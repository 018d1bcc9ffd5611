// SPDX-License-Identifier: Apache-2.0
#include "controller/apply_saved.h"

#include <algorithm>
#include <iterator>

#include "controller/round_parts.h"
#include "model/pause.h"

namespace arcform {
namespace {

/// One run of apply_saved.
struct SavedRun {
  ApplyContext& context;
  const Policy& policy;
  const PlanToApply& saved;
  SavedResult& out;

  ReconcileResult& result() { return out.result; }
};

/// The plan was made from a tree that could be read, so there must be one to lock.
bool read_tree_before(const PlanFacts& facts) {
  return std::any_of(facts.of_plan.begin(), facts.of_plan.end(), [&facts](std::uint32_t fact) {
    return facts.facts[fact].value != kUnknownFact;
  });
}

/// Whether everything that the plan relies on is still so. False: it ended here.
Awaitable<bool> check(SavedRun& run) {
  run.result().last = co_await look_to_act(run.context, run.policy);
  run.out.moved =
      moved_facts(run.saved.plan, run.saved.facts, run.context.desired, run.result().last.observed);
  if (run.out.moved.empty()) {
    co_return true;
  }
  const bool seen = std::any_of(run.out.moved.begin(), run.out.moved.end(),
                                [](const MovedFact& fact) { return !fact.unknown(); });
  run.result().outcome = seen ? Outcome::stale : Outcome::unknown;
  co_return false;
}

/// The saved plan without what is paused by now.
Plan without_paused(const SavedRun& run) {
  std::vector<Pause> pauses;
  if (const TreeFacts* const tree = run.out.result.last.observed.tree.get()) {
    std::copy_if(tree->record.pauses.begin(), tree->record.pauses.end(), std::back_inserter(pauses),
                 [](const Pause& pause) { return !pause.until.empty(); });
  }
  return hold_paused(run.saved.plan, pauses, run.context.desired);
}

/// It ends here without the lock: another holds it, or it cannot be had. A look says better what is
/// the matter with an ensemble that does not answer any more.
Awaitable<void> end_without_lock(SavedRun& run, Error error) {
  const Outcome outcome = outcome_without_lock(run.context, error);
  if (outcome == Outcome::failed) {
    const bool same = co_await check(run);
    if (!same) {
      co_return;
    }
  }
  run.result().error = error.message;
  run.result().outcome = outcome;
}

/// Takes the lock where there is something to lock, and checks again under it: once more when its
/// session was over by then. False: it ended here.
Awaitable<bool> check_locked(SavedRun& run) {
  const bool lockable = read_tree_before(run.saved.facts);
  while (true) {
    if (lockable) {
      const auto lock = co_await run.context.locked();
      if (!lock) {
        co_await end_without_lock(run, lock.error());
        co_return false;
      }
    }
    const bool fresh = co_await check(run);
    const bool guarded = !lockable || run.context.lock != nullptr;
    if (!fresh || guarded) {
      co_return fresh;
    }
  }
}

/// Looks at what the steps have made, until nothing is under way by itself.
Awaitable<void> conclude(SavedRun& run) {
  run.result().last = co_await look_to_act(run.context, run.policy);
  while (only_waits(run.result().last.plan) && !run.context.interrupted &&
         run.context.world.clock.now() < run.context.deadline) {
    co_await run.context.world.clock.wait_until(run.context.world.clock.now() +
                                                std::chrono::seconds(1));
    run.result().last = co_await look_to_act(run.context, run.policy);
  }
  run.result().outcome = Outcome::pending;
  if (run.result().last.plan.converged()) {
    co_await record_converged(run.context, run.result());
  }
}

Awaitable<void> run_saved(SavedRun& run, std::function<bool(const Round&)> confirm) {
  const bool fresh = co_await check(run);  // Nobody is asked about, or locked out by, a stale plan.
  if (!fresh) {
    co_return;
  }
  Round shown = run.result().last;
  shown.plan = without_paused(run);
  if (!shown.plan.steps.empty()) {
    if (run.context.interrupted) {
      run.result().outcome = Outcome::interrupted;
      co_return;
    }
    if (!ask(run.context, confirm, shown).yes) {  // However late: it is all checked again.
      run.result().outcome = run.context.interrupted ? Outcome::interrupted : Outcome::declined;
      co_return;
    }
    const bool ready = co_await check_locked(run);
    if (!ready) {
      co_return;
    }
    const Plan todo = without_paused(run);
    const ApplyResult applied = co_await apply(run.context, todo);
    note_failures(todo, applied, run.result());
    const bool whole = applied.count(StepOutcome::State::done) == todo.steps.size();
    if (!whole && !applied.only_paused()) {
      const bool late = run.context.world.clock.now() >= run.context.deadline;
      run.result().outcome = applied.lock_held     ? Outcome::lock_held
                             : applied.interrupted ? Outcome::interrupted
                             : applied.count(StepOutcome::State::failed) == 0 && late
                                 ? Outcome::timed_out
                                 : Outcome::failed;
      co_return;
    }
  }
  co_await conclude(run);
}

}  // namespace

Awaitable<SavedResult> apply_saved(ApplyContext& context, Policy policy, PlanToApply saved,
                                   std::function<bool(const Round&)> confirm,
                                   std::chrono::milliseconds timeout) {
  context.allow_removal = policy.allow_removal;
  context.deadline = context.world.clock.now() + timeout;
  SavedResult out;
  SavedRun run{context, policy, saved, out};
  co_await run_saved(run, std::move(confirm));
  co_await release(context);
  co_return out;
}

}  // namespace arcform
