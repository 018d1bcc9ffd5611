// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "model/desired.h"
#include "model/diff.h"
#include "model/observed.h"
#include "model/plan.h"

namespace arcform {

/// How text for people is written.
struct RenderOptions {
  std::string elapsed;    ///< how long observing took, ready to print: "0.2 s"; empty: not shown
  bool colour = false;    ///< ANSI colours; they never say anything that no word or sign says
  bool full = false;      ///< long lists whole, not their first hundred lines
  std::size_t width = 0;  ///< columns of the terminal; 0: lines are never broken
  std::vector<std::string> clouds{};  ///< status: only these; empty: all
};

/// The plan as a person reads it: what was observed, alarms, each step with its reason, its cost to
/// the clients and the line of the spec that asked for it, what is held back and why, a summary.
/// Ends with a newline. Text from hosts and znodes is made harmless (see `printable`). Pure.
std::string render_plan(const Plan& plan, const DesiredState& desired,
                        const ObservedState& observed, const RenderOptions& options);

/// What is there, by all witnesses: one verdict in the first line, the ensemble's servers, every
/// cloud with its nodes, what could not be observed. Pure.
std::string render_status(const DesiredState& desired, const ObservedState& observed,
                          const RenderOptions& options);

/// The differences that a plan leaves alone, one line each: a sign, the subject, the kind in words
/// and why. Empty for none.
std::string render_held(const std::vector<Held>& held, const DesiredState& desired,
                        const RenderOptions& options);

/// " 4 changes hidden by --only.", or empty.
std::string render_hidden(const Plan& plan);

/// One line without its newline, for progress: "start cache node 10.0.0.1:11211 on cache001.arcus".
std::string render_step_line(const Step& step);

}  // namespace arcform
