// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace arcform {

/// When and by whom the world was looked at, when that was not the plan's own run.
struct Provenance {
  std::string at;  ///< "2026-01-31T10:00:00Z"
  std::string by;  ///< "ann@ops1 pid 4711"
  bool operator==(const Provenance&) const = default;
};

}  // namespace arcform
