// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/desired.h"
#include "model/moment.h"

/// When a node that has been restarted is as good as before, so that the next one may be touched.
namespace arcform {

/// A node's counters `get_hits` and `get_misses` at one moment.
struct HitSample {
  Moment at{0};
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
};

struct RestartedNode {
  Moment at{0};                       ///< when it was up again
  std::optional<double> hit_ratio{};  ///< before it was stopped; nothing: it has none to reach
  bool in_flight = false;             ///< its step has not ended yet
  std::vector<HitSample> samples{};   ///< since then, oldest first
};

/// The share of hits; nothing: there were no gets.
std::optional<double> hit_ratio(std::uint64_t hits, std::uint64_t misses);

/// Adds what the node counts now, and forgets what is too old to tell of now. Counters that went
/// back are those of another process: everything before is forgotten.
void add_sample(RestartedNode& node, HitSample latest);

/// The hit ratio of late, over the shortest time with enough gets to tell it; nothing: too few.
std::optional<double> recent_hit_ratio(const std::vector<HitSample>& samples);

struct Recovery {
  enum class State {
    recovered,
    settling,  ///< has not been up for `minReadySeconds`, which will be so at `until`
    warming,   ///< has not reached its share of the hit ratio that it had
    cold,      ///< and has not in `warm.timeout`
  };
  State state = State::recovered;
  Moment until{0};
  std::string text{};  ///< says so, with the node and the figures; empty when recovered
};

/// `samples_since` is when samples began to be taken: a node that an earlier run restarted is not
/// given up before there was time to see how it does.
Recovery judge_recovery(const Rollout& rollout, Endpoint endpoint, const RestartedNode& node,
                        Moment samples_since, Moment now);

}  // namespace arcform
