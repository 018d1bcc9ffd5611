// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "model/render_formats.h"

namespace arcform {
namespace {

/// A text inside the quotes of a DOT string. Only the quote and the backslash mean anything there.
std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  }
  return out;
}

const char* colour_of(const Step& step) {
  switch (disruption(step.action)) {
    case Disruption::none:
      return "black";
    case Disruption::keys_remapped:
      return "blue";
    case Disruption::cache_loss:
      return "orange";
    case Disruption::cloud_gone:
      return "red";
  }
  return "black";
}

}  // namespace

std::string render_dot(const Plan& plan, const DesiredState& desired) {
  std::string out = fmt::format(
      "digraph plan {{\n  label=\"{}\";\n  rankdir=LR;\n  node [shape=box, fontname=monospace];\n",
      quoted(desired.deployment));
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    const Step& step = plan.steps[id];
    out += fmt::format("  s{} [label=\"{} {}\\n{}\", color={}];\n", id,
                       step.repair ? "!" : symbol(step.action), quoted(describe(step.action)),
                       quoted(step.reason), colour_of(step));
  }
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    for (const StepId before : plan.steps[id].after) {
      out += fmt::format("  s{} -> s{};\n", before, id);
    }
  }
  return out + "}\n";
}

}  // namespace arcform
