// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace arcform {

/// Compares `text` with the file tests/golden/`name`. Returns "" when they are equal, else one
/// text for people: the first line that differs. With UPDATE_GOLDEN set in the environment the
/// file is rewritten and "" returned; review the change before committing it.
std::string golden_difference(const std::string& name, const std::string& text);

}  // namespace arcform
