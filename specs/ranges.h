// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"

namespace arcform {

inline constexpr std::size_t kRangeMax = 10'000;     ///< names that one text may expand to
inline constexpr std::size_t kRangeTextMax = 1'024;  ///< bytes of such a text

/// Expands "cache[001-003,007].arcus" into its names, in order; a text without brackets is one
/// name. Zeros in front of a range's start fix the width, as in pdsh. Several brackets multiply,
/// the last one counting fastest.
/// Errors (invalid_argument): unbalanced brackets, an empty or backward range, more than kRangeMax
/// names. The message is "what; what to do".
Result<std::vector<std::string>> expand_range(std::string_view text);

}  // namespace arcform
