// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>

// rapidcheck's own headers are not clean under our warnings; it is a system include.
#include <rapidcheck.h>

#include "model/desired.h"
#include "model/observed.h"
#include "model/plan.h"

namespace arcform {

/// A spec and the world as it is: an earlier spec's ideal, with things broken in it.
struct Situation {
  DesiredState desired;
  ObservedState truth;     ///< all that is there, even where nobody can see it
  ObservedState observed;  ///< what an observation says of it
  std::string story;       ///< what was done to it, for people
};
std::ostream& operator<<(std::ostream& out, const Situation& situation);

/// A small, valid desired state.
rc::Gen<DesiredState> any_desired();
/// Any situation in which every host answers and every tree can be read.
rc::Gen<Situation> any_situation();
/// The same, seen badly: hosts lost, answers unknown, perhaps no tree.
rc::Gen<Situation> any_clouded_situation();

/// Runs `property` on many situations; the test case fails with rapidcheck's report (which has the
/// shrunk case and the seed) when it does not hold.
bool holds(const std::string& what, const std::function<void()>& property);

}  // namespace arcform
