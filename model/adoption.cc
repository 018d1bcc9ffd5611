// SPDX-License-Identifier: Apache-2.0
#include "model/adoption.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "model/node_arguments.h"
#include "model/plan_builder.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

/// How many nodes a message names.
constexpr std::size_t kNamed = 10;

struct Search {
  const DesiredState& desired;
  const ObservedState& observed;
  const Policy& policy;
  Adoption found;
  std::set<Endpoint> looked_at;
};

/// What stands in the cloud's name: mapped or joined, sorted.
std::vector<Endpoint> nodes_seen(const TreeFacts& tree, const std::string& code) {
  std::set<Endpoint> nodes;
  for (const ObservedMapping& mapping : tree.mappings) {
    if (std::count(mapping.service_codes.begin(), mapping.service_codes.end(), code) > 0) {
      nodes.insert(mapping.node);
    }
  }
  if (const auto cloud = tree.clouds.find(code); cloud != tree.clouds.end()) {
    for (const ObservedJoin& join : cloud->second.joined) {
      if (join.endpoint) {
        nodes.insert(*join.endpoint);
      }
    }
  }
  return {nodes.begin(), nodes.end()};
}

std::vector<Endpoint> unlisted(const DesiredCloud& cloud, const std::vector<Endpoint>& seen) {
  std::set<Endpoint> listed;
  for (const DesiredNode& node : cloud.nodes) {
    listed.insert(node.endpoint);
  }
  std::vector<Endpoint> out;
  std::copy_if(seen.begin(), seen.end(), std::back_inserter(out),
               [&listed](Endpoint node) { return !listed.contains(node); });
  return out;
}

std::string names_of(const std::vector<Endpoint>& nodes) {
  std::string text;
  for (std::size_t i = 0; i < std::min(nodes.size(), kNamed); ++i) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", nodes[i].text());
  }
  return nodes.size() > kNamed ? fmt::format("{} and {} more", text, nodes.size() - kNamed) : text;
}

bool asked_for(const std::vector<std::string>& names, const std::string& code) {
  return std::count(names.begin(), names.end(), code) > 0;
}

/// The one process that was started to be the cache node on this port; nullptr: none, or several.
const ObservedProcess* process_for(const HostFacts& facts, std::uint16_t port) {
  const ObservedProcess* found = nullptr;
  for (const ObservedProcess& process : facts.processes) {
    const auto arguments =
        process.comm == "memcached" ? parse_node_arguments(process.argv) : std::nullopt;
    if (arguments && arguments->port == port && !arguments->connect_string.empty()) {
      if (found != nullptr) {
        return nullptr;
      }
      found = &process;
    }
  }
  return found;
}

/// All three witnesses must speak for the process, as they must for one of ours.
void look_at_node(Search& search, const std::string& host, Endpoint node, const std::string& code) {
  if (!search.looked_at.insert(node).second) {
    return;
  }
  const NodeWitnesses witnesses = witnesses_of(search.observed, host, node, code);
  const NodeJudgement judgement = judge(witnesses, node, 0);
  const bool answers = witnesses.answer != nullptr && witnesses.answer->is_present();
  if (judgement.verdict != Verdict::foreign || judgement.join == nullptr || !answers) {
    return;
  }
  const HostFacts& facts = witnesses.host->value();
  if (const ObservedProcess* const process = process_for(facts, node.port)) {
    search.found.nodes.push_back(
        {host, node, code,
         RunningProcess{{facts.boot_id, process->pid, process->start_ticks}, process->argv}});
  }
}

const DesiredHost* host_at(const DesiredState& desired, Endpoint node) {
  const auto found =
      std::find_if(desired.hosts.begin(), desired.hosts.end(),
                   [node](const DesiredHost& host) { return parse_ipv4(host.address) == node.ip; });
  return found == desired.hosts.end() ? nullptr : &*found;
}

void refuse_cloud(Search& search, const Drift& drift, Hold hold, std::string reason) {
  search.found.refused.push_back({hold, "cloud " + drift.cloud, std::move(reason), drift.at});
}

void look_at_cloud(Search& search, const Drift& drift) {
  const TreeFacts& tree = search.observed.tree.value();
  const DesiredCloud& cloud = *search.desired.cloud(drift.cloud);
  const ObservedCloud& seen = tree.clouds.at(drift.cloud);
  if (!seen.claimed_by.empty()) {
    refuse_cloud(search, drift, Hold::foreign,
                 fmt::format("belongs to deployment {}; take it out of that spec first, or choose "
                             "another service code",
                             printable(seen.claimed_by, 64)));
    return;
  }
  if (search.desired.ensemble.state == RunState::stopped) {
    refuse_cloud(search, drift, Hold::guard,
                 "is not ours yet, and is not taken over to be stopped; apply with the ensemble "
                 "\"running\" first");
    return;
  }
  AdoptCloud adopt{drift.cloud, nodes_seen(tree, drift.cloud), {}};
  const std::vector<Endpoint> extra = unlisted(cloud, adopt.nodes);
  const bool removal = asked_for(search.policy.adopt, drift.cloud) &&
                       asked_for(search.policy.allow_removal, drift.cloud);
  if (!extra.empty() && !removal) {
    refuse_cloud(
        search, drift, Hold::guard,
        fmt::format("is not ours yet, and the spec does not list {} of its nodes: {}; list "
                    "them, or take it over and have them removed with --adopt {} "
                    "--allow-removal {}",
                    extra.size(), names_of(extra), drift.cloud, drift.cloud));
    return;
  }
  std::set<std::uint32_t> hosts;
  for (const DesiredNode& node : cloud.nodes) {
    hosts.insert(node.host);
    look_at_node(search, search.desired.hosts[node.host].name, node.endpoint, drift.cloud);
  }
  for (const std::uint32_t host : hosts) {
    adopt.hosts.push_back(record_of(search.desired.hosts[host]));
  }
  for (const Endpoint node : extra) {
    if (const DesiredHost* const host = host_at(search.desired, node)) {
      look_at_node(search, host->name, node, drift.cloud);
    }
  }
  search.found.clouds.push_back(std::move(adopt));
}

void look_at_server(Search& search, const Drift& drift) {
  const auto running = search.observed.strangers.find(drift.server);
  const auto& servers = search.desired.ensemble.servers;
  const auto server =
      std::find_if(servers.begin(), servers.end(),
                   [&drift](const DesiredServer& item) { return item.id == drift.server; });
  if (running == search.observed.strangers.end() || server == servers.end() ||
      !server_difference(search.desired, *server, running->second).empty()) {
    return;  // Told by the difference itself.
  }
  search.found.servers.push_back({drift.host, drift.server,
                                  RunningProcess{running->second.process, running->second.argv},
                                  zoo_cfg(search.desired), search.desired.ensemble.data_directory});
}

ObservedSlot& slot_of(ObservedState& world, const std::string& host, const std::string& name,
                      const ProcessIdentity& process) {
  ObservedSlot& slot = world.hosts.at(host).value().slots[name];
  slot.name = name;
  slot.identity = process;
  slot.digest = {};
  return slot;
}

}  // namespace

Adoption find_adoption(const DesiredState& desired, const ObservedState& observed,
                       const std::vector<Drift>& drift, const Policy& policy) {
  Search search{desired, observed, policy, {}, {}};
  for (const Drift& item : drift) {
    const bool removed = item.kind == DriftKind::node_unlisted && !item.host.empty() &&
                         !item.cloud.empty() && asked_for(policy.adopt, item.cloud);
    if (item.kind == DriftKind::cloud_foreign) {
      look_at_cloud(search, item);
    } else if (item.kind == DriftKind::server_port_taken) {
      look_at_server(search, item);
    } else if (item.kind == DriftKind::node_port_taken || removed) {
      look_at_node(search, item.host, item.node, item.cloud);
    }
  }
  return std::move(search.found);
}

void keep_contacts(const std::vector<Drift>& drift, std::vector<Drift>* contacts) {
  for (const Drift& item : drift) {
    if (contacts != nullptr &&
        (item.kind == DriftKind::cloud_foreign || item.kind == DriftKind::server_port_taken ||
         item.kind == DriftKind::node_port_taken || item.kind == DriftKind::node_unlisted)) {
      contacts->push_back(item);
    }
  }
}

ObservedState after_adoption(const ObservedState& observed, const Adoption& adoption) {
  ObservedState world = observed;
  for (const AdoptServer& server : adoption.servers) {
    ObservedSlot& slot =
        slot_of(world, server.host, server_slot(server.id), server.running->identity);
    slot.digest = zoo_digest(server.config);
    slot.config = server.config;
    world.hosts.at(server.host).value().data.myid = fmt::to_string(server.id);
    world.strangers.erase(server.id);
  }
  for (const AdoptCloud& cloud : adoption.clouds) {
    world.tree.value().clouds.at(cloud.service_code).claimed = true;
    world.tree.value().record.claims.insert(cloud.service_code);
  }
  for (const AdoptNode& node : adoption.nodes) {
    slot_of(world, node.host, node_slot(node.node.port), node.running->identity);
  }
  return world;
}

}  // namespace arcform
