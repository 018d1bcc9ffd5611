// SPDX-License-Identifier: Apache-2.0
#include "controller/reconcile.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "controller/perform.h"
#include "controller/round_parts.h"
#include "model/pause.h"

namespace arcform {
namespace {

/// A step that failed this often is not tried again in the same run.
constexpr int kTriesMax = 2;

/// An answer that took longer is to a plan that may be out of date.
constexpr std::chrono::seconds kLate{5};

/// A step that was done this often and is planned again does not do what it should.
constexpr int kRepeatsMax = 5;

/// What has been tried so far in one run, over its rounds; by description of the action.
struct Attempts {
  std::map<std::string, int> failed;
  std::map<std::string, int> done;

  void note(const Plan& plan, const ApplyResult& result) {
    for (StepId id = 0; id < plan.steps.size(); ++id) {
      const std::string what = describe(plan.steps[id].action);
      if (result.steps[id].state == StepOutcome::State::done) {
        ++done[what];
      } else if (result.steps[id].state == StepOutcome::State::failed) {
        const bool again = advice(result.steps[id].error.code) != Advice::stop;
        failed[what] += again ? 1 : kTriesMax;
      }
    }
  }
  bool repeats(const Step& step) const {
    const auto found = done.find(describe(step.action));
    return found != done.end() && found->second >= kRepeatsMax;
  }
  bool given_up(const Step& step) const {
    const auto found = failed.find(describe(step.action));
    return (found != failed.end() && found->second >= kTriesMax) || repeats(step);
  }
};

/// The plan without steps that were given up and what comes after them.
Plan without_given_up(Plan plan, const Attempts& attempts) {
  std::vector<bool> given_up;
  for (const Step& step : plan.steps) {
    given_up.push_back(attempts.given_up(step));
  }
  return without_steps(std::move(plan), given_up);
}

}  // namespace

void note_failures(const Plan& plan, const ApplyResult& result, ReconcileResult& out) {
  out.failures.clear();
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    if (result.steps[id].state == StepOutcome::State::failed) {
      out.failures.push_back(describe(plan.steps[id].action) + ": " +
                             result.steps[id].error.message);
    }
  }
  out.steps_done += result.count(StepOutcome::State::done);
}

namespace {

void note_repeats(const Plan& plan, const Attempts& attempts, ReconcileResult& out) {
  for (const Step& step : plan.steps) {
    if (attempts.repeats(step)) {
      out.failures.push_back(
          fmt::format("{}: done {} times, and it is still needed ({}); something undoes it, or it "
                      "has no effect",
                      describe(step.action), kRepeatsMax, step.reason));
    }
  }
}

}  // namespace

Outcome outcome_of(const Plan& plan) {
  if (plan.converged()) {
    return Outcome::converged;
  }
  if (!plan.steps.empty()) {
    return Outcome::failed;
  }
  if (plan.holds(Hold::unknown)) {
    return Outcome::unknown;
  }
  return Outcome::blocked;
}

Outcome outcome_without_lock(const ApplyContext& context, const Error& error) {
  if (error.code != ErrorCode::already_exists) {
    return Outcome::failed;
  }
  return context.interrupted ? Outcome::interrupted : Outcome::lock_held;
}

bool only_waits(const Plan& plan) {
  return plan.steps.empty() && !plan.held.empty() &&
         std::all_of(plan.held.begin(), plan.held.end(),
                     [](const Held& held) { return held.hold == Hold::waiting; });
}

namespace {

Awaitable<Result<void>> record(ApplyContext& context, const Round& round) {
  const TreeFacts* const tree = round.observed.tree.get();
  if (tree == nullptr || round.plan.hidden > 0 ||
      tree->record.spec_digest == context.desired.digest ||
      context.desired.ensemble.state == RunState::stopped) {
    co_return Result<void>();
  }
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  auto recorded = co_await record_applied(context, **lock);
  co_return recorded;
}

}  // namespace

Awaitable<void> record_converged(ApplyContext& context, ReconcileResult& out) {
  const Result<void> recorded = co_await record(context, out.last);
  out.error = recorded ? "" : recorded.error().message;
  out.outcome = recorded ? Outcome::converged : outcome_without_lock(context, recorded.error());
}

namespace {

void take_notes(ApplyContext& context, const Round& round) {
  if (const TreeFacts* const tree = round.observed.tree.get()) {
    context.revision = tree->record.revision;
    context.in_use.clear();
    for (const auto& [code, cloud] : tree->clouds) {
      if (!cloud.joined.empty()) {
        context.in_use.insert(code);
      }
    }
    for (const auto& [name, record] : tree->record.hosts) {
      context.other_hosts[name] = access_of(record, context.desired);
    }
  }
}

}  // namespace

Awaitable<Round> look_to_act(ApplyContext& context, Policy policy) {
  Round round =
      co_await look(context.world.reading(), context.session, context.desired, std::move(policy));
  const bool ours = context.lock != nullptr && context.lock->is_on(context.session.live()) &&
                    context.lock->alive();
  if (!ours) {
    context.lock.reset();  // Its session is over, or somebody else has taken it.
  }
  take_notes(context, round);
  co_return std::move(round);
}

namespace {

/// Takes the lock before the first step where an ensemble serves. False: somebody has applied since
/// the observation, so the plan is stale.
Awaitable<Result<bool>> lock_for(ApplyContext& context, const Round& round) {
  const TreeFacts* const tree = round.observed.tree.get();
  if (tree == nullptr || context.lock != nullptr) {
    co_return true;
  }
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  // Whoever held the lock then may have changed anything since, under the epoch that was seen.
  const std::string& then = tree->record.lock_holder;
  const bool undisturbed = then.empty() || then == context.holder;
  const std::int32_t seen = tree->record.epoch_version;
  co_return undisturbed && (*lock)->epoch_version() == std::max(seen, 0) + 1;
}

}  // namespace

Confirmation ask(ApplyContext& context, const std::function<bool(const Round&)>& confirm,
                 const Round& round) {
  const Time shown = context.world.clock.now();
  const bool yes = confirm(round);
  const Time thought = context.world.clock.now() - shown;
  context.deadline += thought;
  return {yes, thought > Time(kLate)};
}

Awaitable<void> release(ApplyContext& context) {
  if (context.lock != nullptr && context.lock->alive()) {
    const Result<void> released = co_await context.lock->release();
    if (!released) {
      context.progress.waiting("the lock could not be given back: " + released.error().message);
    }
  }
  context.lock.reset();
}

namespace {

/// What somebody said yes to.
struct Consent {
  Plan to;             ///< but it has not begun: the world had to be looked at once more
  bool begun = false;  ///< whoever said yes to the first round said it to all of them

  /// The same is done, and the same is left alone. Reasons may have other numbers by now.
  bool covers(const Plan& plan) const {
    return std::equal(plan.steps.begin(), plan.steps.end(), to.steps.begin(), to.steps.end(),
                      [](const Step& a, const Step& b) { return a.action == b.action; }) &&
           std::equal(plan.held.begin(), plan.held.end(), to.held.begin(), to.held.end(),
                      [](const Held& a, const Held& b) {
                        return a.hold == b.hold && a.subject == b.subject;
                      });
  }
};

/// What follows when there is something to do.
enum class Next { run, look_again, end };

/// Gets the consent and the lock that `todo` needs. Where the world may have moved since the look,
/// it is looked at again, and what is the same then needs no second yes.
Awaitable<Next> get_ready(ApplyContext& context, const ReconcileHooks& hooks, const Plan& todo,
                          Consent& consent, ReconcileResult& out) {
  Confirmation answer{true, false};
  if (consent.begun) {
    hooks.replanned(out.last);
  } else if (!consent.covers(todo)) {
    co_await release(context);  // Nobody has to wait for somebody who thinks.
    answer = ask(context, hooks.confirm, out.last);
  }
  if (!answer.yes) {
    out.outcome = context.interrupted ? Outcome::interrupted : Outcome::declined;
    co_return Next::end;
  }
  const Result<bool> fresh = co_await lock_for(context, out.last);
  if (!fresh) {
    out.error = fresh.error().message;
    out.outcome = outcome_without_lock(context, fresh.error());
    co_return Next::end;
  }
  const bool moved = answer.late || !*fresh;
  consent = moved ? Consent{todo, false} : Consent{{}, true};
  co_return moved ? Next::look_again : Next::run;
}

/// Whether the run of a plan is the last one.
bool ends(const ApplyResult& result, ReconcileResult& out) {
  if (result.lock_held) {
    out.error = out.failures.empty() ? "" : out.failures.front();
    out.outcome = Outcome::lock_held;
    return true;
  }
  if (result.count(StepOutcome::State::later) > 0) {
    out.outcome = Outcome::interrupted;
    return true;
  }
  return false;
}

/// The loop behind reconcile(), without the lock's release.
Awaitable<void> run_rounds(ApplyContext& context, Policy policy, ReconcileHooks hooks,
                           ReconcileResult& out) {
  Attempts attempts;
  Consent consent;
  while (true) {
    out.last = co_await look_to_act(context, policy);
    Plan todo = without_given_up(out.last.plan, attempts);
    if (hooks.narrow) {
      todo = hooks.narrow(out.last, std::move(todo));
    }
    if (context.interrupted) {
      out.outcome = Outcome::interrupted;
      co_return;
    }
    if (todo.steps.empty() && !(hooks.waits && only_waits(out.last.plan))) {
      out.outcome = outcome_of(out.last.plan);
      note_repeats(out.last.plan, attempts, out);
      if (out.outcome == Outcome::converged && (!hooks.may_record || hooks.may_record())) {
        co_await record_converged(context, out);
      }
      co_return;
    }
    if (context.world.clock.now() >= context.deadline) {
      out.outcome = Outcome::timed_out;
      co_return;
    }
    if (todo.steps.empty()) {  // What is under way by itself is looked at again.
      context.progress.waiting(out.last.plan.held.front().subject + ": " +
                               out.last.plan.held.front().reason);
      co_await context.world.clock.wait_until(context.world.clock.now() + std::chrono::seconds(1));
      continue;
    }
    const Next next = co_await get_ready(context, hooks, todo, consent, out);
    if (next == Next::end) {
      co_return;
    }
    if (next == Next::look_again) {
      continue;
    }
    const ApplyResult result = co_await apply(context, todo);
    note_failures(todo, result, out);
    attempts.note(todo, result);
    if (ends(result, out)) {
      co_return;
    }
  }
}

}  // namespace

Awaitable<Round> look(ReadWorld world, EnsembleSession& session, const DesiredState& desired,
                      Policy policy) {
  const Time begun = world.clock.now();
  Round round;
  round.observed = co_await observe(world, session, desired, ObservePatience{});
  round.took = world.clock.now() - begun;
  std::vector<Pause> pauses;
  if (round.observed.tree.is_present()) {
    DeploymentRecord& record = round.observed.tree.value().record;
    record.pauses = holding(record.pauses, world.clock.timestamp(), desired.digest);
    std::copy_if(record.pauses.begin(), record.pauses.end(), std::back_inserter(pauses),
                 [](const Pause& pause) { return !pause.until.empty(); });
  }
  round.plan = hold_paused(plan(desired, round.observed, policy), pauses, desired);
  co_return round;
}

Awaitable<ReconcileResult> reconcile(ApplyContext& context, Policy policy, ReconcileHooks hooks,
                                     std::chrono::milliseconds timeout) {
  context.allow_removal = policy.allow_removal;
  ReconcileResult out;
  context.deadline = context.world.clock.now() + timeout;
  co_await run_rounds(context, std::move(policy), std::move(hooks), out);
  co_await release(context);
  co_return out;
}

}  // namespace arcform
