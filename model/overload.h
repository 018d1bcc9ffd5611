// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace arcform {

/// Several lambdas as one visitor of a variant.
template <class... Ts>
struct Overload : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overload(Ts...) -> Overload<Ts...>;

}  // namespace arcform
