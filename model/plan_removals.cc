// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/membership.h"
#include "model/plan_builder.h"
#include "model/select.h"

namespace arcform {
namespace {

/// What leaves one cloud: nodes that the spec does not list, perhaps the cloud itself.
struct Removal {
  std::vector<const Drift*> nodes;
  const Drift* cloud = nullptr;  ///< set when the whole cloud is gone from the spec
};

const ObservedCloud* seen_cloud(const PlanBuilder& builder, const std::string& code) {
  const TreeFacts* const tree = builder.observed.tree.get();
  if (tree == nullptr) {
    return nullptr;
  }
  const auto found = tree->clouds.find(code);
  return found == tree->clouds.end() ? nullptr : &found->second;
}

void hold_removal(PlanBuilder& builder, Hold kind, const Drift& drift, const std::string& reason) {
  builder.teardown_held = true;
  builder.hold(kind, node_subject(drift), reason, drift.at);
}

/// Protection outlives the spec's entry: who deletes the whole cloud from the file is held too.
bool is_protected(const std::string& code, const Removal& removal, PlanBuilder& builder) {
  const DesiredCloud* const desired = builder.desired.cloud(code);
  if (desired != nullptr && desired->protect && !removal.nodes.empty()) {
    builder.hold(Hold::guard, "cloud " + code,
                 fmt::format("is protected, so {} of its nodes are not removed; set \"protect\" to "
                             "false first",
                             removal.nodes.size()),
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
/// are at stake.
std::size_t serving_nodes(const std::string& code, const Removal& removal,
                          const ObservedCloud& seen, const PlanBuilder& builder) {
  std::vector<Endpoint> nodes;
  for (const Drift* const item : removal.nodes) {
    const bool serves =
        std::any_of(seen.joined.begin(), seen.joined.end(), [item](const ObservedJoin& join) {
          return join.owner != 0 && join.endpoint == item->node;
        });
    if (serves) {
      nodes.push_back(item->node);
    }
  }
  return count_selected(nodes, code, builder.desired, builder.observed, builder.policy.only);
}

/// Why this removal must be asked for by name; "" when it need not be.
std::string too_much(const std::string& code, const Removal& removal, const ObservedCloud& seen,
                     const PlanBuilder& builder) {
  const DesiredCloud* const cloud = builder.desired.cloud(code);
  const std::size_t serving = static_cast<std::size_t>(
      std::count_if(seen.joined.begin(), seen.joined.end(),
                    [](const ObservedJoin& join) { return join.endpoint && join.owner != 0; }));
  const std::size_t leaving = serving_nodes(code, removal, seen, builder);
  const bool wholly = builder.policy.only.empty() || leaving == serving;  // Nobody is left out.
  const bool emptied =
      wholly && (removal.cloud != nullptr || (cloud != nullptr && cloud->nodes.empty()));
  if (emptied && seen.clients > 0) {
    return fmt::format("{} clients are attached, and it would be emptied; stop them", seen.clients);
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

/// A whole cloud, its last nodes or many of them may go only when asked for by name.
bool removal_is_allowed(const std::string& code, const Removal& removal, PlanBuilder& builder) {
  if (is_protected(code, removal, builder)) {
    builder.teardown_held = true;
    return false;
  }
  const ObservedCloud* const seen = seen_cloud(builder, code);
  const auto& allowed = builder.policy.allow_removal;
  if (seen == nullptr || std::count(allowed.begin(), allowed.end(), code) > 0) {
    return true;
  }
  const std::string why = too_much(code, removal, *seen, builder);
  if (why.empty()) {
    return true;
  }
  builder.teardown_held = true;
  builder.hold(Hold::guard, "cloud " + code,
               fmt::format("{}, or ask for it with --allow-removal {}", why, code), {});
  return false;
}

/// Whether the host left the spec and no server of the ensemble is left there: none that runs, and
/// none of those that `vote`. Its record is how they are reached.
bool left_with_its_server(const std::string& name, const HostRecord& record, const Members& vote,
                          const PlanBuilder& builder) {
  const HostFacts* const facts = builder.observed.host(name);
  if (builder.desired.host(name) != nullptr || facts == nullptr) {
    return false;
  }
  const auto is_server = [facts](const auto& slot) {
    return server_slot_id(slot.first) && facts->process_of(slot.second) != nullptr;
  };
  return std::none_of(facts->slots.begin(), facts->slots.end(), is_server) &&
         std::none_of(vote.begin(), vote.end(), [&record](const auto& member) {
           return address_of(member.second) == record.address;
         });
}

/// Host records that nothing needs once these nodes are unmapped.
std::vector<std::string> hosts_to_forget(const std::vector<Endpoint>& unmapped,
                                         const std::string& code, const Members& vote,
                                         const PlanBuilder& builder) {
  const TreeFacts& tree = builder.observed.tree.value();
  std::set<std::uint32_t> needed;  // Addresses that other mappings still name.
  for (const ObservedMapping& mapping : tree.mappings) {
    const bool leaves = std::binary_search(unmapped.begin(), unmapped.end(), mapping.node) &&
                        mapping.service_codes == std::vector<std::string>{code};
    if (!leaves) {
      needed.insert(needed.end(), mapping.node.ip);
    }
  }
  std::vector<std::string> out;
  for (const auto& [name, record] : tree.record.hosts) {
    const auto ip = parse_ipv4(record.address);
    if (ip && !needed.contains(*ip) && left_with_its_server(name, record, vote, builder)) {
      out.push_back(name);
    }
  }
  return out;
}

/// Records of hosts that left the spec and that nothing needs any more: hosts_to_forget looks at
/// one cloud's nodes only, and an apply may have been killed just before it forgot them.
void plan_forgotten_hosts(const Members& vote, PlanBuilder& builder) {
  const TreeFacts* const tree = builder.observed.tree.get();
  if (tree == nullptr) {
    return;
  }
  UnmapNodes forget;
  for (const auto& [name, record] : tree->record.hosts) {
    const auto ip = parse_ipv4(record.address);
    if (!ip || !left_with_its_server(name, record, vote, builder)) {
      continue;
    }
    const HostFacts* const facts = builder.observed.host(name);
    const bool mapped =
        std::any_of(tree->mappings.begin(), tree->mappings.end(),
                    [&](const ObservedMapping& mapping) { return mapping.node.ip == *ip; });
    const bool used = std::any_of(facts->slots.begin(), facts->slots.end(),
                                  [](const auto& slot) { return slot.first.starts_with("node-"); });
    if (!mapped && !used) {
      forget.forget_hosts.push_back(name);
    }
  }
  if (!forget.forget_hosts.empty()) {
    builder.add(std::move(forget), "nothing of ours is left there", {}, {});
  }
}

void plan_unregistration(const std::string& code, const Removal& removal, bool held,
                         std::vector<StepId> after, PlanBuilder& builder) {
  const ObservedCloud* const seen = seen_cloud(builder, code);
  const bool stranger =
      seen != nullptr &&
      std::any_of(seen->joined.begin(), seen->joined.end(), [&](const ObservedJoin& join) {
        return !join.endpoint || join.owner == 0 ||
               std::none_of(removal.nodes.begin(), removal.nodes.end(),
                            [&](const Drift* item) { return item->node == *join.endpoint; });
      });
  if (held || stranger) {
    builder.teardown_held = true;
    builder.hold(Hold::guard, "cloud " + code,
                 stranger ? "is not unregistered: a child of its cache_list is no node that leaves "
                            "with it; it goes with its session, or delete it by hand"
                          : "is not unregistered before all of its nodes are gone",
                 {});
    return;
  }
  const std::vector<StepId>& moves = builder.ring_steps[code];
  after.insert(after.end(), moves.begin(), moves.end());
  builder.add(UnregisterCloud{code}, "gone from the spec", removal.cloud->at, std::move(after));
}

void plan_removal(const std::string& code, const Removal& removal, const Members& vote,
                  PlanBuilder& builder) {
  if (!removal_is_allowed(code, removal, builder)) {
    return;
  }
  const ObservedCloud* const seen = seen_cloud(builder, code);
  const bool in_use = removal.cloud == nullptr && seen != nullptr && !seen->joined.empty();
  bool held = false;
  std::vector<StepId> steps;
  std::vector<Endpoint> unmapped;
  for (const Drift* item : removal.nodes) {
    bool item_held = false;
    const auto id = plan_node_removal(*item, builder, item_held);
    held |= item_held;
    if (item_held) {
      continue;
    }
    unmapped.push_back(item->node);
    if (id) {
      builder.take_turn(in_use                ? code
                        : item->cloud.empty() ? builder.stray_cloud(item->node)
                                              : "",
                        *id);
      steps.push_back(*id);
    }
  }
  if (code.empty() || !builder.observed.tree.is_present()) {
    return;
  }
  if (!unmapped.empty()) {
    std::sort(unmapped.begin(), unmapped.end());
    UnmapNodes unmap{code, unmapped, hosts_to_forget(unmapped, code, vote, builder)};
    const SourcePosition nowhere;
    steps.push_back(builder.add(std::move(unmap), "not in the spec", nowhere, steps));
  }
  if (removal.cloud != nullptr) {
    plan_unregistration(code, removal, held, steps, builder);
  }
}

}  // namespace

std::optional<StepId> plan_node_removal(const Drift& drift, PlanBuilder& builder, bool& held) {
  held = true;
  if (drift.host.empty()) {
    hold_removal(builder, Hold::unknown, drift,
                 "is mapped to a cloud of ours, but no host of that address is known; add the host "
                 "to the spec to have it removed");
    return std::nullopt;
  }
  const HostFacts* const facts = builder.observed.host(drift.host);
  if (facts == nullptr) {
    if (!builder.unknown_hosts.contains(drift.host)) {
      hold_removal(builder, Hold::unknown, drift, "its host was not observed");
    }
    builder.teardown_held = true;
    return std::nullopt;
  }
  const NodeJudgement judgement =
      judge(witnesses_of(builder.observed, drift.host, drift.node, drift.cloud), drift.node, 0);
  if (judgement.process != nullptr) {
    if (builder.hold_stranger(drift)) {
      builder.teardown_held = true;
      return std::nullopt;
    }
    held = false;
    StopNode stop{drift.host, drift.node, drift.cloud, *judgement.slot->identity, true};
    return builder.add(std::move(stop), drift.detail, drift.at, {});
  }
  if (judgement.verdict == Verdict::foreign) {
    hold_removal(builder, Hold::foreign, drift, judgement.why + "; stop it by hand");
    return std::nullopt;
  }
  if (judgement.join != nullptr && (judgement.slot == nullptr || !judgement.slot->identity)) {
    hold_removal(builder, Hold::waiting, drift,
                 "its znode stands without a process of ours; it goes when its session expires");
    return std::nullopt;
  }
  held = false;
  if (judgement.slot == nullptr) {
    return std::nullopt;
  }
  ForgetNode forget{drift.host, drift.node, drift.cloud, {}, {}};
  if (judgement.join != nullptr) {
    forget.stale = *judgement.join;
    forget.dead = judgement.slot->identity;
  }
  return builder.add(std::move(forget), drift.detail, drift.at, {});
}

void plan_removals(const std::vector<Drift>& drift, PlanBuilder& builder) {
  std::map<std::string, Removal> by_cloud;
  for (const Drift& item : drift) {
    if (item.kind == DriftKind::node_unlisted) {
      by_cloud[item.cloud].nodes.push_back(&item);
    } else if (item.kind == DriftKind::cloud_unlisted) {
      by_cloud[item.cloud].cloud = &item;
    }
  }
  const Members vote = membership(builder.desired, builder.observed).current;
  for (const auto& [code, removal] : by_cloud) {
    plan_removal(code, removal, vote, builder);
  }
  plan_forgotten_hosts(vote, builder);
}

}  // namespace arcform
