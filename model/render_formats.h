// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "model/render.h"

/// The other forms of a plan, and the parts that they share with its text.
namespace arcform {

/// Steps under one heading, as render_plan shows them: aligned, not indented, without colour.
struct StepGroup {
  std::string heading;
  std::vector<std::string> lines;
};
std::vector<StepGroup> step_groups(const Plan& plan, const DesiredState& desired,
                                   const ObservedState& observed);

/// "2 unknown, 1 refused"
std::string held_words(const std::vector<Held>& held);

/// "Plan: 1 to start.", and what it does to each cloud; without a newline at its end.
std::string plan_summary(const Plan& plan, const DesiredState& desired,
                         const ObservedState& observed);

/// Bytes of a comment: GitHub takes 65,536 characters.
inline constexpr std::size_t kMarkdownMax = 60'000;
/// Begins every comment and is not shown: bots find theirs by it and update it.
inline constexpr const char* kMarkdownMarker = "<!-- arcform-plan -->";

/// The plan as a comment for a review: the marker (it also names the deployment), a verdict, counts
/// per cloud, the steps folded away. Less than kMarkdownMax bytes; what had to be cut is said.
/// Everything from outside is escaped. `note`: where the observation comes from, or empty. Pure.
std::string render_markdown(const Plan& plan, const DesiredState& desired,
                            const ObservedState& observed, const std::string& note);

/// The steps and what they come after, for Graphviz. Pure.
std::string render_dot(const Plan& plan, const DesiredState& desired);

}  // namespace arcform
