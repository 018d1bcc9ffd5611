// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "model/names.h"
#include "specs/parts.h"

namespace arcform {
namespace {

constexpr std::uint64_t kMemoryUsualMb = 1024 * 1024;

void check_ports_twice(Reading& reading) {
  std::vector<const PlacedNode*> order;
  order.reserve(reading.nodes.size());
  for (const PlacedNode& node : reading.nodes) {
    order.push_back(&node);
  }
  std::stable_sort(order.begin(), order.end(), [](const PlacedNode* a, const PlacedNode* b) {
    return std::tie(a->host, a->port) < std::tie(b->host, b->port);
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const PlacedNode& first = *order[i - 1];
    const PlacedNode& second = *order[i];
    if (first.host == second.host && first.port == second.port) {
      reading.problems.error(
          second.at, second.path(),
          fmt::format("port {} of host {} is used twice, first by {} in line {}", second.port,
                      reading.desired.hosts[second.host].name, first.path(), first.at.line),
          "give every node its own port");
    }
  }
}

/// Cache nodes on ports that a ZooKeeper server of the same host needs.
void check_server_ports(Reading& reading) {
  const DesiredEnsemble& ensemble = reading.desired.ensemble;
  std::vector<bool> has_server(reading.desired.hosts.size(), false);
  for (const DesiredServer& server : ensemble.servers) {
    if (const DesiredHost* const host = reading.desired.host(server.host)) {
      has_server[static_cast<std::size_t>(host - reading.desired.hosts.data())] = true;
    }
  }
  const std::array<std::pair<std::uint16_t, const char*>, 3> ports{{
      {ensemble.client_port, "client"},
      {ensemble.quorum_port, "quorum"},
      {ensemble.election_port, "election"},
  }};
  for (const PlacedNode& node : reading.nodes) {
    for (const auto& [port, use] : ports) {
      if (has_server[node.host] && node.port == port) {
        reading.problems.error(node.at, node.path(),
                               fmt::format("port {} of host {} is the {} port of its ZooKeeper "
                                           "server",
                                           port, reading.desired.hosts[node.host].name, use),
                               "give the node another port");
      }
    }
  }
}

/// Every node holds one connection, and a server takes only so many from one address: the node
/// beyond waits a session timeout and exits (seen with arcus-memcached 1.15.0).
void check_connections(Reading& reading) {
  const auto limit = reading.desired.ensemble.config.find("maxClientCnxns");
  if (limit == reading.desired.ensemble.config.end() || limit->second == "0") {
    return;
  }
  std::vector<std::size_t> counts(reading.desired.hosts.size(), 0);
  for (const PlacedNode& node : reading.nodes) {
    if (++counts[node.host] == std::stoull(limit->second) + 1) {
      reading.problems.error(
          node.at, node.path(),
          fmt::format("more than {} cache nodes on host {}, and a server takes {} connections "
                      "from one address",
                      limit->second, reading.desired.hosts[node.host].name, limit->second),
          "raise \"maxClientCnxns\" in ensemble.config, with room for clients, or move nodes");
    }
  }
}

void check_memory(Reading& reading) {
  std::vector<std::uint64_t> sums(reading.desired.hosts.size(), 0);
  for (const PlacedNode& node : reading.nodes) {
    sums[node.host] += node.memlimit_mb;
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const DesiredHost& host = reading.desired.hosts[i];
    if (host.memory_mb > 0 && sums[i] > host.memory_mb) {
      reading.problems.error(
          host.at, reading.path_of(host),
          fmt::format("the cache nodes of host {} need {} MB, more than its {} MB", host.name,
                      sums[i], host.memory_mb),
          "lower \"memlimit\", move nodes, or raise \"memory\" of the host");
    } else if (host.memory_mb == 0 && sums[i] > kMemoryUsualMb) {
      reading.problems.warning(
          host.at, reading.path_of(host),
          fmt::format("the cache nodes of host {} need {} MB, more than 1 TB", host.name, sums[i]),
          "\"memlimit\" is in MB; say \"memory\" of the host if it is right");
    }
  }
}

bool is_loopback(std::uint32_t ip) {
  return ip >> 24U == 127;
}

/// The first address of the ensemble; every node takes its own address from the route to it.
std::optional<std::uint32_t> ensemble_ip(const DesiredState& desired) {
  const DesiredEnsemble& ensemble = desired.ensemble;
  if (!ensemble.external.empty()) {
    const std::string first = ensemble.external.substr(0, ensemble.external.find(','));
    const auto endpoint = Endpoint::parse(first);
    return endpoint ? std::optional(endpoint->ip) : std::nullopt;
  }
  const DesiredHost* const host =
      ensemble.servers.empty() ? nullptr : desired.host(ensemble.servers.front().host);
  return host != nullptr ? parse_ipv4(host->address) : std::nullopt;
}

/// arcus-memcached 1.15.0, arcus_zk.c:arcus_build_znode_name: a node's name is its source address
/// towards the ensemble, so loopback on one side only gives it a name that nobody expects.
void check_loopback(Reading& reading) {
  const auto zookeeper = ensemble_ip(reading.desired);
  if (!zookeeper) {
    return;
  }
  for (const PlacedNode& node : reading.nodes) {
    const DesiredHost& host = reading.desired.hosts[node.host];
    const auto ip = parse_ipv4(host.address);
    if (ip && is_loopback(*ip) != is_loopback(*zookeeper)) {
      reading.problems.error(
          node.at, node.path(),
          fmt::format("host {} is {}, and the ensemble is {}", host.name,
                      is_loopback(*ip) ? "on loopback" : "not on loopback",
                      is_loopback(*zookeeper) ? "on loopback" : "not"),
          "a node takes its address from the way to the ensemble; put both on loopback or "
          "neither");
    }
  }
}

}  // namespace

std::string PlacedNode::path() const {
  return fmt::format("clouds[{}].nodes[{}]", cloud, entry);
}

void check_across(Reading& reading) {
  check_ports_twice(reading);
  check_server_ports(reading);
  check_memory(reading);
  check_connections(reading);
  check_loopback(reading);
}

}  // namespace arcform
