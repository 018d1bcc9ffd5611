// SPDX-License-Identifier: Apache-2.0
#include "model/key_shares.h"

#include <optional>
#include <variant>

#include <fmt/format.h>

namespace arcform {
namespace {

/// The ring of one cloud while the plan is gone through.
struct CloudRing {
  Ring before;
  Ring now;
};

/// What a step does to rings: the cloud that a node leaves, the cloud that it joins; "" for none.
struct RingChange {
  Endpoint node;
  std::string leaves;
  std::string joins;
};

std::optional<RingChange> change_of(const Action& action) {
  if (const auto* start = std::get_if<StartNode>(&action)) {
    return RingChange{start->node, "", start->service_code};
  }
  if (const auto* stop = std::get_if<StopNode>(&action)) {
    return RingChange{stop->node, stop->service_code, ""};
  }
  if (const auto* restart = std::get_if<RestartNode>(&action)) {
    return RingChange{restart->start->node, restart->stop->service_code,
                      restart->start->service_code};
  }
  if (const auto* forget = std::get_if<ForgetNode>(&action)) {
    return RingChange{forget->node, forget->service_code, ""};
  }
  return std::nullopt;
}

using Rings = std::map<std::string, CloudRing>;

/// The rings of the clouds in use that the plan changes, as they are now. False: no md5 here.
bool make_rings(const std::vector<std::optional<RingChange>>& changes, const TreeFacts& tree,
                Rings& rings) {
  std::map<std::string, std::vector<Endpoint>> nodes;
  for (const auto& change : changes) {
    for (const std::string& code : {change ? change->leaves : "", change ? change->joins : ""}) {
      if (!code.empty()) {
        nodes[code].push_back(change->node);
      }
    }
  }
  for (auto& [code, members] : nodes) {
    const auto seen = tree.clouds.find(code);
    if (seen == tree.clouds.end()) {
      continue;
    }
    std::vector<Endpoint> joined;
    for (const ObservedJoin& join : seen->second.joined) {
      if (join.endpoint) {
        joined.push_back(*join.endpoint);
      }
    }
    if (joined.empty()) {
      continue;
    }
    members.insert(members.end(), joined.begin(), joined.end());
    std::optional<Ring> ring = Ring::of(std::move(members));
    if (!ring) {
      return false;
    }
    for (const Endpoint node : joined) {
      ring->join(node);
    }
    Ring now = *ring;
    rings.emplace(code, CloudRing{std::move(*ring), std::move(now)});
  }
  return true;
}

Ring::Share perform(const RingChange& change, Rings& rings) {
  Ring::Share share = 0;
  const auto left = rings.find(change.leaves);
  if (left != rings.end() && change.leaves != change.joins) {
    share = left->second.now.leave(change.node);
  }
  if (const auto joined = rings.find(change.joins); joined != rings.end()) {
    Ring& ring = joined->second.now;
    share = ring.holds(change.node) ? ring.share_of(change.node) : ring.join(change.node);
  }
  return share;
}

}  // namespace

KeyShares key_shares(const Plan& plan, const ObservedState& observed) {
  KeyShares shares;
  const TreeFacts* const tree = observed.tree.get();
  if (tree == nullptr) {
    return shares;
  }
  std::vector<std::optional<RingChange>> changes;
  changes.reserve(plan.steps.size());
  for (const Step& step : plan.steps) {
    changes.push_back(change_of(step.action));
  }
  Rings rings;
  if (!make_rings(changes, *tree, rings)) {
    return shares;
  }
  for (const auto& change : changes) {
    shares.of_step.push_back(change ? perform(*change, rings) : 0);
  }
  for (const auto& [code, ring] : rings) {
    shares.remapped[code] = Ring::moved(ring.before, ring.now);
  }
  return shares;
}

std::string percent_text(Ring::Share share) {
  constexpr double kPercent = 100.0;
  constexpr double kSmallest = 0.05;
  const double percent = kPercent * static_cast<double>(share) / static_cast<double>(Ring::kWhole);
  return share > 0 && percent < kSmallest ? "less than 0.1 %" : fmt::format("{:.1f} %", percent);
}

}  // namespace arcform
