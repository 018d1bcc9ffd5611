// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "model/plan.h"

/// How the steps of a plan are shown together; only model/ uses it.
namespace arcform {

/// Steps that stand under one heading, in the order of the plan.
struct Group {
  std::string heading;
  std::vector<const Step*> steps;
};

/// One group per cloud, one for the ensemble, one for the rest, by their first step. The plan must
/// outlive them.
std::vector<Group> groups_of(const Plan& plan, const DesiredState& desired);

}  // namespace arcform
