// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/membership.h"
#include "model/plan_builder.h"

namespace arcform {
namespace {

/// What leaves one cloud: nodes that the spec does not list, perhaps the cloud itself.
struct Removal {
  std::vector<const Drift*> nodes;
  const Drift* cloud = nullptr;  ///< set when the whole cloud is gone from the spec
  bool held = false;             ///< some of its nodes are held already
};

void hold_removal(PlanBuilder& builder, Hold kind, const Drift& drift, const std::string& reason) {
  builder.teardown_held = true;
  builder.hold(kind, node_subject(drift), reason, drift.at);
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

/// Whether the spec lists a node for the slot: its host has had another address before.
bool is_slot_of_spec(const Drift& drift, const PlanBuilder& builder) {
  const DesiredState& desired = builder.desired;
  return std::any_of(desired.clouds.begin(), desired.clouds.end(), [&](const DesiredCloud& cloud) {
    return std::any_of(cloud.nodes.begin(), cloud.nodes.end(), [&](const DesiredNode& node) {
      return node.endpoint.port == drift.node.port && desired.hosts[node.host].name == drift.host;
    });
  });
}

/// What became of a node that leaves.
struct NodeRemoval {
  std::optional<StepId> step;  ///< nothing: there is nothing of it on its host, or it is held
  bool held = true;
};

/// Ends a node's process and slot: StopNode when it runs, ForgetNode when only its folder or its
/// old ephemeral is left. `home`: the cloud in which it stands.
NodeRemoval plan_node_removal(const Drift& drift, const std::string& home, PlanBuilder& builder) {
  if (drift.host.empty()) {
    hold_removal(builder, Hold::unknown, drift,
                 "is mapped to a cloud of ours, but no host of that address is known; add the host "
                 "to the spec to have it removed");
    return {};
  }
  const HostFacts* const facts = builder.observed.host(drift.host);
  if (facts == nullptr) {
    if (!builder.unknown_hosts.contains(drift.host)) {
      hold_removal(builder, Hold::unknown, drift, "its host was not observed");
    }
    builder.teardown_held = true;
    return {};
  }
  const NodeJudgement judgement =
      judge(witnesses_of(builder.observed, drift.host, drift.node, home), drift.node, 0);
  if (judgement.process != nullptr) {
    if (builder.hold_stranger(drift)) {
      builder.teardown_held = true;
      return {};
    }
    StopNode stop{drift.host, drift.node, home, *judgement.slot->identity, true};
    return {builder.add(std::move(stop), drift.detail, drift.at, {}), false};
  }
  if (judgement.verdict == Verdict::foreign) {
    hold_removal(builder, Hold::foreign, drift, judgement.why + "; stop it by hand");
    return {};
  }
  const bool kept = is_slot_of_spec(drift, builder);
  const bool proven = !kept && judgement.slot != nullptr && judgement.slot->identity;
  if (judgement.join != nullptr && !proven) {
    hold_removal(builder, Hold::waiting, drift,
                 "its znode stands without a process of ours; it goes when its session expires");
    return {};
  }
  if (judgement.slot == nullptr || kept) {
    return {std::nullopt, false};
  }
  ForgetNode forget{drift.host, drift.node, home, {}, {}};
  if (judgement.join != nullptr) {
    forget.stale = *judgement.join;
    forget.dead = judgement.slot->identity;
  }
  return {builder.add(std::move(forget), drift.detail, drift.at, {}), false};
}

/// Everything that leaves, cloud by cloud. A node whose mapping names several clouds ends once.
class Removals {
 public:
  /// `vote`: the servers that vote now.
  Removals(const Members& vote, PlanBuilder& builder) : vote_(vote), builder_(builder) {}

  void collect(const std::vector<Drift>& drift);
  void plan();

 private:
  /// The cloud of ours that a node stands in, else the one that its mapping names.
  std::string home_of(const Drift& item) const;
  void plan_cloud(const std::string& code, const Removal& removal);
  const NodeRemoval& end(const Drift& item);
  void plan_unregistration(const std::string& code, const Removal& removal, bool held,
                           std::vector<StepId> after);

  const Members& vote_;
  PlanBuilder& builder_;
  std::map<std::string, Removal> by_cloud_;
  std::map<Endpoint, NodeRemoval> ended_;
};

void Removals::collect(const std::vector<Drift>& drift) {
  for (const Drift& item : drift) {
    if (item.kind == DriftKind::cloud_unlisted) {
      by_cloud_[item.cloud].cloud = &item;
    } else if (item.kind == DriftKind::node_unlisted) {
      Removal& removal = by_cloud_[item.cloud.empty() ? home_of(item) : item.cloud];
      if (builder_.moved_hosts.contains(item.host)) {
        removal.held = true;
      } else {
        removal.nodes.push_back(&item);
      }
    }
  }
}

void Removals::plan() {
  for (const auto& [code, removal] : by_cloud_) {
    if (may_lose_nodes(code, builder_)) {
      plan_cloud(code, removal);
    }
  }
}

std::string Removals::home_of(const Drift& item) const {
  const std::string code = builder_.stray_cloud(item.node);
  const TreeFacts* const tree = builder_.observed.tree.get();
  return tree != nullptr && tree->record.claims.contains(code) ? code : item.cloud;
}

const NodeRemoval& Removals::end(const Drift& item) {
  const auto [entry, is_new] = ended_.try_emplace(item.node);
  NodeRemoval& removal = entry->second;
  const std::string home = home_of(item);
  if (!is_new || !may_lose_nodes(home, builder_)) {
    return removal;
  }
  removal = plan_node_removal(item, home, builder_);
  const ObservedCloud* const seen = builder_.seen_cloud(home);
  const bool in_use =
      builder_.desired.cloud(home) != nullptr && seen != nullptr && !seen->joined.empty();
  if (removal.step && in_use) {
    builder_.take_turn(home, *removal.step);
  }
  return removal;
}

void Removals::plan_cloud(const std::string& code, const Removal& removal) {
  bool held = removal.held;
  std::vector<StepId> steps;
  std::vector<Endpoint> unmapped;
  for (const Drift* item : removal.nodes) {
    const NodeRemoval& ended = end(*item);
    held |= ended.held;
    if (ended.step) {
      steps.push_back(*ended.step);
    }
    if (!ended.held && !item->cloud.empty()) {
      unmapped.push_back(item->node);
    }
  }
  if (code.empty() || !builder_.observed.tree.is_present()) {
    return;
  }
  if (!unmapped.empty()) {
    std::sort(unmapped.begin(), unmapped.end());
    UnmapNodes unmap{code, unmapped, hosts_to_forget(unmapped, code, vote_, builder_)};
    const SourcePosition nowhere;
    steps.push_back(builder_.add(std::move(unmap), "not in the spec", nowhere, steps));
  }
  if (removal.cloud != nullptr) {
    plan_unregistration(code, removal, held, steps);
  }
}

void Removals::plan_unregistration(const std::string& code, const Removal& removal, bool held,
                                   std::vector<StepId> after) {
  std::set<Endpoint> ending;
  for (const Drift* const item : removal.nodes) {
    ending.insert(item->node);
  }
  const std::vector<Endpoint> leaving = leaving_nodes(code, builder_);
  const ObservedCloud* const seen = builder_.seen_cloud(code);
  bool stranger = false;
  for (std::size_t i = 0; seen != nullptr && i < seen->joined.size(); ++i) {
    const ObservedJoin& join = seen->joined[i];
    const bool node = join.endpoint && join.owner != 0;
    const bool ends = node && ending.contains(*join.endpoint);
    const bool leaves = node && std::binary_search(leaving.begin(), leaving.end(), *join.endpoint);
    stranger |= !ends && !leaves;
    held |= !ends;
  }
  if (held) {
    builder_.teardown_held = true;
    builder_.hold(Hold::guard, "cloud " + code,
                  stranger
                      ? "is not unregistered: a child of its cache_list is no node that leaves "
                        "with it; it goes with its session, or delete it by hand"
                      : "is not unregistered before all of its nodes are gone",
                  {});
    return;
  }
  const std::vector<StepId>& moves = builder_.ring_steps[code];
  after.insert(after.end(), moves.begin(), moves.end());
  builder_.add(UnregisterCloud{code}, "gone from the spec", removal.cloud->at, std::move(after));
}

}  // namespace

void plan_removals(const std::vector<Drift>& drift, PlanBuilder& builder) {
  const Members vote = membership(builder.desired, builder.observed).current;
  Removals removals(vote, builder);
  removals.collect(drift);
  removals.plan();
  plan_forgotten_hosts(vote, builder);
}

}  // namespace arcform
