// SPDX-License-Identifier: Apache-2.0
#include "model/key_shares.h"
#include "model/render_formats.h"
#include "specs/plan_file.h"

namespace arcform {
namespace {

std::uint32_t per_million(Ring::Share share) {
  return static_cast<std::uint32_t>(share * 1'000'000 / Ring::kWhole);
}

}  // namespace

SavedPlan make_saved(std::string spec_text, DesiredState desired, const ObservedState& observed,
                     Plan plan, Policy policy) {
  SavedPlan saved;
  saved.facts = facts_of(plan, desired, observed);
  saved.summary = plan_summary(plan, desired, observed);
  const KeyShares shares = key_shares(plan, observed);
  for (const Ring::Share share : shares.of_step) {
    saved.step_keys.push_back(per_million(share));
  }
  saved.step_keys.resize(plan.steps.size());
  for (const auto& [code, share] : shares.remapped) {
    saved.remapped[code] = per_million(share);
  }
  saved.spec_text = std::move(spec_text);
  saved.desired = std::move(desired);
  saved.policy = std::move(policy);
  saved.plan = std::move(plan);
  return saved;
}

}  // namespace arcform
