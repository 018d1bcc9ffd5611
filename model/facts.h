// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/plan.h"

namespace arcform {

/// One thing that was seen and that a step relies on, in words that compare equal only when it is
/// the same: "cache node 10.0.0.1:11211 on a: process" → "pid 12, started at tick 99 of boot ...".
struct Fact {
  std::string subject;
  std::string value;  ///< kUnknownFact: could not be observed
  bool operator==(const Fact&) const = default;
};
inline constexpr const char* kUnknownFact = "unknown";

/// Everything that the steps of a plan rely on.
struct PlanFacts {
  std::vector<Fact> facts;                           ///< sorted by subject, each subject once
  std::vector<std::vector<std::uint32_t>> of_steps;  ///< per step: ascending indices into `facts`
  /// Of the plan as a whole: relied on as soon as it has steps.
  std::vector<std::uint32_t> of_plan;
  bool operator==(const PlanFacts&) const = default;
};

/// What the plan's steps rely on, as observed. Only what belongs to the steps: something else that
/// changes does not change these facts. Pure.
PlanFacts facts_of(const Plan& plan, const DesiredState& desired, const ObservedState& observed);

/// A fact that is not what it was.
struct MovedFact {
  std::string subject;
  std::string before;
  std::string now;
  std::string step;  ///< the first step that relies on it; empty: the plan as a whole
  bool unknown() const { return now == kUnknownFact; }
  bool operator==(const MovedFact&) const = default;
};

/// The facts of `plan` that are different in `observed`, by subject. Pure.
std::vector<MovedFact> moved_facts(const Plan& plan, const PlanFacts& relied_on,
                                   const DesiredState& desired, const ObservedState& observed);

}  // namespace arcform
