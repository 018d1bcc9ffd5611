// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "model/key_shares.h"

namespace arcform {

/// "test-cloud: one node down at a time, 14.3 % of keys remapped, 2 caches lost", with a newline;
/// empty: there is nothing to say.
std::string impact_line(const CloudImpact& impact, const Plan& plan, const KeyShares& shares,
                        const DesiredState& desired);

}  // namespace arcform
