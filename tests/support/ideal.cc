// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/diff_parts.h"
#include "model/follow_ensemble.h"
#include "model/node_arguments.h"
#include "model/zoo_cfg.h"
#include "tests/support/builders.h"

namespace arcform {
namespace {

void put_servers(const DesiredState& desired, int leader, ObservedState& observed) {
  const DesiredEnsemble& ensemble = desired.ensemble;
  const std::string config = zoo_cfg(desired);
  for (const DesiredServer& server : ensemble.servers) {
    HostFacts& facts = host_in(observed, server.host);
    const std::string slot = server_slot(server.id);
    facts.data = {true, fmt::to_string(server.id), true};
    if (ensemble.state == RunState::running) {
      const std::string path = fmt::format("{}/{}/zoo.cfg", facts.directory, slot);
      put_process(facts, slot, static_cast<std::uint32_t>(900 + server.id), "java",
                  server_arguments("/usr/share/java/zookeeper.jar", path), ensemble.client_port);
      ServerAnswer answer;
      answer.mode = server.id == leader ? ServerMode::leader : ServerMode::follower;
      answer.version = "3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on 2022-02-25";
      answer.connections = 4;
      observed.servers[server.id] = Observation<ServerAnswer>::present(answer);
    } else {
      facts.slots[slot].name = slot;
      observed.servers[server.id] = Observation<ServerAnswer>::absent();
    }
    facts.slots[slot].config = config;
    facts.slots[slot].digest = zoo_digest(config);
  }
}

void put_cloud(const DesiredState& desired, const DesiredCloud& cloud, ObservedState& observed,
               TreeFacts& tree) {
  ObservedCloud& seen = tree.clouds[cloud.service_code];
  seen.cache_list = seen.client_list = seen.claimed = true;
  tree.service_codes.push_back(cloud.service_code);
  tree.record.claims.insert(cloud.service_code);
  const DesiredPackage& package = *desired.package(cloud.package);
  const Launch launch{package.name,
                      package.installed,
                      package.installed + "/lib/default_engine.so",
                      {},
                      connect_string(desired)};
  for (const DesiredNode& node : cloud.nodes) {
    const DesiredHost& host = desired.hosts[node.host];
    HostFacts& facts = host_in(observed, host.name);
    put_mapping(tree, node.endpoint, cloud.service_code);
    tree.record.hosts[host.name] = record_for(host);
    if (!nodes_should_run(desired, cloud)) {
      observed.nodes[node.endpoint] = Observation<NodeAnswer>::absent();
      continue;
    }
    const auto pid = static_cast<std::uint32_t>(1000 + facts.processes.size());
    put_process(facts, node_slot(node.endpoint.port), pid, "memcached",
                node_arguments(launch, node.endpoint, node.config), node.endpoint.port);
    put_join(seen, node.endpoint, 0x100000 + pid);
    NodeAnswer answer = just_started(node.config, launch.connect_string);
    for (const SettingInfo& info : all_node_settings()) {
      if (const auto value = node.config.online_value(info.setting)) {
        answer.settings.set(info.setting, *value);
      }
    }
    observed.nodes[node.endpoint] = Observation<NodeAnswer>::present(answer);
  }
}

}  // namespace

HostFacts bare_host(const DesiredState& desired, const std::string& name) {
  HostFacts facts;
  facts.boot_id = "boot-" + name;
  facts.uptime_ticks = 10'000'000;
  facts.directory = "/home/arcus/.arcform/" + desired.deployment;
  facts.memory_total_kb = 16U << 20U;
  facts.memory_available_kb = 12U << 20U;
  facts.open_files_hard = 1'048'576;
  facts.java = true;
  facts.directory_writable = true;
  for (const DesiredPackage& package : desired.packages) {
    ObservedPackage& seen = facts.packages[package.installed];
    if (package.name == desired.ensemble.package) {
      seen.zookeeper_classpath = "/usr/share/java/zookeeper.jar";
    } else {
      seen.cache_node = true;
      seen.engine = package.installed + "/lib/default_engine.so";
    }
  }
  return facts;
}

void put_process(HostFacts& facts, const std::string& slot, std::uint32_t pid,
                 const std::string& comm, std::vector<std::string> argv, std::uint16_t port) {
  const ObservedProcess process{pid, std::uint64_t{pid} * 10, comm, std::move(argv)};
  facts.processes.insert(
      std::lower_bound(facts.processes.begin(), facts.processes.end(), pid,
                       [](const ObservedProcess& item, std::uint32_t p) { return item.pid < p; }),
      process);
  facts.slots[slot].name = slot;
  facts.slots[slot].identity = ProcessIdentity{facts.boot_id, pid, process.start_ticks};
  if (!facts.is_listening(port)) {
    facts.listening.insert(std::lower_bound(facts.listening.begin(), facts.listening.end(), port),
                           port);
  }
}

void remove_process(HostFacts& facts, const std::string& slot, std::uint16_t port) {
  const ObservedSlot* const found = facts.slot(slot);
  const ObservedProcess* const process = found != nullptr ? facts.process_of(*found) : nullptr;
  if (process != nullptr) {
    std::erase(facts.listening, port);
    std::erase_if(facts.processes,
                  [pid = process->pid](const ObservedProcess& item) { return item.pid == pid; });
  }
}

void put_mapping(TreeFacts& tree, Endpoint node, const std::string& service_code) {
  const auto found = std::lower_bound(
      tree.mappings.begin(), tree.mappings.end(), node,
      [](const ObservedMapping& mapping, Endpoint wanted) { return mapping.node < wanted; });
  if (found == tree.mappings.end() || found->node != node) {
    tree.mappings.insert(found, {node, {service_code}});
  } else if (std::count(found->service_codes.begin(), found->service_codes.end(), service_code) ==
             0) {
    found->service_codes.push_back(service_code);
    std::sort(found->service_codes.begin(), found->service_codes.end());
  }
}

void put_join(ObservedCloud& cloud, Endpoint node, std::int64_t owner) {
  cloud.joined.push_back({fmt::format("{}-{}", node.text(), "localhost"), node, owner, owner});
  std::sort(cloud.joined.begin(), cloud.joined.end(), [](const auto& a, const auto& b) {
    return std::tie(a.endpoint, a.name) < std::tie(b.endpoint, b.name);
  });
}

NodeAnswer just_started(const NodeConfig& config) {
  NodeAnswer answer{"1.15.0", AdminProtocol::config};
  for (const SettingInfo& info : all_node_settings()) {
    answer.settings.set(info.setting, info.at_start);
  }
  answer.settings.set(NodeSetting::memlimit, config.memlimit_mb);
  answer.settings.set(NodeSetting::connections, config.connections);
  return answer;
}

NodeAnswer just_started_as_stock(const NodeConfig& config) {
  NodeAnswer answer{"1.6.18", AdminProtocol::cache_memlimit};
  answer.settings.set(NodeSetting::memlimit, config.memlimit_mb);
  answer.settings.set(NodeSetting::connections, config.connections);
  return answer;
}

NodeAnswer just_started(const NodeConfig& config, const std::string& connect_string) {
  NodeAnswer answer = just_started(config);
  answer.servers = parse_servers(connect_string).value_or(std::vector<Endpoint>());
  return answer;
}

HostRecord record_for(const DesiredHost& host) {
  return {host.name, host.address, "ssh", host.ssh.user, host.ssh.port, host.ssh.directory};
}

ObservedState bare(const DesiredState& desired) {
  ObservedState observed;
  for (const DesiredHost& host : desired.hosts) {
    observed.hosts[host.name] = Observation<HostFacts>::present(bare_host(desired, host.name));
  }
  for (const DesiredServer& server : desired.ensemble.servers) {
    observed.servers[server.id] = Observation<ServerAnswer>::absent();
  }
  for (const DesiredCloud& cloud : desired.clouds) {
    for (const DesiredNode& node : cloud.nodes) {
      observed.nodes[node.endpoint] = Observation<NodeAnswer>::absent();
    }
  }
  const bool external = !desired.ensemble.external.empty();
  observed.tree = external ? Observation<TreeFacts>::present({}) : Observation<TreeFacts>::absent();
  return observed;
}

ObservedState ideal(const DesiredState& desired, int leader) {
  ObservedState observed = bare(desired);
  if (leader == 0 && !desired.ensemble.servers.empty()) {
    leader = desired.ensemble.servers.back().id;
  }
  put_servers(desired, leader, observed);
  TreeFacts tree;
  tree.arcus_tree = tree.server_log = true;
  tree.session_timeout_ms = 10'000;
  tree.record.epoch_version = 1;
  tree.record.revision = 1;
  for (const DesiredCloud& cloud : desired.clouds) {
    put_cloud(desired, cloud, observed, tree);
  }
  observed.tree = desired.ensemble.state == RunState::running
                      ? Observation<TreeFacts>::present(std::move(tree))
                      : Observation<TreeFacts>::unknown("connection refused");
  return observed;
}

}  // namespace arcform
