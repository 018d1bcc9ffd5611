// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "model/adoption.h"
#include "model/plan_builder.h"

namespace arcform {

/// The steps that take over what runs: they come first, and whatever works on one of their subjects
/// comes after its own. Only model/ uses it.
class AdoptionSteps {
 public:
  /// The builder must hold no step yet.
  void plan(const Adoption& adoption, PlanBuilder& builder);
  /// Once all other steps are planned.
  void put_first(PlanBuilder& builder) const;

 private:
  std::map<int, StepId> servers_;
  std::map<std::string, StepId> clouds_;
  std::map<Endpoint, StepId> nodes_;
};

}  // namespace arcform
