// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/facts.h"
#include "model/plan.h"
#include "model/result.h"
#include "specs/provenance.h"

/// A plan as a JSON document: what `plan --out` saves, `plan --format json` prints and `apply FILE`
/// performs. Version 1. It needs no other file: the spec's text is in it.
namespace arcform {

/// What a plan file says.
struct SavedPlan {
  std::string spec_text;
  DesiredState desired;  ///< what `spec_text` says
  std::optional<Provenance> seen;
  Policy policy;
  Plan plan;
  PlanFacts facts;
  std::string summary;                   ///< of the whole plan, in words
  std::vector<std::uint32_t> step_keys;  ///< per step: parts per million of its cloud's keys
  std::map<std::string, std::uint32_t> remapped;  ///< per cloud: the same, from before to after
};

/// Everything that is to be saved of a plan.
SavedPlan make_saved(std::string spec_text, DesiredState desired, const ObservedState& observed,
                     Plan plan, Policy policy);

/// The document; the same values give the same bytes. It holds nothing that is not in the spec or
/// was observed: no secret, no time of day.
std::string write_plan(const SavedPlan& saved);

/// Reads and checks a plan file. Error invalid_argument: cut off, edited, of another version, or no
/// plan at all; the message begins with `file_name` and the position.
Result<SavedPlan> read_plan(std::string_view text, std::string_view file_name);

/// The JSON Schema of the document.
std::string plan_schema();

}  // namespace arcform
