// SPDX-License-Identifier: Apache-2.0
#include "controller/observe.h"

#include <algorithm>
#include <list>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "controller/observe_strangers.h"
#include "controller/read_tree.h"
#include "drivers/task_group.h"
#include "model/membership.h"
#include "model/packages.h"
#include "model/znodes.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

constexpr std::size_t kProbesAtOnce = 64;
/// Seconds, as long as a probe may take: what has been there so long was there when it began.
constexpr std::uint64_t kLongThere = 30;

/// A host whose probe is not back yet.
struct Probing {
  const DesiredHost& access;
  HostReader& host;
  TaskGroup& beside;  ///< the probe, and what is asked meanwhile
  std::optional<Result<HostFacts>> facts;
};

/// One observation under way; all of its coroutines run on one thread.
struct Round {
  ReadWorld world;
  EnsembleSession& session;
  const DesiredState& desired;
  ObservePatience patience;
  ObservedState seen;
  std::list<Probing*> probing;
  /// Answers of ports that were asked beside the probe. They count once it has shown who is
  /// there.
  std::map<Endpoint, Observation<NodeAnswer>> early_nodes;
  std::map<int, Observation<ServerAnswer>> early_servers;
  std::size_t servers_open = 0;  ///< hosts of servers whose probe is not back yet
  bool server_possible = false;  ///< one may be serving: its host is unknown, or it listens
  std::vector<std::pair<Endpoint, std::uint32_t>> memory{};  ///< in MB, as the spec wants it
};

const DesiredServer* server_on(const DesiredState& desired, const std::string& host) {
  for (const DesiredServer& server : desired.ensemble.servers) {
    if (server.host == host) {
      return &server;
    }
  }
  return nullptr;
}

bool is_id_of_spec(const DesiredState& desired, int id) {
  return std::any_of(desired.ensemble.servers.begin(), desired.ensemble.servers.end(),
                     [id](const DesiredServer& server) { return server.id == id; });
}

ProbeRequest request_for(const DesiredState& desired, const std::string& host) {
  ProbeRequest request;
  for (const DesiredPackage& package : desired.packages) {
    if (!package.installed.empty()) {
      request.prefixes.push_back(package.installed);
    } else {
      request.releases.push_back({package.name, package.directory, release_name(package)});
    }
  }
  if (server_on(desired, host) != nullptr) {
    request.data_directory = desired.ensemble.data_directory;
  }
  return request;
}

/// Whether the spec gives the node less memory than it has.
bool is_to_shrink(const Round& round, Endpoint endpoint, const NodeAnswer& answer) {
  const auto has = answer.settings.get(NodeSetting::memlimit);
  const auto wanted = std::lower_bound(round.memory.begin(), round.memory.end(),
                                       std::pair<Endpoint, std::uint32_t>(endpoint, 0));
  return has && wanted != round.memory.end() && wanted->first == endpoint && wanted->second < *has;
}

/// The memory that the spec gives each node, by node.
std::vector<std::pair<Endpoint, std::uint32_t>> wanted_memory(const DesiredState& desired) {
  std::vector<std::pair<Endpoint, std::uint32_t>> memory;
  for (const DesiredCloud& cloud : desired.clouds) {
    for (const DesiredNode& node : cloud.nodes) {
      memory.emplace_back(node.endpoint, node.config.memlimit_mb);
    }
  }
  std::sort(memory.begin(), memory.end());
  return memory;
}

/// Also what the node holds, where it is to get less.
Awaitable<Observation<NodeAnswer>> ask_wholly(Round& round, HostReader& host, Endpoint node) {
  Observation<NodeAnswer> answer = co_await ask_node(host, node.port, round.patience.answer);
  if (answer.is_present() && is_to_shrink(round, node, answer.value())) {
    const Observation<NodeCounters> counters =
        co_await ask_counters(host, node.port, round.patience.answer);
    if (counters.is_present()) {
      answer.value().held_mb = static_cast<std::uint32_t>(counters.value().malloced >> 20U);
    }
  }
  co_return answer;
}

Awaitable<void> ask_node_early(Round& round, HostReader& host, Endpoint node) {
  Observation<NodeAnswer> answer = co_await ask_wholly(round, host, node);
  round.early_nodes.insert_or_assign(node, std::move(answer));
}

Awaitable<void> ask_server_early(Round& round, HostReader& host, DesiredHost access, int id) {
  std::vector<Endpoint> places = server_endpoints(access, round.desired);
  Observation<ServerAnswer> answer = Observation<ServerAnswer>::absent();
  if (reconfigures(round.desired)) {
    answer = co_await ask_member(round.world.loop, host, std::move(places), round.patience.answer);
  } else {  // Its list is most likely known from its probe.
    answer = co_await ask_server(host, std::move(places), round.patience.answer);
  }
  round.early_servers.insert_or_assign(id, std::move(answer));
}

/// While its probe runs: what ZooKeeper says stands there is asked already. That saves the round
/// trips of an answer after the probe. Nothing else is asked, it might be somebody else's.
void ask_early(Round& round, Probing& probing) {
  const TreeFacts* const tree = round.seen.tree.get();
  const auto ip = parse_ipv4(probing.access.address);
  if (tree == nullptr || probing.facts || !ip) {
    return;
  }
  for (const auto& [code, cloud] : tree->clouds) {
    auto join = std::lower_bound(
        cloud.joined.begin(), cloud.joined.end(), Endpoint{*ip, 0},
        [](const ObservedJoin& item, Endpoint first) { return item.endpoint < first; });
    for (; join != cloud.joined.end() && join->endpoint->ip == *ip; ++join) {
      if (cloud.claimed && join->owner != 0) {
        probing.beside.spawn(ask_node_early(round, probing.host, *join->endpoint));
      }
    }
  }
  if (const DesiredServer* const server = server_on(round.desired, probing.access.name)) {
    probing.beside.spawn(ask_server_early(round, probing.host, probing.access, server->id));
  }
}

/// A server that serves runs with this list; empty: not known.
void note_members(Observation<ServerAnswer>& answer, const Members& members) {
  if (answer.is_present() && answer.value().mode != ServerMode::not_serving && !members.empty()) {
    answer.value().members = members;
  }
}

/// True when it answered beside the probe, and for sure was this process then. Silence does not
/// count: the time that an answer may take began before the login was over.
template <class Key, class Answer>
bool take_early(const HostFacts& facts, const ObservedProcess& process,
                std::map<Key, Answer>& early, const Key& key, std::map<Key, Answer>& seen) {
  const auto found = early.find(key);
  const bool old = facts.uptime_ticks >= process.start_ticks + kLongThere * facts.ticks_per_second;
  if (!old || found == early.end() || !found->second.is_present()) {
    return false;
  }
  seen.insert_or_assign(key, std::move(found->second));
  return true;
}

Awaitable<void> observe_node(Round& round, HostReader& host, Endpoint node) {
  Observation<NodeAnswer> answer = co_await ask_wholly(round, host, node);
  round.seen.nodes.insert_or_assign(node, std::move(answer));
}

/// `port`: where it serves clients, which is another one than the spec's while that changes.
Awaitable<void> observe_server(Round& round, HostReader& host, DesiredHost access, int id,
                               std::uint16_t port, Members members) {
  std::vector<Endpoint> places = server_endpoints(access, round.desired);
  for (Endpoint& place : places) {
    place.port = port;
  }
  Observation<ServerAnswer> answer = Observation<ServerAnswer>::absent();
  if (members.empty()) {
    answer = co_await ask_member(round.world.loop, host, std::move(places), round.patience.answer);
  } else {
    answer = co_await ask_server(host, std::move(places), round.patience.answer);
    note_members(answer, members);
  }
  round.seen.servers.insert_or_assign(id, std::move(answer));
}

/// False: it was not asked beside the probe, or there is more to ask.
bool take_early_server(Round& round, const HostFacts& facts, const ObservedProcess& process, int id,
                       const Members& members) {
  auto& seen = round.seen.servers;
  if (!take_early(facts, process, round.early_servers, id, seen)) {
    return false;
  }
  note_members(seen.at(id), members);
  return !seen.at(id).value().members.empty() ||
         seen.at(id).value().mode == ServerMode::not_serving;
}

/// In the place of a server of ours may run one that somebody else started.
Awaitable<void> look_for_stranger(Round& round, HostReader& host, DesiredHost access,
                                  const HostFacts& facts, int id) {
  const std::uint16_t port = round.desired.ensemble.client_port;
  std::optional<RunningServer> found;
  if (facts.is_listening(port)) {
    found = co_await observe_stranger(host, facts, id, port);
  }
  if (!found) {
    round.seen.servers.insert_or_assign(id, Observation<ServerAnswer>::absent());
    co_return;
  }
  round.seen.strangers.insert_or_assign(id, std::move(*found));
  co_await observe_server(round, host, access, id, port, Members());
}

/// Asks what runs there of ours, or could become ours; a process that does not run cannot answer.
Awaitable<void> ask_processes(Round& round, HostReader& host, const DesiredHost& access,
                              const HostFacts& facts) {
  TaskGroup tasks(round.world.loop);
  const auto ip = parse_ipv4(access.address);
  for (const auto& [name, slot] : facts.slots) {
    const auto port = node_slot_port(name);
    const ObservedProcess* const process = facts.process_of(slot);
    if (!port || !ip || process == nullptr) {
      continue;
    }
    const Endpoint node{*ip, *port};
    if (!take_early(facts, *process, round.early_nodes, node, round.seen.nodes)) {
      tasks.spawn(observe_node(round, host, node));
    }
  }
  if (ip) {
    for (const std::uint16_t port : stranger_ports(facts)) {
      tasks.spawn(observe_node(round, host, Endpoint{*ip, port}));
    }
  }
  const DesiredServer* const server = server_on(round.desired, access.name);
  if (server != nullptr) {
    round.seen.servers.insert_or_assign(server->id, Observation<ServerAnswer>::absent());
    const ObservedSlot* const slot = facts.slot(server_slot(server->id));
    if (slot == nullptr || facts.process_of(*slot) == nullptr) {
      co_await look_for_stranger(round, host, access, facts, server->id);
    }
  }
  for (const auto& [name, slot] : facts.slots) {
    // One that the spec does not have may still be a member; its id may be another host's by now.
    const auto id = server_slot_id(name);
    const bool ours = server != nullptr && id == server->id;
    const ObservedProcess* const process = facts.process_of(slot);
    if (!id || process == nullptr || (!ours && is_id_of_spec(round.desired, *id))) {
      continue;
    }
    const Members members = members_started_with(slot);
    const std::uint16_t usual = round.desired.ensemble.client_port;  // Where it was asked early.
    const std::uint16_t own = serving_port(facts, slot, *id, usual);
    if (!ours || own != usual || !take_early_server(round, facts, *process, *id, members)) {
      tasks.spawn(observe_server(round, host, access, *id, own, members));
    }
  }
  co_await tasks.join();
}

/// When the last server's host has reported and none can be serving, waiting for a session is
/// vain.
void note_server_host(Round& round, const Result<HostFacts>& facts) {
  if (!facts || facts->is_listening(round.desired.ensemble.client_port)) {
    round.server_possible = true;
  }
  if (--round.servers_open == 0 && !round.server_possible) {
    round.session.give_up(fmt::format("no ZooKeeper server of the ensemble listens on port {}",
                                      round.desired.ensemble.client_port));
  }
}

Awaitable<void> probe_host(Round& round, Probing& probing) {
  ProbeRequest request = request_for(round.desired, probing.access.name);
  probing.facts = co_await probing.host.probe(std::move(request));
  if (server_on(round.desired, probing.access.name) != nullptr) {
    note_server_host(round, *probing.facts);
  }
}

/// Why the host is not asked; nullptr: it is.
const std::string* silence_of(const ReadWorld& world, const std::string& host) {
  if (world.silent == nullptr) {
    return nullptr;
  }
  const auto found = world.silent->find(host);
  return found == world.silent->end() ? nullptr : &found->second;
}

Awaitable<void> observe_host(Round& round, DesiredHost access) {
  if (const std::string* const why = silence_of(round.world, access.name)) {
    round.seen.hosts.insert_or_assign(access.name, Observation<HostFacts>::unknown(*why));
    if (server_on(round.desired, access.name) != nullptr) {
      note_server_host(round, Error{ErrorCode::unavailable, *why});
    }
    co_return;
  }
  HostReader& host = round.world.hosts.reader(access, round.desired.deployment);
  TaskGroup beside(round.world.loop);
  Probing probing{access, host, beside, {}};
  const auto entry = round.probing.insert(round.probing.end(), &probing);
  beside.spawn(probe_host(round, probing));
  ask_early(round, probing);
  co_await beside.join();
  round.probing.erase(entry);
  Result<HostFacts> facts = std::move(*probing.facts);
  if (!facts) {
    round.seen.hosts.insert_or_assign(access.name,
                                      Observation<HostFacts>::unknown(facts.error().message));
    co_return;
  }
  const auto stored = round.seen.hosts.insert_or_assign(
      access.name, Observation<HostFacts>::present(std::move(*facts)));
  co_await ask_processes(round, host, access, stored.first->second.value());
}

Awaitable<void> observe_tree(Round& round) {
  const auto session = co_await round.session.session(round.patience.connect);
  if (!session) {
    round.seen.tree = Observation<TreeFacts>::unknown(session.error().message);
    co_return;
  }
  Result<TreeFacts> facts = co_await read_tree(round.world.loop, **session, round.desired);
  round.seen.tree = facts ? Observation<TreeFacts>::present(std::move(*facts))
                          : Observation<TreeFacts>::unknown(facts.error().message);
  for (Probing* const probing : round.probing) {
    ask_early(round, *probing);
  }
}

}  // namespace

DesiredHost access_of(const HostRecord& record, const DesiredState& desired) {
  DesiredHost host;
  if (!desired.hosts.empty()) {
    host.ssh = desired.hosts.front().ssh;
  }
  host.name = record.name;
  host.address = record.address;
  // A record is anybody's who may write to the ensemble: that scripts run here, on the controller's
  // machine, is for the spec to say.
  const bool here = std::any_of(desired.hosts.begin(), desired.hosts.end(), [](const auto& known) {
    return known.transport == Transport::local;
  });
  host.transport = here && record.transport == "local" ? Transport::local
                   : record.transport == "openssh"     ? Transport::openssh
                                                       : Transport::ssh;
  host.ssh.user = record.user;
  host.ssh.port = record.port;
  host.ssh.directory = record.directory;
  return host;
}

std::vector<Endpoint> server_endpoints(const DesiredHost& host, const DesiredState& desired) {
  const std::uint16_t port = desired.ensemble.client_port;
  std::vector<Endpoint> places{on_loopback(port)};
  if (const auto ip = parse_ipv4(host.address)) {
    const Endpoint own{*ip, port};
    if (own != places.front()) {
      places.insert(reconfigures(desired) ? places.begin() : places.end(), own);
    }
  }
  return places;
}

Awaitable<ObservedState> observe(ReadWorld world, EnsembleSession& session,
                                 const DesiredState& desired, ObservePatience patience) {
  Round round{world, session, desired, patience, {}, {}, {}, {}, desired.ensemble.servers.size(),
              false};
  round.memory = wanted_memory(desired);
  TaskGroup tasks(world.loop, kProbesAtOnce + 1);
  tasks.spawn(observe_tree(round));
  for (const DesiredHost& host : desired.hosts) {
    tasks.spawn(observe_host(round, host));
  }
  co_await tasks.join();
  // Hosts that left the spec with nodes of ours on them are known only now.
  if (const TreeFacts* const tree = round.seen.tree.get()) {
    TaskGroup others(world.loop, kProbesAtOnce);
    for (const auto& [name, record] : tree->record.hosts) {
      if (desired.host(name) == nullptr) {
        others.spawn(observe_host(round, access_of(record, desired)));
      }
    }
    co_await others.join();
  }
  co_return std::move(round.seen);
}

}  // namespace arcform
