// SPDX-License-Identifier: Apache-2.0
#include "model/recovery.h"

#include <algorithm>

#include <fmt/format.h>

namespace arcform {
namespace {

using std::chrono::seconds;

/// A hit ratio is told from at least so many gets in at least that time.
constexpr std::uint64_t kGetsMin = 20;
constexpr seconds kWindowMin{2};
constexpr seconds kSamplesKept{60};
/// A node that was restarted by an earlier run is looked at for so long before it is given up.
constexpr seconds kLookMin{4};

Recovery judge_warmth(const Warmth& warm, Endpoint endpoint, const RestartedNode& node,
                      Moment samples_since, Moment now) {
  const std::optional<double> ratio = recent_hit_ratio(node.samples);
  const double target = *node.hit_ratio * warm.hit_permille / 1000;
  if (ratio && *ratio >= target) {
    return {};
  }
  const std::string words = fmt::format(
      "{}, to reach {:.2f} ({:.0f} % of the {:.2f} before)",
      ratio ? fmt::format("hit ratio {:.2f}", *ratio) : "hit ratio not known, too few gets", target,
      warm.hit_permille / 10.0, *node.hit_ratio);
  const Moment waited = now - node.at;
  if (waited < Moment(seconds(warm.timeout_s)) || now - samples_since < Moment(kLookMin)) {
    return {Recovery::State::warming,
            {},
            fmt::format("{} warms up: {}; {:.0f} s of at most {} s", endpoint.text(), words,
                        in_seconds(waited), warm.timeout_s)};
  }
  return {Recovery::State::cold,
          {},
          fmt::format("{} has not warmed up in {} s: {}", endpoint.text(), warm.timeout_s, words)};
}

}  // namespace

std::optional<double> hit_ratio(std::uint64_t hits, std::uint64_t misses) {
  if (hits + misses == 0) {
    return std::nullopt;
  }
  return static_cast<double>(hits) / static_cast<double>(hits + misses);
}

void add_sample(RestartedNode& node, HitSample latest) {
  std::vector<HitSample>& samples = node.samples;
  if (!samples.empty() &&
      (samples.back().hits > latest.hits || samples.back().misses > latest.misses)) {
    samples.clear();
  }
  std::erase_if(samples, [&latest](const HitSample& old) {
    return latest.at - old.at > Moment(kSamplesKept);
  });
  samples.push_back(latest);
}

std::optional<double> recent_hit_ratio(const std::vector<HitSample>& samples) {
  if (samples.empty()) {
    return std::nullopt;
  }
  const HitSample& last = samples.back();
  const auto from = std::find_if(samples.rbegin(), samples.rend(), [&last](const HitSample& old) {
    const std::uint64_t gets = last.hits + last.misses - old.hits - old.misses;
    return gets >= kGetsMin && last.at - old.at >= Moment(kWindowMin);
  });
  return from == samples.rend() ? std::nullopt
                                : hit_ratio(last.hits - from->hits, last.misses - from->misses);
}

Recovery judge_recovery(const Rollout& rollout, Endpoint endpoint, const RestartedNode& node,
                        Moment samples_since, Moment now) {
  const Moment ready = node.at + Moment(seconds(rollout.min_ready_s));
  if (now < ready) {
    return {Recovery::State::settling, ready,
            fmt::format("{} has to be up for {} s before the next node is touched: {:.0f} s to go",
                        endpoint.text(), rollout.min_ready_s, in_seconds(ready - now))};
  }
  if (!rollout.warm || !node.hit_ratio || *node.hit_ratio <= 0) {
    return {};
  }
  return judge_warmth(*rollout.warm, endpoint, node, samples_since, now);
}

}  // namespace arcform
