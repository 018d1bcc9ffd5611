// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "controller/watch_state.h"
#include "model/status_report.h"
#include "specs/watch_report.h"

/// What a watching controller shows of its state, as documents. Pure.
namespace arcform {

/// The moment of showing.
struct ShownAt {
  Time now{};
  std::string timestamp;
};

/// Of the last look; before the first one only the deployment's name, which is `name`.
StatusReport status_in(const WatchState& state, const std::string& name);
WatchReport watch_in(const WatchState& state, const ShownAt& at, std::vector<NodeLoad> loads);

/// Whether the controller does what it is for: it has looked, and where it leads it goes on doing
/// so. Otherwise why not; empty: it does. `period`: between looks that nothing asked for.
std::string unready(const WatchState& state, Time now, Time period);

/// How long looks took.
class Durations {
 public:
  static constexpr std::array<double, 10> kBounds{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
  void add(Time took);
  /// How many took at most kBounds[i]; the last one: all.
  const std::array<std::uint64_t, kBounds.size() + 1>& up_to() const { return up_to_; }
  double sum() const { return sum_; }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> up_to_{};
  double sum_ = 0;
};

/// Seconds since 1970 of a text as Clock::timestamp() writes it; 0: it is none.
std::int64_t seconds_of(const std::string& timestamp);

/// The text that Prometheus collects (version 0.0.4 of its text format).
std::string metrics_of(const WatchState& state, const StatusReport& status, const Durations& looks,
                       const std::vector<NodeLoad>& loads);

}  // namespace arcform
