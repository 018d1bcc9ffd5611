// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace arcform {

/// The word that `typed` was probably meant to be; empty: none is near.
std::string_view nearest(std::string_view typed, std::span<const std::string_view> words);

}  // namespace arcform
