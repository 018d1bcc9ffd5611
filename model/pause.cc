// SPDX-License-Identifier: Apache-2.0
#include "model/pause.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "model/plan_builder.h"

namespace arcform {
namespace {

constexpr std::string_view kCloud = "cloud:";
constexpr std::string_view kHost = "host:";
constexpr std::string_view kNode = "node:";

}  // namespace

bool is_pause_scope(std::string_view scope) {
  if (scope == "all") {
    return true;
  }
  if (scope.starts_with(kCloud)) {
    return is_service_code(scope.substr(kCloud.size()));
  }
  if (scope.starts_with(kHost)) {
    return is_host_name(scope.substr(kHost.size()));
  }
  return scope.starts_with(kNode) && Endpoint::parse(scope.substr(kNode.size())).has_value();
}

bool covers(const Pause& pause, const Action& action) {
  const std::string_view scope = pause.scope;
  if (scope == "all") {
    return true;
  }
  if (scope.starts_with(kCloud)) {
    return cloud_of(action) == scope.substr(kCloud.size());
  }
  if (scope.starts_with(kHost)) {
    return host_of(action) == scope.substr(kHost.size());
  }
  return subject(action) == scope.substr(kNode.size());
}

std::string why_paused(const Pause& pause) {
  const std::string until = pause.until.empty() ? "" : " until " + printable(pause.until, 40);
  return fmt::format("paused{} by {}: {}; \"arcform resume {}\" ends it", until,
                     printable(pause.by, 120), printable(pause.reason, 200), pause.scope);
}

std::vector<Pause> holding(const std::vector<Pause>& pauses, const std::string& now,
                           const std::string& spec_digest) {
  std::vector<Pause> out;
  for (const Pause& pause : pauses) {
    const bool holds = pause.until.empty() ? pause.spec_digest == spec_digest : pause.until > now;
    if (holds) {
      out.push_back(pause);
    }
  }
  return out;
}

Plan without_steps(Plan plan, std::vector<bool>& leave_out) {
  std::vector<StepId> renumbered(plan.steps.size(), 0);
  std::vector<Step> kept;
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    Step& step = plan.steps[id];
    leave_out[id] =
        leave_out[id] || std::any_of(step.after.begin(), step.after.end(),
                                     [&leave_out](StepId before) { return leave_out[before]; });
    if (leave_out[id]) {
      continue;
    }
    std::vector<StepId> after = step.after;
    for (StepId& before : after) {
      before = renumbered[before];
    }
    step.after = std::move(after);
    renumbered[id] = static_cast<StepId>(kept.size());
    kept.push_back(std::move(step));
  }
  plan.steps = std::move(kept);
  return plan;
}

Plan hold_paused(Plan plan, const std::vector<Pause>& pauses, const DesiredState& desired) {
  if (pauses.empty() || plan.steps.empty()) {
    return plan;
  }
  std::vector<bool> leave_out(plan.steps.size(), false);
  std::vector<Held> held;
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    const Step& step = plan.steps[id];
    const auto found = std::find_if(pauses.begin(), pauses.end(), [&step](const Pause& pause) {
      return covers(pause, step.action);
    });
    const auto before = std::find_if(step.after.begin(), step.after.end(),
                                     [&leave_out](StepId other) { return leave_out[other]; });
    if (found != pauses.end()) {
      held.push_back({Hold::guard, subject(step.action), why_paused(*found), step.at});
    } else if (before != step.after.end()) {
      held.push_back({Hold::guard, subject(step.action),
                      "comes after what is paused: " + describe(plan.steps[*before].action),
                      step.at});
    }
    leave_out[id] = found != pauses.end() || before != step.after.end();
  }
  plan = without_steps(std::move(plan), leave_out);
  plan.impact = impact_of(desired, plan.steps);
  plan.held.insert(plan.held.end(), held.begin(), held.end());
  std::stable_sort(plan.held.begin(), plan.held.end(), [](const Held& a, const Held& b) {
    return std::tie(a.hold, a.subject) < std::tie(b.hold, b.subject);
  });
  return plan;
}

}  // namespace arcform
