// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "model/diff_parts.h"
#include "model/follow_ensemble.h"

namespace arcform {
namespace {

/// A slot of a node: its host and port. The host may have had another address then.
using NodeSlots = std::set<std::pair<std::string, std::uint16_t>>;

/// Nodes that are mapped to a cloud of ours and stand in no cloud of the spec.
void diff_unlisted_mappings(const DiffWorld& world, NodeSlots& seen, std::vector<Drift>& out) {
  const std::set<std::string>& claims = world.tree->record.claims;
  std::size_t next = 0;
  for (const ObservedMapping& mapping : world.tree->mappings) {
    if (wanted_cloud(world, mapping.node, next) != nullptr) {
      continue;
    }
    const auto found = world.host_names.find(mapping.node.ip);
    const std::string host = found == world.host_names.end() ? "" : found->second;
    for (const std::string& code : mapping.service_codes) {
      if (claims.contains(code)) {
        seen.emplace(host, mapping.node.port);
        out.push_back(
            node_drift(DriftKind::node_unlisted, host, code, mapping.node, {}, "not in the spec"));
      }
    }
  }
}

/// Slots of ours on the spec's hosts whose node is neither wanted nor mapped: an earlier removal
/// was cut short.
void diff_unlisted_slots(const DiffWorld& world, const NodeSlots& seen, std::vector<Drift>& out) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < world.hosts.size(); ++i) {
    const auto ip = parse_ipv4(world.desired.hosts[i].address);
    if (!ip || world.hosts[i] == nullptr || !world.hosts[i]->is_present()) {
      continue;
    }
    const auto& slots = world.hosts[i]->value().slots;
    if (slots.size() == world.slots_known[i]) {
      continue;  // Every one was met as a node's or server's of the spec.
    }
    for (const auto& [name, slot] : slots) {
      const auto port = node_slot_port(name);
      const Endpoint node{*ip, port.value_or(0)};
      const std::string& host = world.desired.hosts[i].name;
      if (port && wanted_cloud(world, node, next) == nullptr && !seen.contains({host, *port})) {
        out.push_back(node_drift(DriftKind::node_unlisted, host, "", node, {},
                                 "not in the spec, not mapped"));
      }
    }
  }
}

/// The hosts of the spec and of the record, and which of their slots are servers'.
void index_hosts(DiffWorld& world) {
  for (const DesiredHost& host : world.desired.hosts) {
    const auto found = world.observed.hosts.find(host.name);
    world.hosts.push_back(found == world.observed.hosts.end() ? nullptr : &found->second);
    if (const auto ip = parse_ipv4(host.address)) {
      world.host_names.emplace(*ip, host.name);
    }
  }
  if (world.tree != nullptr) {
    for (const auto& [name, record] : world.tree->record.hosts) {
      if (const auto ip = parse_ipv4(record.address)) {
        world.host_names.emplace(*ip, name);
      }
    }
  }
  world.slots_known.resize(world.hosts.size());
  for (const DesiredServer& server : world.desired.ensemble.servers) {
    const HostFacts* const facts = world.observed.host(server.host);
    const DesiredHost* const host = world.desired.host(server.host);
    if (host != nullptr && facts != nullptr && facts->slot(server_slot(server.id)) != nullptr) {
      ++world.slots_known[static_cast<std::size_t>(host - world.desired.hosts.data())];
    }
  }
}

}  // namespace

bool runs_in_our_slot(const DesiredState& desired, const ObservedState& observed, Endpoint node) {
  return std::any_of(desired.hosts.begin(), desired.hosts.end(), [&](const DesiredHost& host) {
    const HostFacts* const facts =
        parse_ipv4(host.address) == node.ip ? observed.host(host.name) : nullptr;
    const ObservedSlot* const slot = facts != nullptr ? facts->slot(node_slot(node.port)) : nullptr;
    return slot != nullptr && facts->process_of(*slot) != nullptr;
  });
}

DiffWorld index(const DesiredState& desired, const ObservedState& observed) {
  DiffWorld world{desired, observed, observed.tree.get(), false, {}, {}, {}, {}, {}, {}};
  world.connect_string = connect_string(desired);
  world.servers = parse_servers(world.connect_string).value_or(std::vector<Endpoint>());
  world.tree_known =
      world.tree != nullptr || observed.tree.is_absent() || ensemble_is_new(desired, observed);
  index_hosts(world);
  std::size_t nodes = 0;
  for (const DesiredCloud& cloud : desired.clouds) {
    nodes += cloud.nodes.size();
  }
  world.wanted.reserve(nodes);
  for (const DesiredCloud& cloud : desired.clouds) {
    for (const DesiredNode& node : cloud.nodes) {
      world.wanted.emplace_back(node.endpoint, &cloud);
    }
  }
  if (!std::is_sorted(world.wanted.begin(), world.wanted.end())) {
    std::sort(world.wanted.begin(), world.wanted.end());
  }
  return world;
}

const DesiredCloud* wanted_cloud(const DiffWorld& world, Endpoint node, std::size_t& next) {
  if (next >= world.wanted.size() || world.wanted[next].first != node) {
    const auto found = std::lower_bound(
        world.wanted.begin(), world.wanted.end(), node,
        [](const auto& entry, Endpoint endpoint) { return entry.first < endpoint; });
    next = static_cast<std::size_t>(found - world.wanted.begin());
  }
  const bool found = next < world.wanted.size() && world.wanted[next].first == node;
  return found ? world.wanted[next++].second : nullptr;
}

Drift node_drift(DriftKind kind, const std::string& host, const std::string& cloud, Endpoint node,
                 SourcePosition at, Reason detail) {
  Drift drift;
  drift.kind = kind;
  drift.host = host;
  drift.cloud = cloud;
  drift.node = node;
  drift.at = at;
  drift.detail = std::move(detail);
  return drift;
}

void diff_unlisted(const DiffWorld& world, std::vector<Drift>& out) {
  NodeSlots seen;
  if (world.tree != nullptr) {
    diff_unlisted_mappings(world, seen, out);
    for (const std::string& code : world.tree->record.claims) {
      if (world.desired.cloud(code) == nullptr) {
        Drift drift;
        drift.kind = DriftKind::cloud_unlisted;
        drift.cloud = code;
        out.push_back(drift);
      }
    }
  }
  const bool none_serves = world.desired.ensemble.state == RunState::stopped &&
                           !ensemble_may_serve(world.desired, world.observed);
  if (world.tree_known || none_serves) {
    diff_unlisted_slots(world, seen, out);
  }
}

}  // namespace arcform
