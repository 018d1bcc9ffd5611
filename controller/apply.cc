// SPDX-License-Identifier: Apache-2.0
#include "controller/apply.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/pause_guard.h"
#include "controller/perform.h"

namespace arcform {
namespace {

/// One run of a plan.
struct PlanRun {
  ApplyContext& context;
  const Plan& plan;
  ApplyResult result;
  std::vector<std::size_t> open;               ///< how many steps each one still waits for
  std::vector<std::vector<StepId>> followers;  ///< who waits for a step
  PauseGuard pauses;
  TaskGroup tasks;

  PlanRun(ApplyContext& context_in, const Plan& plan_in)
      : context(context_in),
        plan(plan_in),
        open(plan_in.steps.size()),
        followers(plan_in.steps.size()),
        pauses(context_in),
        tasks(context_in.world.loop, context_in.parallel) {}
};

Awaitable<void> run_step(PlanRun& run, StepId id);

/// Why no further step may start; empty: it may.
std::string why_not(const PlanRun& run) {
  if (run.context.interrupted) {
    return "interrupted";
  }
  if (run.context.world.clock.now() >= run.context.deadline) {
    return "the time of --timeout is up";
  }
  if (run.result.lock_held) {
    return "another apply holds the lock";
  }
  if (run.context.lock != nullptr && !run.context.lock->alive()) {
    return "the lock's ZooKeeper session is lost";
  }
  return "";
}

bool changes_ring(const Action& action) {
  return std::holds_alternative<StartNode>(action) || std::holds_alternative<StopNode>(action) ||
         std::holds_alternative<RestartNode>(action);
}

void step_ended(PlanRun& run, StepId id, const Result<void>& result, Time took) {
  StepOutcome& outcome = run.result.steps[id];
  if (result) {
    outcome.state = StepOutcome::State::done;
    run.context.progress.step_done(run.plan, id, took);
    for (const StepId next : run.followers[id]) {
      if (--run.open[next] == 0) {
        run.tasks.spawn(run_step(run, next));
      }
    }
    return;
  }
  outcome.state = StepOutcome::State::failed;
  outcome.error = result.error();
  run.result.lock_held |= run.context.lock == nullptr &&
                          result.error().code == ErrorCode::already_exists &&
                          host_of(run.plan.steps[id].action).empty();
  run.context.progress.step_failed(run.plan, id, result.error());
}

/// Performs a step whose turn it is, and keeps in ZooKeeper what the next run must know of it.
Awaitable<Result<void>> perform_kept(PlanRun& run, const Step& step) {
  ApplyContext& context = run.context;
  const bool ring = changes_ring(step.action);
  Result<void> result;
  if (ring) {
    result = co_await context.rollouts.begin(context, step);
  }
  const bool begun = result.has_value();
  if (begun) {
    result = co_await perform(context, step.action);
  }
  if (ring && begun) {
    context.last_ring_change[cloud_of(step.action)] = context.world.clock.now();
    co_await context.rollouts.end(context, step, result.has_value());
  }
  co_return result;
}

Awaitable<void> run_step(PlanRun& run, StepId id) {
  const Step& step = run.plan.steps[id];
  const Rollouts::WhyNot stopped = [&run] { return why_not(run); };
  const auto turn = co_await run.context.rollouts.await_turn(run.context, step, stopped);
  if (!why_not(run).empty()) {
    co_return;
  }
  if (!turn) {
    step_ended(run, id, turn.error(), Time{0});
    co_return;
  }
  if (*turn == Rollouts::Turn::later) {
    run.result.steps[id].state = StepOutcome::State::later;
    co_return;
  }
  const Result<std::string> paused = co_await run.pauses.why_not(step.action);
  if (!paused) {
    step_ended(run, id, paused.error(), Time{0});
    co_return;
  }
  run.result.steps[id].paused = *paused;
  if (!paused->empty() || !why_not(run).empty()) {
    co_return;
  }
  const Time begun = run.context.world.clock.now();
  run.context.progress.step_started(run.plan, id);
  const Result<void> result = co_await perform_kept(run, step);
  step_ended(run, id, result, run.context.world.clock.now() - begun);
}

/// What comes after a step that is left for later is left for later too: nobody is told of it.
void leave_followers(PlanRun& run) {
  using State = StepOutcome::State;
  for (StepId id = 0; id < run.plan.steps.size(); ++id) {
    const auto& after = run.plan.steps[id].after;
    if (run.result.steps[id].state == State::skipped &&
        std::any_of(after.begin(), after.end(), [&run](StepId before) {
          return run.result.steps[before].state == State::later;
        })) {
      run.result.steps[id].state = State::later;
    }
  }
}

/// Tells of the steps that were never started, once each, with the reason.
void tell_skipped(PlanRun& run) {
  const std::string general = why_not(run);
  for (StepId id = 0; id < run.plan.steps.size(); ++id) {
    if (run.result.steps[id].state != StepOutcome::State::skipped) {
      continue;
    }
    std::string why = general.empty() ? run.result.steps[id].paused : general;
    for (const StepId before : run.plan.steps[id].after) {
      if (run.result.steps[before].state != StepOutcome::State::done && why.empty()) {
        why = "comes after: " + describe(run.plan.steps[before].action);
      }
    }
    run.context.progress.step_skipped(run.plan, id, why);
  }
}

}  // namespace

std::size_t ApplyResult::count(StepOutcome::State state) const {
  return static_cast<std::size_t>(
      std::count_if(steps.begin(), steps.end(),
                    [state](const StepOutcome& outcome) { return outcome.state == state; }));
}

bool ApplyResult::only_paused() const {
  return !lock_held && !interrupted && count(StepOutcome::State::failed) == 0 &&
         std::any_of(steps.begin(), steps.end(),
                     [](const StepOutcome& outcome) { return !outcome.paused.empty(); });
}

Awaitable<ApplyResult> apply(ApplyContext& context, const Plan& plan) {
  context.plan = &plan;
  PlanRun run(context, plan);
  run.result.steps.resize(plan.steps.size());
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    run.open[id] = plan.steps[id].after.size();
    for (const StepId before : plan.steps[id].after) {
      run.followers[before].push_back(id);
    }
  }
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    if (plan.steps[id].after.empty()) {
      run.tasks.spawn(run_step(run, id));
    }
  }
  co_await run.tasks.join();
  run.result.interrupted = context.interrupted;
  leave_followers(run);
  tell_skipped(run);
  context.plan = nullptr;
  co_return std::move(run.result);
}

}  // namespace arcform
