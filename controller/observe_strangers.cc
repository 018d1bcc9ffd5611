// SPDX-License-Identifier: Apache-2.0
#include "controller/observe_strangers.h"

#include <algorithm>

#include "model/node_arguments.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

/// Sorted.
std::vector<std::uint32_t> pids_of_ours(const HostFacts& facts) {
  std::vector<std::uint32_t> pids;
  for (const auto& [name, slot] : facts.slots) {
    if (const ObservedProcess* const process = facts.process_of(slot)) {
      pids.push_back(process->pid);
    }
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

bool is_one_of(const std::vector<std::uint32_t>& pids, const ObservedProcess& process) {
  return std::binary_search(pids.begin(), pids.end(), process.pid);
}

bool is_server(const ObservedProcess& process) {
  return std::count(process.argv.begin(), process.argv.end(),
                    "org.apache.zookeeper.server.quorum.QuorumPeerMain") > 0;
}

/// The file and, behind it, the one with the members that a server with dynamic reconfiguration
/// keeps apart.
Awaitable<std::optional<std::string>> read_config(HostReader& host, std::string path) {
  if (!path.starts_with('/')) {
    co_return std::nullopt;
  }
  const auto text = co_await host.read_file(path);
  if (!text || !*text) {
    co_return std::nullopt;
  }
  std::string config = **text;
  const auto settings = zoo_settings(config);
  const auto dynamic = settings.find("dynamicConfigFile");
  if (dynamic != settings.end() && dynamic->second.starts_with('/')) {
    std::string members_path = dynamic->second;
    const auto members = co_await host.read_file(std::move(members_path));
    if (!members || !*members) {
      co_return std::nullopt;
    }
    config += "\n" + **members;
  }
  co_return std::move(config);
}

}  // namespace

std::vector<std::uint16_t> stranger_ports(const HostFacts& facts) {
  std::vector<std::uint16_t> ports;
  const std::vector<std::uint32_t> ours = pids_of_ours(facts);
  for (const ObservedProcess& process : facts.processes) {
    if (process.comm != "memcached" || is_one_of(ours, process)) {
      continue;
    }
    const auto arguments = parse_node_arguments(process.argv);
    if (arguments && !arguments->connect_string.empty()) {
      ports.push_back(arguments->port);
    }
  }
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

Awaitable<std::vector<RunningServer>> observe_servers(HostReader& host, const HostFacts& facts) {
  std::vector<RunningServer> servers;
  for (const ObservedProcess& process : facts.processes) {
    if (!is_server(process)) {
      continue;
    }
    std::string path(process.argv.back());
    const auto config = co_await read_config(host, std::move(path));
    if (config) {
      servers.push_back({{facts.boot_id, process.pid, process.start_ticks}, process.argv, *config});
    }
  }
  co_return std::move(servers);
}

Awaitable<std::optional<RunningServer>> observe_stranger(HostReader& host, const HostFacts& facts,
                                                         int id, std::uint16_t client_port) {
  HostFacts others;
  others.boot_id = facts.boot_id;
  const std::vector<std::uint32_t> ours = pids_of_ours(facts);
  for (const ObservedProcess& process : facts.processes) {
    if (is_server(process) && !is_one_of(ours, process)) {
      others.processes.push_back(process);
    }
  }
  std::vector<RunningServer> servers = co_await observe_servers(host, others);
  std::erase_if(servers, [&](const RunningServer& server) {
    return client_port_of(server.config, id) != client_port;
  });
  if (servers.size() != 1) {
    co_return std::nullopt;
  }
  co_return std::move(servers.front());
}

}  // namespace arcform
