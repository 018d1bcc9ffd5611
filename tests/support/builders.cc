// SPDX-License-Identifier: Apache-2.0
#include "tests/support/builders.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace arcform {

Endpoint at(const std::string& text) {
  const auto endpoint = Endpoint::parse(text);
  if (!endpoint) {
    throw std::invalid_argument("not an endpoint: " + text);
  }
  return *endpoint;
}

SpecBuilder a_spec() {
  return {};
}

DesiredState three_hosts() {
  return a_spec().with_hosts(3).with_ensemble(3).with_cloud("test-cloud").with_nodes(2).build();
}

DesiredState three_hosts_with_threads(std::uint16_t threads) {
  DesiredState desired = three_hosts();
  desired.digest = "threads-" + std::to_string(threads);
  for (DesiredNode& node : desired.clouds[0].nodes) {
    node.config.threads = threads;
  }
  return desired;
}

SpecBuilder::SpecBuilder() {
  state_.deployment = "seoul-prod";
  state_.source = "examples/three-hosts.json";
  DesiredPackage arcus;
  arcus.name = "arcus";
  arcus.installed = "/opt/arcus";
  DesiredPackage zookeeper;
  zookeeper.name = "zookeeper";
  zookeeper.installed = "/usr/share/zookeeper";
  state_.packages = {arcus, zookeeper};
}

SpecBuilder& SpecBuilder::with_host(const std::string& name, const std::string& address) {
  DesiredHost host;
  host.name = name;
  host.address = address;
  host.ssh.user = "arcus";
  host.at = next_line();
  state_.hosts.push_back(host);
  return *this;
}

SpecBuilder& SpecBuilder::with_hosts(int count) {
  for (int i = 1; i <= count; ++i) {
    with_host(fmt::format("cache{:03}.arcus", i), fmt::format("10.0.{}.{}", i / 250, i % 250));
  }
  return *this;
}

SpecBuilder& SpecBuilder::with_ensemble(int count) {
  state_.ensemble.package = "zookeeper";
  state_.ensemble.data_directory = "/home/arcus/zookeeper";
  state_.ensemble.at = next_line();
  for (int id = 1; id <= count; ++id) {
    state_.ensemble.servers.push_back(
        {state_.hosts[static_cast<std::size_t>(id - 1)].name, id, next_line()});
  }
  return *this;
}

SpecBuilder& SpecBuilder::with_external(const std::string& connect_string) {
  state_.ensemble.external = connect_string;
  state_.ensemble.at = next_line();
  return *this;
}

SpecBuilder& SpecBuilder::with_cloud(const std::string& service_code) {
  DesiredCloud cloud;
  cloud.service_code = service_code;
  cloud.package = "arcus";
  cloud.at = next_line();
  state_.clouds.push_back(cloud);
  node_hosts_.emplace_back();
  return *this;
}

SpecBuilder& SpecBuilder::with_node(const std::string& host, std::uint16_t port) {
  const auto found = std::find_if(state_.hosts.begin(), state_.hosts.end(),
                                  [&](const DesiredHost& item) { return item.name == host; });
  DesiredNode node;
  node.endpoint = {*parse_ipv4(found->address), port};
  node.config = {100, 1000, 6, 30};
  node.at = next_line();
  state_.clouds.back().nodes.push_back(node);
  node_hosts_.back().push_back(host);
  return *this;
}

SpecBuilder& SpecBuilder::with_nodes(int count, std::uint16_t port) {
  for (const DesiredHost& host : std::vector<DesiredHost>(state_.hosts)) {
    const SourcePosition line = next_line();
    for (int i = 0; i < count; ++i) {
      with_node(host.name, static_cast<std::uint16_t>(port + i));
      state_.clouds.back().nodes.back().at = line;
    }
    line_ = line.line;
  }
  return *this;
}

DesiredState SpecBuilder::build() const {
  DesiredState state = state_;
  std::sort(state.hosts.begin(), state.hosts.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < state.clouds.size(); ++i) {
    DesiredCloud& cloud = state.clouds[i];
    for (std::size_t j = 0; j < cloud.nodes.size(); ++j) {
      cloud.nodes[j].host =
          static_cast<std::uint32_t>(state.host(node_hosts_[i][j]) - state.hosts.data());
    }
    std::sort(cloud.nodes.begin(), cloud.nodes.end(),
              [](const auto& a, const auto& b) { return a.endpoint < b.endpoint; });
  }
  std::sort(state.clouds.begin(), state.clouds.end(),
            [](const auto& a, const auto& b) { return a.service_code < b.service_code; });
  return state;
}

HostFacts& host_in(ObservedState& observed, const std::string& name) {
  return observed.hosts.at(name).value();
}

TreeFacts& tree_in(ObservedState& observed) {
  return observed.tree.value();
}

ObservedCloud& cloud_in(ObservedState& observed, const std::string& service_code) {
  return tree_in(observed).clouds.at(service_code);
}

void remove_join(ObservedState& observed, Endpoint node) {
  if (!observed.tree.is_present()) {
    return;
  }
  for (auto& [code, cloud] : tree_in(observed).clouds) {
    std::erase_if(cloud.joined, [&](const ObservedJoin& join) { return join.endpoint == node; });
  }
}

void kill_node(ObservedState& observed, const std::string& host, Endpoint node,
               bool ephemeral_stands) {
  remove_process(host_in(observed, host), node_slot(node.port), node.port);
  observed.nodes[node] = Observation<NodeAnswer>::absent();
  if (!ephemeral_stands) {
    remove_join(observed, node);
  }
}

void pause_node(ObservedState& observed, Endpoint node) {
  remove_join(observed, node);
}

void kill_server(ObservedState& observed, const std::string& host, int id,
                 std::uint16_t client_port) {
  remove_process(host_in(observed, host), server_slot(id), client_port);
  observed.servers[id] = Observation<ServerAnswer>::absent();
}

void lose_host(ObservedState& observed, const DesiredState& desired, const std::string& name) {
  const std::string why = "ssh: connection timed out";
  observed.hosts[name] = Observation<HostFacts>::unknown(why);
  for (const DesiredServer& server : desired.ensemble.servers) {
    if (server.host == name) {
      observed.servers[server.id] = Observation<ServerAnswer>::unknown(why);
    }
  }
  const auto ip = parse_ipv4(desired.host(name)->address);
  for (auto& [node, answer] : observed.nodes) {
    if (ip && node.ip == *ip) {
      answer = Observation<NodeAnswer>::unknown(why);
    }
  }
}

void make_foreign(ObservedState& observed, const DesiredState& desired) {
  for (const DesiredServer& server : desired.ensemble.servers) {
    HostFacts& facts = host_in(observed, server.host);
    const ObservedSlot slot = facts.slots.at(server_slot(server.id));
    if (const ObservedProcess* const process = facts.process_of(slot)) {
      observed.strangers[server.id] = {*slot.identity, process->argv, slot.config};
    }
  }
  for (auto& [name, facts] : observed.hosts) {
    facts.value().slots.clear();
  }
  TreeFacts& tree = tree_in(observed);
  tree.record = DeploymentRecord{};
  for (auto& [code, cloud] : tree.clouds) {
    cloud.claimed = false;
  }
}

}  // namespace arcform
