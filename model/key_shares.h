// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/plan.h"
#include "model/ring.h"

namespace arcform {

/// What a plan does to the keys of the clouds that are in use.
struct KeyShares {
  /// Per step, what the node that it starts, restarts or stops owns at that moment: what it takes
  /// over, gets back, loses or leaves to the others. 0 for steps that touch no ring.
  std::vector<Ring::Share> of_step;
  /// Per cloud, the keys that belong to another node after the plan than before it.
  std::map<std::string, Ring::Share> remapped;
};

/// Pure. The steps are taken in the order of the plan, from the ring that clients see now: every
/// child of cache_list that is an address, living or not. A cloud nobody has joined yet has no keys
/// to move, and costs nothing here; neither does one whose ring the plan does not touch. Empty
/// where this machine's libcrypto refuses md5.
KeyShares key_shares(const Plan& plan, const ObservedState& observed);

/// "14.3 %"; "less than 0.1 %" for what would be shown as 0.
std::string percent_text(Ring::Share share);

}  // namespace arcform
