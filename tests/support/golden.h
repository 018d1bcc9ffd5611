// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace arcform {

/// Compares `actual` with the golden file tests/golden/<name>. Empty: they are the same; otherwise
/// a text for people with the first line that differs. With UPDATE_GOLDEN=1 in the environment the
/// file is written instead, and the result says so unless nothing changed:
///   CHECK(compare_golden("specs/many_errors.txt", text) == "");
std::string compare_golden(std::string_view name, std::string_view actual);

}  // namespace arcform
