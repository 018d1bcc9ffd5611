// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "model/plan.h"

namespace arcform {

inline Plan planned(const DesiredState& desired, const ObservedState& observed,
                    std::vector<std::string> allow_removal = {}) {
  return plan(desired, observed, Policy{std::move(allow_removal)});
}

/// What the steps say they do, in the order of the plan.
inline std::vector<std::string> lines(const Plan& plan) {
  std::vector<std::string> out;
  for (const Step& step : plan.steps) {
    out.push_back(describe(step.action));
  }
  return out;
}

/// "refused: cloud c: why" for each thing held back.
inline std::vector<std::string> held(const Plan& plan) {
  std::vector<std::string> out;
  for (const Held& item : plan.held) {
    out.push_back(std::string(name_of(item.hold)) + ": " + item.subject);
  }
  return out;
}

/// Ids of the steps of one kind.
template <class ActionKind>
std::vector<StepId> steps_of(const Plan& plan) {
  std::vector<StepId> out;
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    if (std::holds_alternative<ActionKind>(plan.steps[id].action)) {
      out.push_back(id);
    }
  }
  return out;
}

/// True when `later` cannot start before `earlier` has succeeded, directly or through others.
inline bool waits_for(const Plan& plan, StepId later, StepId earlier) {
  const auto& after = plan.steps[later].after;
  return std::any_of(after.begin(), after.end(),
                     [&](StepId id) { return id == earlier || waits_for(plan, id, earlier); });
}

}  // namespace arcform
