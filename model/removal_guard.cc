// SPDX-License-Identifier: Apache-2.0
// What keeps a cloud from losing nodes, whether they go for good or to another cloud.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "model/diff_parts.h"
#include "model/plan_builder.h"
#include "model/render_text.h"
#include "model/select.h"

namespace arcform {
namespace {

bool lists(const DesiredCloud& cloud, Endpoint node) {
  const auto found = std::lower_bound(
      cloud.nodes.begin(), cloud.nodes.end(), node,
      [](const DesiredNode& item, Endpoint wanted) { return item.endpoint < wanted; });
  return found != cloud.nodes.end() && found->endpoint == node;
}

bool stands_in(const ObservedCloud& seen, Endpoint node) {
  return std::any_of(seen.joined.begin(), seen.joined.end(), [node](const ObservedJoin& join) {
    return join.owner != 0 && join.endpoint == node;
  });
}

/// Protection outlives the spec's entry: who deletes the whole cloud from the file is held too.
bool is_protected(const std::string& code, std::size_t leaving, PlanBuilder& builder) {
  const DesiredCloud* const desired = builder.desired.cloud(code);
  if (desired != nullptr && desired->protect && leaving > 0) {
    builder.hold(Hold::guard, "cloud " + code,
                 fmt::format("is protected, so {} of its nodes {} not removed; set \"protect\" to "
                             "false first",
                             leaving, leaving == 1 ? "is" : "are"),
                 desired->at);
    return true;
  }
  const TreeFacts* const tree = builder.observed.tree.get();
  if (desired == nullptr && tree != nullptr && tree->record.protected_clouds.contains(code)) {
    builder.hold(Hold::guard, "cloud " + code,
                 "is gone from the spec, and was protected when it was last applied; put it back, "
                 "apply it with \"protect\": false, then take it out",
                 {});
    return true;
  }
  return false;
}

/// How many of the nodes that leave, and are selected to, stand in the cloud now: the caches that
/// are at stake. One that moves is selected with the cloud that it moves to as well.
std::size_t serving_nodes(const std::string& code, const std::vector<Endpoint>& leaving,
                          const ObservedCloud& seen, const PlanBuilder& builder) {
  std::map<std::string, std::vector<Endpoint>> by_destination;
  for (const Endpoint node : leaving) {
    if (stands_in(seen, node)) {
      const auto& clouds = builder.desired.clouds;
      const auto to = std::find_if(clouds.begin(), clouds.end(), [node](const DesiredCloud& cloud) {
        return lists(cloud, node);
      });
      by_destination[to == clouds.end() ? code : to->service_code].push_back(node);
    }
  }
  const auto selected = [&](const std::vector<Endpoint>& nodes, const std::string& cloud) {
    return count_selected(nodes, cloud, builder.desired, builder.observed, builder.policy.only);
  };
  std::size_t count = 0;
  for (const auto& [destination, nodes] : by_destination) {
    count += std::max(selected(nodes, code), selected(nodes, destination));
  }
  return count;
}

/// Why it must be asked for by name that these nodes leave; "" when it need not be.
std::string too_much(const std::string& code, const std::vector<Endpoint>& nodes,
                     const ObservedCloud& seen, const PlanBuilder& builder) {
  const DesiredCloud* const cloud = builder.desired.cloud(code);
  const std::size_t serving = static_cast<std::size_t>(
      std::count_if(seen.joined.begin(), seen.joined.end(),
                    [](const ObservedJoin& join) { return join.endpoint && join.owner != 0; }));
  const std::size_t leaving = serving_nodes(code, nodes, seen, builder);
  const bool wholly = builder.policy.only.empty() || leaving == serving;  // Nobody is left out.
  const bool emptied = wholly && (cloud == nullptr || cloud->nodes.empty());
  if (emptied && seen.clients > 0) {
    return fmt::format("{} attached, and it would be emptied; stop them",
                       counted(seen.clients, "client is", "clients are"));
  }
  if (leaving == 0) {
    return "";
  }
  if (emptied || leaving == serving) {
    return fmt::format("{} would be removed; stop it first (\"state\": \"stopped\")",
                       serving == 1 ? "its only serving node"
                                    : fmt::format("all of its {} serving nodes", serving));
  }
  const std::size_t most = builder.desired.max_removals.of(serving);
  return leaving <= most ? ""
                         : fmt::format(
                               "{} of its {} serving nodes would be removed, and at most "
                               "{} may be at once (policy.maxRemovals is {}); remove fewer",
                               leaving, serving, most, builder.desired.max_removals.text());
}

bool is_allowed(const std::string& code, PlanBuilder& builder) {
  const std::vector<Endpoint> nodes = leaving_nodes(code, builder);
  if (is_protected(code, nodes.size(), builder)) {
    return false;
  }
  const ObservedCloud* const seen = builder.seen_cloud(code);
  const auto& allowed = builder.policy.allow_removal;
  if (seen == nullptr || std::count(allowed.begin(), allowed.end(), code) > 0) {
    return true;
  }
  const std::string why = too_much(code, nodes, *seen, builder);
  if (!why.empty()) {
    builder.hold(Hold::guard, "cloud " + code,
                 fmt::format("{}, or ask for it with --allow-removal {}", why, code), {});
  }
  return why.empty();
}

}  // namespace

std::vector<Endpoint> leaving_nodes(const std::string& code, const PlanBuilder& builder) {
  const DesiredCloud* const cloud = builder.desired.cloud(code);
  const auto stays = [cloud](Endpoint node) { return cloud != nullptr && lists(*cloud, node); };
  std::vector<Endpoint> nodes;
  if (const TreeFacts* const tree = builder.observed.tree.get()) {
    for (const ObservedMapping& mapping : tree->mappings) {
      const auto& codes = mapping.service_codes;
      if (std::count(codes.begin(), codes.end(), code) > 0 && !stays(mapping.node)) {
        nodes.push_back(mapping.node);
      }
    }
  }
  if (const ObservedCloud* const seen = builder.seen_cloud(code)) {
    for (const ObservedJoin& join : seen->joined) {
      if (join.endpoint && join.owner != 0 && !stays(*join.endpoint) &&
          runs_in_our_slot(builder.desired, builder.observed, *join.endpoint)) {
        nodes.push_back(*join.endpoint);
      }
    }
  }
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

bool may_lose_nodes(const std::string& code, PlanBuilder& builder) {
  const auto known = builder.may_lose.find(code);
  if (known != builder.may_lose.end()) {
    return known->second;
  }
  const bool allowed = is_allowed(code, builder);
  builder.teardown_held |= !allowed;
  builder.may_lose.emplace(code, allowed);
  return allowed;
}

}  // namespace arcform
