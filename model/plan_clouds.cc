// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/cloud_work.h"
#include "model/diff_parts.h"
#include "model/znodes.h"

namespace arcform {
namespace {

/// True when every service code that is in the way belongs to this deployment.
bool may_move(const Drift& drift, const PlanBuilder& builder) {
  const std::set<std::string>& claims = builder.observed.tree.value().record.claims;
  const std::vector<std::string> codes = codes_to_remove(drift, builder);
  return std::all_of(codes.begin(), codes.end(),
                     [&](const std::string& code) { return claims.contains(code); });
}

/// A node that serves where the spec wants it takes nothing from the other clouds that its mapping
/// names.
bool may_leave(const Drift& drift, const NodeJudgement& judgement, PlanBuilder& builder) {
  const std::vector<std::string> codes = codes_to_remove(drift, builder);
  return judgement.join != nullptr ||
         std::all_of(codes.begin(), codes.end(),
                     [&](const std::string& code) { return may_lose_nodes(code, builder); });
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
  work.map.nodes.reserve(
      static_cast<std::size_t>(std::count_if(drift.begin(), drift.end(), [](const Drift* item) {
        return item->kind == DriftKind::node_unmapped;
      })));
  const std::string* last_host = nullptr;
  std::set<std::string> hosts;
  for (const Drift* item : drift) {
    const bool elsewhere = item->kind == DriftKind::node_mapped_elsewhere;
    if ((item->kind != DriftKind::node_unmapped && !elsewhere) ||
        builder.unknown_hosts.contains(item->host)) {
      continue;
    }
    if (elsewhere && !may_move(*item, builder)) {
      work.left_alone.insert(item->node);
      builder.hold(Hold::foreign, node_subject(*item),
                   fmt::format("{} names {}, not all of it owned by this deployment; unregister it "
                               "there, or choose another port",
                               znodes::mapping_key(item->node), item->detail),
                   item->at);
      continue;
    }
    if (elsewhere) {
      const NodeJudgement judgement =
          judge(witnesses_of(builder.observed, item->host, item->node, item->cloud), item->node, 0);
      if (!may_leave(*item, judgement, builder)) {
        work.left_alone.insert(item->node);
        continue;
      }
      if (judgement.process != nullptr && judgement.join == nullptr) {
        work.to_map.add(*item);
        work.moving.insert(item->node);
        continue;  // plan_restart moves the mapping between stop and start.
      }
    }
    work.to_map.add(*item);
    work.map.nodes.push_back(
        {item->node, node_of(work, item->node).config, codes_to_remove(*item, builder)});
    if ((last_host == nullptr || *last_host != item->host) && hosts.insert(item->host).second) {
      work.map.hosts.push_back(record_of(*builder.desired.host(item->host)));
    }
    last_host = &item->host;
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
  const Drift& first = work.to_map.front();
  const std::size_t count = work.map.nodes.size();
  Reason reason = first.kind == DriftKind::node_mapped_elsewhere
                      ? fmt::format("mapped to {}", first.detail)
                      : "no mapping names their cloud yet";
  if (count == 1 && first.kind == DriftKind::node_unmapped) {
    reason = first.detail.empty() ? "it has no mapping" : first.detail;
  }
  std::set<std::string> left;  // A cloud is not unregistered while its mappings are being moved.
  for (const MappedNode& node : work.map.nodes) {
    left.insert(node.remove.begin(), node.remove.end());
  }
  work.mapped = builder.add(std::move(work.map), std::move(reason), first.at, after);
  for (const std::string& code : left) {
    builder.ring_steps[code].push_back(*work.mapped);
  }
}

std::string foreign_child_text(const Drift& child) {
  if (child.node != Endpoint{}) {
    return fmt::format(
        "cloud {}: {} is not the only znode of {}; an old session's goes by itself, else two "
        "processes go by one address: find the one that should not and stop it",
        child.cloud, printable(child.detail), child.node.text());
  }
  return fmt::format(
      "cloud {}: {} is no node of this cloud, and every node scrubs away live data because of it; "
      "find out who made it and delete it by hand",
      child.cloud, printable(child.detail));
}

bool has_nodes(const DesiredState& desired, std::size_t host) {
  return std::any_of(
      desired.clouds.begin(), desired.clouds.end(), [host](const DesiredCloud& cloud) {
        return std::any_of(cloud.nodes.begin(), cloud.nodes.end(),
                           [host](const DesiredNode& node) { return node.host == host; });
      });
}

/// Nodes stand in clouds of this deployment under that address, which no host of the spec has now.
bool stand_at(const DesiredState& desired, const TreeFacts& tree, const std::string& address) {
  const auto ip = parse_ipv4(address);
  const bool taken =
      std::any_of(desired.hosts.begin(), desired.hosts.end(),
                  [&address](const DesiredHost& host) { return host.address == address; });
  return !taken &&
         std::any_of(tree.record.claims.begin(), tree.record.claims.end(),
                     [&](const std::string& code) {
                       const auto cloud = tree.clouds.find(code);
                       return cloud != tree.clouds.end() &&
                              std::any_of(cloud->second.joined.begin(), cloud->second.joined.end(),
                                          [ip](const ObservedJoin& join) {
                                            return join.endpoint && join.owner != 0 &&
                                                   join.endpoint->ip == ip;
                                          });
                     });
}

bool runs_nodes(const HostFacts* facts) {
  return facts != nullptr &&
         std::any_of(facts->slots.begin(), facts->slots.end(), [facts](const auto& slot) {
           return node_slot_port(slot.first) && facts->process_of(slot.second) != nullptr;
         });
}

void plan_cloud(const std::vector<const Drift*>& drift, CloudWork work, PlanBuilder& builder) {
  for (const Drift* item : drift) {
    if (item->kind == DriftKind::cloud_foreign) {
      builder.teardown_held = true;  // find_adoption says why.
      return;
    }
    if (item->kind == DriftKind::cloud_unregistered && builder.tree_usable) {
      plan_registration(*item, work, builder);
    } else if (item->kind == DriftKind::foreign_child) {
      builder.alarm(foreign_child_text(*item));
    }
  }
  const bool running = builder.desired.ensemble.state == RunState::running;
  if (builder.tree_usable && running) {
    collect_mappings(drift, work, builder);
    plan_mappings(work, builder);
    plan_nodes(drift, work, builder);
    return;
  }
  for (const Drift* item : drift) {
    if (item->kind == DriftKind::node_running && builder.may_serve_unread) {
      builder.hold(Hold::unknown, node_subject(*item),
                   "is kept running, as it is unknown what the ensemble holds", item->at);
    } else if (item->kind == DriftKind::node_running && !running) {
      plan_stop(*item, "the ensemble is to be stopped", builder);
    } else if (item->kind == DriftKind::node_unknown || item->kind == DriftKind::node_port_taken) {
      builder.teardown_held |= item->kind == DriftKind::node_unknown && !running;
      hold_node(*item, builder);
    }
  }
}

}  // namespace

const DesiredNode& node_of(const CloudWork& work, Endpoint endpoint) {
  const auto& nodes = work.cloud->nodes;
  if (work.near < nodes.size() && nodes[work.near].endpoint < endpoint) {
    ++work.near;  // Nodes come in order.
  }
  if (work.near >= nodes.size() || nodes[work.near].endpoint != endpoint) {
    const auto found =
        std::lower_bound(nodes.begin(), nodes.end(), endpoint,
                         [](const DesiredNode& node, Endpoint e) { return node.endpoint < e; });
    work.near = static_cast<std::size_t>(found - nodes.begin());
  }
  return nodes[work.near];
}

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

void hold_moved_hosts(PlanBuilder& builder) {
  const TreeFacts* const tree = builder.observed.tree.get();
  if (tree == nullptr) {
    return;
  }
  const std::vector<DesiredHost>& hosts = builder.desired.hosts;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto record = tree->record.hosts.find(hosts[i].name);
    if (record == tree->record.hosts.end() || record->second.address == hosts[i].address ||
        !has_nodes(builder.desired, i)) {
      continue;
    }
    const std::string& before = record->second.address;
    const bool runs = runs_nodes(builder.observed.host(hosts[i].name));
    if (!runs && !stand_at(builder.desired, *tree, before)) {
      continue;
    }
    builder.moved_hosts.insert(hosts[i].name);
    builder.teardown_held = true;
    builder.hold(
        runs ? Hold::guard : Hold::waiting, hosts[i].name,
        runs ? fmt::format("was at {} when its nodes were started and is at {} in the spec, and a "
                           "node keeps the address that it started with; take the host's nodes out "
                           "of the spec and apply, then put them back, or put the old address back",
                           printable(before), hosts[i].address)
             : fmt::format("znodes of its nodes at {}, where it was before, still stand; they go "
                           "when their sessions expire",
                           printable(before)),
        hosts[i].at);
  }
}

void plan_cloud(const DesiredCloud& cloud, const std::vector<Drift>& drift, PlanBuilder& builder) {
  if (drift.empty()) {
    return;
  }
  std::vector<const Drift*> items;
  items.reserve(drift.size());
  for (const Drift& item : drift) {
    if (builder.moved_hosts.empty() || !builder.moved_hosts.contains(item.host)) {
      items.push_back(&item);
    }
  }
  CloudWork work;
  work.cloud = &cloud;
  if (const TreeFacts* tree = builder.observed.tree.get()) {
    const auto found = tree->clouds.find(cloud.service_code);
    work.in_use = found != tree->clouds.end() && !found->second.joined.empty();
  }
  plan_cloud(items, std::move(work), builder);
}

}  // namespace arcform
