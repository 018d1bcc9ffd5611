// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/plan_builder.h"
#include "model/znodes.h"

namespace arcform {
namespace {

/// The drift of one cloud that the spec lists, and what has been planned for it so far.
struct CloudWork {
  const DesiredCloud* cloud = nullptr;
  bool in_use = false;  ///< nodes stand in it now
  std::optional<StepId> registered;
  std::optional<StepId> mapped;
  MapNodes map;
  std::map<Endpoint, const Drift*> to_map;
  std::set<Endpoint> foreign;  ///< nodes whose mapping is somebody else's: left alone
  std::vector<StepId> repairs;
  std::vector<StepId> chain;  ///< steps that take nodes down or change the ring, in order
};

const DesiredNode& node_of(const CloudWork& work, Endpoint endpoint) {
  const auto& nodes = work.cloud->nodes;
  return *std::lower_bound(nodes.begin(), nodes.end(), endpoint,
                           [](const DesiredNode& node, Endpoint e) { return node.endpoint < e; });
}

std::string node_subject(const Drift& drift) {
  return drift.host.empty() ? drift.node.text()
                            : fmt::format("{} on {}", drift.node.text(), drift.host);
}

const char* transport_name(Transport transport) {
  switch (transport) {
    case Transport::ssh:
      return "ssh";
    case Transport::openssh:
      return "openssh";
    case Transport::local:
      return "local";
  }
  return "ssh";
}

HostRecord record_of(const DesiredHost& host) {
  return {host.name,     host.address,  transport_name(host.transport),
          host.ssh.user, host.ssh.port, host.ssh.directory};
}

/// The service codes below a node's mapping that are not its cloud's.
std::vector<std::string> codes_to_remove(const Drift& drift, const PlanBuilder& builder) {
  const TreeFacts* const tree = builder.observed.tree.get();
  if (tree == nullptr) {
    return {};
  }
  const auto found = std::lower_bound(
      tree->mappings.begin(), tree->mappings.end(), drift.node,
      [](const ObservedMapping& mapping, Endpoint node) { return mapping.node < node; });
  if (found == tree->mappings.end() || found->node != drift.node) {
    return {};
  }
  std::vector<std::string> codes = found->service_codes;
  std::erase(codes, drift.cloud);
  return codes;
}

/// True when every service code that is in the way belongs to this deployment.
bool may_move(const Drift& drift, const PlanBuilder& builder) {
  const std::set<std::string>& claims = builder.observed.tree.value().record.claims;
  const std::vector<std::string> codes = codes_to_remove(drift, builder);
  return std::all_of(codes.begin(), codes.end(),
                     [&](const std::string& code) { return claims.contains(code); });
}

bool can_start(const Drift& drift, const CloudWork& work, const PlanBuilder& builder) {
  return !builder.missing_packages.contains({drift.host, work.cloud->package});
}

StartNode start_action(const Drift& drift, const CloudWork& work, PlanBuilder& builder) {
  const DesiredNode& node = node_of(work, drift.node);
  StartNode start;
  start.host = drift.host;
  start.node = drift.node;
  start.service_code = drift.cloud;
  start.config = node.config;
  start.launch = builder.launch(*builder.observed.host(drift.host),
                                *builder.desired.package(work.cloud->package));
  return start;
}

StopNode stop_action(const Drift& drift, const ProcessIdentity& process, bool forget) {
  StopNode stop;
  stop.host = drift.host;
  stop.node = drift.node;
  stop.service_code = drift.cloud;
  stop.process = process;
  stop.forget = forget;
  return stop;
}

const ProcessIdentity& identity_of(const Drift& drift, const PlanBuilder& builder) {
  return *builder.observed.host(drift.host)->slot(node_slot(drift.node.port))->identity;
}

/// After what a step of the chain must come: the repairs, and the step that frees its place among
/// the `max_unavailable` nodes that may be down at once.
std::vector<StepId> chain_after(const CloudWork& work) {
  const std::size_t width = std::max(1U, work.cloud->rollout.max_unavailable);
  if (work.chain.size() >= width) {
    return {work.chain[work.chain.size() - width]};  // Which has waited for the repairs.
  }
  std::vector<StepId> after = work.repairs;
  if (work.registered) {
    after.push_back(*work.registered);
  }
  return after;
}

void plan_registration(const Drift& drift, CloudWork& work, PlanBuilder& builder) {
  RegisterCloud action{drift.cloud, {}};
  for (const DesiredNode& node : work.cloud->nodes) {
    action.nodes.push_back(node.endpoint);
  }
  std::vector<StepId> after;
  if (builder.tree_ready) {
    after.push_back(*builder.tree_ready);
  }
  work.registered = builder.add(
      std::move(action), drift.detail.empty() ? "new in the spec" : drift.detail, drift.at, after);
}

/// Nodes that are down and only need their mapping; a running one in another cloud is restarted.
void collect_mappings(const std::vector<const Drift*>& drift, CloudWork& work,
                      PlanBuilder& builder) {
  std::set<std::string> hosts;
  for (const Drift* item : drift) {
    const bool elsewhere = item->kind == DriftKind::node_mapped_elsewhere;
    if ((item->kind != DriftKind::node_unmapped && !elsewhere) ||
        builder.unknown_hosts.contains(item->host)) {
      continue;
    }
    if (elsewhere && !may_move(*item, builder)) {
      work.foreign.insert(item->node);
      builder.hold(Hold::foreign, node_subject(*item),
                   fmt::format("{} names {}, not all of it owned by this deployment; unregister it "
                               "there, or choose another port",
                               znodes::mapping_key(item->node), item->detail),
                   item->at);
      continue;
    }
    work.to_map[item->node] = item;
    const HostFacts& facts = *builder.observed.host(item->host);
    const ObservedSlot* const slot = facts.slot(node_slot(item->node.port));
    if (elsewhere && slot != nullptr && facts.process_of(*slot) != nullptr) {
      continue;  // plan_restart moves the mapping between stop and start.
    }
    work.map.nodes.push_back(
        {item->node, node_of(work, item->node).config, codes_to_remove(*item, builder)});
    if (hosts.insert(item->host).second) {
      work.map.hosts.push_back(record_of(*builder.desired.host(item->host)));
    }
  }
}

void plan_mappings(CloudWork& work, PlanBuilder& builder) {
  if (work.map.nodes.empty()) {
    return;
  }
  work.map.service_code = work.cloud->service_code;
  std::vector<StepId> after;
  if (work.registered || builder.tree_ready) {
    after.push_back(work.registered ? *work.registered : *builder.tree_ready);
  }
  const Drift& first = *work.to_map.begin()->second;
  const std::size_t count = work.map.nodes.size();
  std::string reason = first.kind == DriftKind::node_mapped_elsewhere
                           ? fmt::format("mapped to {}", first.detail)
                           : "no mapping names their cloud yet";
  if (count == 1 && first.kind == DriftKind::node_unmapped) {
    reason = first.detail.empty() ? "it has no mapping" : first.detail;
  }
  work.mapped = builder.add(work.map, std::move(reason), first.at, after);
}

std::vector<StepId> start_after(const Drift& drift, const CloudWork& work,
                                const PlanBuilder& builder) {
  std::vector<StepId> after;
  if (work.mapped && work.to_map.contains(drift.node)) {
    after.push_back(*work.mapped);
  } else if (work.registered || builder.tree_ready) {
    after.push_back(work.registered ? *work.registered : *builder.tree_ready);
  }
  return after;
}

void plan_start(const Drift& drift, CloudWork& work, PlanBuilder& builder) {
  if (!can_start(drift, work, builder)) {
    return;
  }
  StartNode start = start_action(drift, work, builder);
  const bool is_new = work.to_map.contains(drift.node);
  if (drift.kind == DriftKind::node_crashed) {
    const NodeJudgement judgement =
        judge(witnesses_of(builder.observed, drift.host, drift.node, drift.cloud), drift.node,
              start.config.session_timeout_s);
    // Only the identity of a process that was ours proves whose death it is.
    if (judgement.slot == nullptr || !judgement.slot->identity) {
      builder.hold(Hold::waiting, node_subject(drift),
                   fmt::format("{} stands without a process of ours; it goes by itself when its "
                               "session expires",
                               printable(judgement.join->name)),
                   drift.at);
      return;
    }
    start.stale = *judgement.join;
    start.dead = judgement.slot->identity;
  }
  std::vector<StepId> after = start_after(drift, work, builder);
  const bool joins_ring = is_new && work.in_use;
  if (joins_ring) {
    const std::vector<StepId> chained = chain_after(work);
    after.insert(after.end(), chained.begin(), chained.end());
  }
  const StepId id = builder.add(std::move(start), drift.detail, drift.at, after);
  builder.step(id).repair = !is_new;
  builder.step(id).settle = joins_ring;
  (joins_ring ? work.chain : work.repairs).push_back(id);
}

void plan_restart(const Drift& drift, CloudWork& work, PlanBuilder& builder) {
  if (!can_start(drift, work, builder)) {
    return;
  }
  RestartNode restart;
  restart.stop = stop_action(drift, identity_of(drift, builder), false);
  restart.start = start_action(drift, work, builder);
  const auto moved = work.to_map.find(drift.node);
  std::string reason = drift.detail;
  if (moved != work.to_map.end() && moved->second->kind == DriftKind::node_mapped_elsewhere) {
    restart.move_mapping =
        MapNodes{drift.cloud,
                 {{drift.node, restart.start.config, codes_to_remove(*moved->second, builder)}},
                 {record_of(*builder.desired.host(drift.host))}};
    reason = fmt::format("mapped to {}", moved->second->detail);
    restart.stop.service_code = restart.move_mapping->nodes.front().remove.empty()
                                    ? drift.cloud
                                    : restart.move_mapping->nodes.front().remove.front();
  }
  restart.paused = drift.kind == DriftKind::node_paused && !restart.move_mapping;
  const bool repair = restart.paused;
  std::vector<StepId> after = repair ? start_after(drift, work, builder) : chain_after(work);
  if (work.mapped) {
    after.push_back(*work.mapped);
  }
  const StepId id = builder.add(std::move(restart), std::move(reason), drift.at, after);
  builder.step(id).repair = repair;
  builder.step(id).settle = !repair;
  (repair ? work.repairs : work.chain).push_back(id);
}

void hold_node(const Drift& drift, PlanBuilder& builder) {
  const std::string subject = node_subject(drift);
  if (drift.kind == DriftKind::node_untuned) {
    builder.hold(Hold::unsupported, subject,
                 drift.detail +
                     ": changing a running node is not supported yet; stop it by hand "
                     "and the next apply starts it with the new values",
                 drift.at);
  } else if (drift.kind == DriftKind::node_starting) {
    builder.hold(Hold::waiting, subject, drift.detail, drift.at);
  } else if (drift.kind == DriftKind::node_silent) {
    builder.hold(Hold::guard, subject,
                 drift.detail +
                     "; it may be overloaded or stopped: look at the process, its cache "
                     "is not thrown away for this",
                 drift.at);
  } else if (drift.kind == DriftKind::node_port_taken) {
    builder.hold(Hold::foreign, subject, drift.detail + "; stop it, or choose another port",
                 drift.at);
  } else if (drift.kind == DriftKind::node_unknown && !builder.unknown_hosts.contains(drift.host)) {
    builder.hold(Hold::unknown, subject, drift.detail, drift.at);
  }
}

bool moves_running_node(const Drift& drift, const CloudWork& work, const PlanBuilder& builder) {
  return drift.kind == DriftKind::node_mapped_elsewhere && work.to_map.contains(drift.node) &&
         std::none_of(work.map.nodes.begin(), work.map.nodes.end(),
                      [&](const MappedNode& node) { return node.node == drift.node; }) &&
         builder.observed.host(drift.host) != nullptr;
}

/// Repairs first (nodes that should be up and are not), then restarts and additions one after the
/// other.
void plan_nodes(const std::vector<const Drift*>& drift, CloudWork& work, PlanBuilder& builder) {
  std::vector<const Drift*> chained;
  std::set<Endpoint> moving;
  for (const Drift* item : drift) {
    if (moves_running_node(*item, work, builder)) {
      moving.insert(item->node);
      chained.push_back(item);
    }
  }
  for (const Drift* item : drift) {
    const bool start = item->kind == DriftKind::node_down || item->kind == DriftKind::node_crashed;
    if (moving.contains(item->node) || work.foreign.contains(item->node)) {
      continue;
    }
    if (item->kind == DriftKind::node_outdated ||
        (start && work.in_use && work.to_map.contains(item->node))) {
      chained.push_back(item);
    } else if (start) {
      plan_start(*item, work, builder);
    } else if (item->kind == DriftKind::node_paused) {
      plan_restart(*item, work, builder);
    } else if (item->kind == DriftKind::node_running) {
      builder.add(stop_action(*item, identity_of(*item, builder), false),
                  "the spec says \"stopped\"", item->at, {});
    } else {
      hold_node(*item, builder);
    }
  }
  for (const Drift* item : chained) {
    const bool start = item->kind == DriftKind::node_down || item->kind == DriftKind::node_crashed;
    start ? plan_start(*item, work, builder) : plan_restart(*item, work, builder);
  }
  const std::size_t width = std::max(1U, work.cloud->rollout.max_unavailable);
  const std::size_t kept = std::min(width, work.chain.size());
  std::vector<StepId>& last = builder.ring_steps[work.cloud->service_code];
  last = work.repairs;
  last.insert(last.end(), work.chain.end() - static_cast<std::ptrdiff_t>(kept), work.chain.end());
}

void plan_cloud(const std::vector<const Drift*>& drift, CloudWork work, PlanBuilder& builder) {
  for (const Drift* item : drift) {
    if (item->kind == DriftKind::cloud_foreign) {
      builder.hold(Hold::unsupported, "cloud " + work.cloud->service_code,
                   "is registered already, and not by this deployment: adopting it is not "
                   "supported yet; choose another service code, or unregister it there",
                   item->at);
      return;
    }
    if (item->kind == DriftKind::cloud_unregistered && builder.tree_usable) {
      plan_registration(*item, work, builder);
    } else if (item->kind == DriftKind::foreign_child) {
      builder.alarm(fmt::format(
          "cloud {}: {} is no node of this cloud, and every node scrubs away live data because of "
          "it; find out who made it and delete it by hand",
          work.cloud->service_code, printable(item->detail)));
    }
  }
  const bool running = builder.desired.ensemble.state == RunState::running;
  if (builder.tree_usable && running) {
    collect_mappings(drift, work, builder);
    plan_mappings(work, builder);
    plan_nodes(drift, work, builder);
    return;
  }
  for (const Drift* item : drift) {  // Stopping needs no ZooKeeper; starting does.
    if (item->kind == DriftKind::node_running) {
      builder.add(stop_action(*item, identity_of(*item, builder), false),
                  running ? "the spec says \"stopped\"" : "the ensemble is to be stopped", item->at,
                  {});
    } else if (item->kind == DriftKind::node_unknown || item->kind == DriftKind::node_port_taken) {
      builder.teardown_held |= item->kind == DriftKind::node_unknown && !running;
      hold_node(*item, builder);
    }
  }
}

}  // namespace

void plan_clouds(const std::vector<Drift>& drift, PlanBuilder& builder) {
  std::map<std::string, std::vector<const Drift*>> by_cloud;
  for (const Drift& item : drift) {
    const bool removal =
        item.kind == DriftKind::node_unlisted || item.kind == DriftKind::cloud_unlisted;
    if (!item.cloud.empty() && !removal) {
      by_cloud[item.cloud].push_back(&item);
    }
  }
  for (const auto& [code, items] : by_cloud) {
    CloudWork work;
    work.cloud = builder.desired.cloud(code);
    if (work.cloud == nullptr) {
      continue;
    }
    if (const TreeFacts* tree = builder.observed.tree.get()) {
      const auto found = tree->clouds.find(code);
      work.in_use = found != tree->clouds.end() && !found->second.joined.empty();
    }
    plan_cloud(items, std::move(work), builder);
  }
}

}  // namespace arcform
