// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

#include "model/diff.h"

namespace arcform {

/// The kinds of drift there are, in order.
inline std::vector<DriftKind> kinds(const DesiredState& desired, const ObservedState& observed) {
  std::vector<DriftKind> out;
  for (const Drift& drift : diff(desired, observed)) {
    out.push_back(drift.kind);
  }
  return out;
}

inline bool has_kind(const DesiredState& desired, const ObservedState& observed, DriftKind kind) {
  const std::vector<DriftKind> all = kinds(desired, observed);
  return std::count(all.begin(), all.end(), kind) > 0;
}

}  // namespace arcform
