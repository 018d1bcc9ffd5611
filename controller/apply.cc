// SPDX-License-Identifier: Apache-2.0
#include "controller/apply.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/perform.h"

namespace arcform {
namespace {

/// One run of a plan.
struct Run {
  ApplyContext& context;
  const Plan& plan;
  ApplyResult result;
  std::vector<std::size_t> open;               ///< how many steps each one still waits for
  std::vector<std::vector<StepId>> followers;  ///< who waits for a step
  TaskGroup tasks;

  Run(ApplyContext& context_in, const Plan& plan_in)
      : context(context_in),
        plan(plan_in),
        open(plan_in.steps.size()),
        followers(plan_in.steps.size()),
        tasks(context_in.world.loop, context_in.parallel) {}
};

Awaitable<void> run_step(Run& run, StepId id);

/// The session timeout of the cloud's nodes: how long after a join the others scrub moved keys.
std::chrono::seconds settle_time(const DesiredState& desired, const std::string& code) {
  std::uint16_t longest = 0;
  if (const DesiredCloud* const cloud = desired.cloud(code)) {
    for (const DesiredNode& node : cloud->nodes) {
      longest = std::max(longest, node.config.session_timeout_s);
    }
  }
  return std::chrono::seconds(longest);
}

/// Why no further step may start; empty: it may.
std::string why_not(const Run& run) {
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

/// Keeps ring changes of a cloud in use apart.
Awaitable<void> settle(Run& run, const Step& step) {
  const std::string code = cloud_of(step.action);
  bool told = false;
  while (why_not(run).empty()) {
    const auto last = run.context.last_ring_change.find(code);
    if (last == run.context.last_ring_change.end()) {
      co_return;
    }
    const Time ready = last->second + settle_time(run.context.desired, code);
    const Time now = run.context.world.clock.now();
    if (now >= ready) {
      co_return;
    }
    if (!told) {
      run.context.progress.waiting(
          fmt::format("cloud {} settles for {:.0f} s before its next node is touched", code,
                      std::chrono::duration<double>(ready - now).count()));
      told = true;
    }
    co_await run.context.world.clock.wait_until(
        std::min(ready, now + std::chrono::nanoseconds(std::chrono::seconds(1))));
  }
}

/// A node that is up and that the step takes down counts against the cloud's budget until the step
/// has ended well: whatever failed half way may have left it down.
bool takes_node_down(const Action& action) {
  const auto* const restart = std::get_if<RestartNode>(&action);
  return restart != nullptr && !restart->paused;
}

bool changes_ring(const Action& action) {
  return std::holds_alternative<StartNode>(action) || std::holds_alternative<StopNode>(action) ||
         std::holds_alternative<RestartNode>(action);
}

/// Refuses a step that would take down more nodes than the rollout allows. The planner orders
/// steps so that this never happens; it is checked apart from it.
Result<void> take_budget(ApplyContext& context, const Action& action) {
  if (!takes_node_down(action)) {
    return {};
  }
  const std::string code = cloud_of(action);
  const DesiredCloud* const cloud = context.desired.cloud(code);
  const std::size_t most = cloud == nullptr ? 1 : std::max(1U, cloud->rollout.max_unavailable);
  if (context.taken_down[code] >= most) {
    return Error{
        ErrorCode::failed_precondition,
        fmt::format("{} nodes of cloud {} are down because of us, and maxUnavailable is {}",
                    context.taken_down[code], code, most)};
  }
  ++context.taken_down[code];
  return {};
}

void step_ended(Run& run, StepId id, const Result<void>& result, Time took) {
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

Awaitable<void> run_step(Run& run, StepId id) {
  const Step& step = run.plan.steps[id];
  if (step.settle) {
    co_await settle(run, step);
  }
  if (!why_not(run).empty()) {
    co_return;
  }
  const Time begun = run.context.world.clock.now();
  run.context.progress.step_started(run.plan, id);
  Result<void> result = take_budget(run.context, step.action);
  if (result) {
    result = co_await perform(run.context, step.action);
    if (result && takes_node_down(step.action)) {
      --run.context.taken_down[cloud_of(step.action)];
    }
  }
  const Time now = run.context.world.clock.now();
  if (changes_ring(step.action)) {
    run.context.last_ring_change[cloud_of(step.action)] = now;
  }
  step_ended(run, id, result, now - begun);
}

/// Tells of the steps that were never started, once each, with the reason.
void tell_skipped(Run& run) {
  const std::string general = why_not(run);
  for (StepId id = 0; id < run.plan.steps.size(); ++id) {
    if (run.result.steps[id].state != StepOutcome::State::skipped) {
      continue;
    }
    std::string why = general;
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

Awaitable<ApplyResult> apply(ApplyContext& context, const Plan& plan) {
  context.plan = &plan;
  context.taken_down.clear();
  Run run(context, plan);
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
  tell_skipped(run);
  context.plan = nullptr;
  co_return std::move(run.result);
}

}  // namespace arcform
