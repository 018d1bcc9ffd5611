// SPDX-License-Identifier: Apache-2.0
#include "model/render_impact.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/render_text.h"

namespace arcform {
namespace {

/// "each up for 30 s, and back at 80 % of its hit ratio (20 min at most), before the next"
std::string readiness_words(const DesiredCloud* cloud) {
  if (cloud == nullptr || (cloud->rollout.min_ready_s == 0 && !cloud->rollout.warm)) {
    return "";
  }
  std::string text = "each";
  if (cloud->rollout.min_ready_s > 0) {
    text += fmt::format(" up for {} s", cloud->rollout.min_ready_s);
  }
  if (const auto& warm = cloud->rollout.warm) {
    text += fmt::format("{} back at {:g} % of its hit ratio (after {} s it {})",
                        cloud->rollout.min_ready_s > 0 ? " and" : "", warm->hit_permille / 10.0,
                        warm->timeout_s, warm->stops ? "stops" : "goes on all the same");
  }
  return text + " before the next";
}

}  // namespace

std::string impact_line(const CloudImpact& impact, const Plan& plan, const KeyShares& shares,
                        const DesiredState& desired) {
  const auto spaced = std::count_if(plan.steps.begin(), plan.steps.end(), [&](const Step& step) {
    return step.settle && cloud_of(step.action) == impact.service_code;
  });
  std::vector<std::string> parts;
  if (impact.down_at_once_max > 0) {
    parts.push_back(impact.down_at_once_max == 1
                        ? "one node down at a time"
                        : fmt::format("at most {} nodes down at a time", impact.down_at_once_max));
  }
  if (const auto apart = settle_time(desired, impact.service_code).count();
      spaced > 1 && apart > 0) {
    parts.push_back(fmt::format("changes of its ring at least {} s apart", apart));
  }
  if (const std::string wait = readiness_words(desired.cloud(impact.service_code));
      impact.down_at_once_max > 0 && impact.caches_lost > 1 && !wait.empty()) {
    parts.push_back(wait);
  }
  const auto remapped = shares.remapped.find(impact.service_code);
  if (remapped != shares.remapped.end() && remapped->second > 0) {
    parts.push_back(remapped->second == Ring::kWhole
                        ? "all keys lost"
                        : percent_text(remapped->second) + " of keys remapped");
  }
  if (impact.caches_lost > 0) {
    parts.push_back(counted(impact.caches_lost, "cache lost", "caches lost"));
  }
  return parts.empty()
             ? ""
             : fmt::format("{}: {}\n", printable(impact.service_code), fmt::join(parts, ", "));
}

}  // namespace arcform
