// SPDX-License-Identifier: Apache-2.0
// The functions of {fmt} as part of the binary, as {fmt}'s own src/format.cc makes them: the linker
// then leaves its library away and with it libstdc++, which only that one would need, and the start
// of each command is 0.5 ms shorter. Where this is not all of it, the library is linked as ever.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

template FMT_API dragonbox::decimal_fp<float> dragonbox::to_decimal(float x) noexcept;
template FMT_API dragonbox::decimal_fp<double> dragonbox::to_decimal(double x) noexcept;
template FMT_API thousands_sep_result<char> thousands_sep_impl(locale_ref);
template FMT_API char decimal_point_impl(locale_ref);

}  // namespace detail
FMT_END_NAMESPACE
