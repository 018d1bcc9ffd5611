// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace arcform {

/// Monotonic time, from wherever the caller counts.
using Moment = std::chrono::nanoseconds;

/// To be told or counted.
inline double in_seconds(Moment time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace arcform
