// SPDX-License-Identifier: Apache-2.0
#include "model/diff.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "model/adoption.h"
#include "model/diff_parts.h"
#include "model/membership.h"
#include "model/packages.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

Drift server_drift(DriftKind kind, const DesiredServer& server, Reason detail) {
  Drift drift;
  drift.kind = kind;
  drift.host = server.host;
  drift.server = server.id;
  drift.detail = std::move(detail);
  drift.at = server.at;
  return drift;
}

/// "tickTime 2000 → 3000, syncLimit 5 → 10": what a file says → what it should say.
std::string settings_difference(std::string_view is, std::string_view should) {
  const auto before = comparable_settings(is);
  const auto after = comparable_settings(should);
  std::string text;
  const auto add = [&text](const std::string& key, const std::string& from, const std::string& to) {
    text += fmt::format("{}{} {} → {}", text.empty() ? "" : ", ", printable(key, 60),
                        from.empty() ? "(none)" : printable(from, 60),
                        to.empty() ? "(none)" : printable(to, 60));
  };
  for (const auto& [key, value] : after) {
    const auto found = before.find(key);
    if (found == before.end() || found->second != value) {
      add(key, found == before.end() ? "" : found->second, value);
    }
  }
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) {
      add(key, value, "");
    }
  }
  return text;
}

/// A server that followed without being a member keeps the members' list, and starts no more with
/// it.
bool lists_itself(std::string_view config, int id) {
  const Members members = members_of(config);
  return members.empty() || members.contains(id);
}

/// The ports of a server come from its own line, also where its list is kept apart and does not
/// count as configuration.
bool has_ports_of(std::string_view is, std::string_view should, int id) {
  const auto own_line = [id](std::string_view config) {
    const auto lines = zoo_members(config);
    const auto found = lines.find(fmt::format("server.{}", id));
    return found == lines.end() ? std::nullopt : parse_member(found->second);
  };
  const std::optional<ZooMember> before = own_line(is);
  const std::optional<ZooMember> after = own_line(should);
  return !before || !after ||
         (before->quorum_port == after->quorum_port &&
          before->election_port == after->election_port &&
          client_port_of(is, id) == client_port_of(should, id));
}

void diff_configuration(const DesiredServer& server, const HostFacts& facts,
                        const std::string& config, std::vector<Drift>& out) {
  const ObservedSlot* const slot = facts.slot(server_slot(server.id));
  const bool configured = slot != nullptr && !slot->config.empty();
  if (!configured && facts.data.myid.empty()) {
    out.push_back(server_drift(DriftKind::server_not_configured, server, "no zoo.cfg, no myid"));
  } else if (!configured || facts.data.myid.empty()) {
    out.push_back(server_drift(DriftKind::server_config_differs, server,
                               configured ? "its myid is missing" : "its zoo.cfg is missing"));
  } else if (facts.process_of(*slot) == nullptr && !lists_itself(slot->config, server.id)) {
    out.push_back(server_drift(DriftKind::server_config_differs, server,
                               "its list of members does not have it"));
  } else if (zoo_digest(slot->config) != zoo_digest(config)) {
    out.push_back(server_drift(DriftKind::server_config_differs, server,
                               settings_difference(slot->config, config)));
  } else if (facts.process_of(*slot) == nullptr && !has_ports_of(slot->config, config, server.id)) {
    out.push_back(server_drift(DriftKind::server_config_differs, server, "its ports"));
  }
}

/// Where a server should run from, when its process runs from elsewhere; empty: it does.
std::string another_place(const DesiredState& desired, const HostFacts& facts,
                          const ObservedProcess& process) {
  const DesiredPackage& package = *desired.package(desired.ensemble.package);
  return runs_from(package, facts, process)
             ? ""
             : fmt::format("does not run from {}", prefix_of(package, facts));
}

void diff_running_server(const DesiredState& desired, const DesiredServer& server,
                         const ObservedState& observed, const HostFacts& facts,
                         const std::string& config, std::vector<Drift>& out) {
  const ObservedSlot* const slot = facts.slot(server_slot(server.id));
  const ObservedProcess* const process = slot != nullptr ? facts.process_of(*slot) : nullptr;
  if (process == nullptr) {
    if (facts.is_listening(desired.ensemble.client_port)) {
      const auto stranger = observed.strangers.find(server.id);
      out.push_back(server_drift(
          DriftKind::server_port_taken, server,
          stranger == observed.strangers.end()
              ? fmt::format("port {} is taken by a process that is not ours",
                            desired.ensemble.client_port)
              : fmt::format("a server that arcform did not start runs there with other settings: "
                            "{}",
                            server_difference(desired, server, stranger->second))));
    } else {
      out.push_back(server_drift(
          DriftKind::server_down, server,
          slot != nullptr && slot->identity ? "not running, its process is gone" : "not running"));
    }
    return;
  }
  const auto answer = observed.servers.find(server.id);
  if (answer == observed.servers.end() || answer->second.is_unknown()) {
    // Also of one that runs with an old configuration: it may lead, and would be restarted last.
    out.push_back(
        server_drift(DriftKind::server_unknown, server,
                     answer == observed.servers.end() ? "was not asked" : answer->second.why()));
    return;
  }
  if (slot->digest != zoo_digest(config)) {
    out.push_back(server_drift(DriftKind::server_outdated, server,
                               "runs with another configuration than the spec's"));
    return;
  }
  if (const std::string from = another_place(desired, facts, *process); !from.empty()) {
    out.push_back(server_drift(DriftKind::server_outdated, server, from));
    return;
  }
  if (answer->second.is_absent()) {
    out.push_back(server_drift(DriftKind::server_not_serving, server, "runs, does not answer yet"));
  } else if (answer->second.value().mode == ServerMode::not_serving) {
    out.push_back(
        server_drift(DriftKind::server_not_serving, server, "runs, but is in no quorum yet"));
  }
}

/// What stands in the way of a server that is to join: data of nobody knows what, or data that it
/// had when it was a member before. True: something does.
bool diff_joiner(const DesiredState& desired, const DesiredServer& server, const HostFacts& facts,
                 const Membership& membership, std::vector<Drift>& out) {
  if (membership.current.empty() || membership.current.contains(server.id) ||
      !facts.data.has_data) {
    return false;
  }
  const ObservedSlot* const slot = facts.slot(server_slot(server.id));
  if (slot == nullptr || slot->config.empty()) {
    out.push_back(server_drift(
        DriftKind::server_data_foreign, server,
        fmt::format("{} holds data already, and the server is no member yet: it is another "
                    "ensemble's, or an old state of this one",
                    desired.ensemble.data_directory)));
    return true;
  }
  const Members list = members_of(slot->config);
  if (facts.process_of(*slot) == nullptr && list != membership.current &&
      list != membership.target && list != members_for(membership, server.id)) {
    out.push_back(server_drift(DriftKind::server_data_stale, server,
                               fmt::format("{} holds what it knew when it was a member before",
                                           desired.ensemble.data_directory)));
  }
  return false;
}

void diff_server(const DesiredState& desired, const DesiredServer& server,
                 const ObservedState& observed, const Membership& membership,
                 std::vector<Drift>& out) {
  const HostFacts* const facts = observed.host(server.host);
  if (facts == nullptr) {
    out.push_back(
        server_drift(DriftKind::server_unknown, server, "its host could not be observed"));
    return;
  }
  if (desired.ensemble.state == RunState::stopped) {
    const ObservedSlot* const slot = facts->slot(server_slot(server.id));
    if (slot != nullptr && facts->process_of(*slot) != nullptr) {
      out.push_back(server_drift(DriftKind::server_running, server, "running, should be stopped"));
    }
    return;
  }
  if (!facts->data.myid.empty() && facts->data.myid != fmt::to_string(server.id)) {
    out.push_back(
        server_drift(DriftKind::server_data_foreign, server,
                     fmt::format("{} belongs to server {}", desired.ensemble.data_directory,
                                 printable(facts->data.myid, 20))));
    return;
  }
  if (diff_joiner(desired, server, *facts, membership, out)) {
    return;
  }
  if (desired.package(desired.ensemble.package) != nullptr) {
    const std::string config = zoo_cfg(desired, members_for(membership, server.id));
    diff_configuration(server, *facts, config, out);
    diff_running_server(desired, server, observed, *facts, config, out);
  }
}

/// One that leaves later stays a member until then, with the list that the others get.
void diff_kept_server(const DesiredState& desired, const DesiredServer& server,
                      const ObservedSlot& slot, const Membership& membership,
                      std::vector<Drift>& out) {
  if (membership.dynamic || !membership.target.contains(server.id)) {
    return;
  }
  const std::string config = zoo_cfg(desired, membership.target);
  if (zoo_digest(slot.config) != zoo_digest(config)) {
    out.push_back(server_drift(DriftKind::server_config_differs, server,
                               settings_difference(slot.config, config)));
  }
  if (slot.digest != zoo_digest(config)) {
    out.push_back(
        server_drift(DriftKind::server_outdated, server, "runs with another list of members"));
  }
}

/// Servers of ours that run, and that the spec does not have on that host.
void diff_unlisted_servers(const DesiredState& desired, const ObservedState& observed,
                           const Membership& membership, std::vector<Drift>& out) {
  if (desired.ensemble.servers.empty()) {
    return;
  }
  for (const auto& [name, facts] : observed.hosts) {
    if (!facts.is_present()) {
      continue;
    }
    for (const auto& [slot_name, slot] : facts.value().slots) {
      const std::optional<int> id = server_slot_id(slot_name);
      const bool listed =
          id && std::any_of(desired.ensemble.servers.begin(), desired.ensemble.servers.end(),
                            [&, host = name](const DesiredServer& server) {
                              return server.id == *id && server.host == host;
                            });
      if (!id || listed || facts.value().process_of(slot) == nullptr) {
        continue;
      }
      DesiredServer server;
      server.host = name;
      server.id = *id;
      server.at = desired.ensemble.at;
      out.push_back(
          desired.ensemble.state == RunState::running
              ? server_drift(DriftKind::server_unlisted, server, "not in the spec")
              : server_drift(DriftKind::server_running, server, "running, should be stopped"));
      if (desired.ensemble.state == RunState::running) {
        diff_kept_server(desired, server, slot, membership, out);
      }
    }
  }
}

/// A leader that was cut off goes on saying so until its ticks run out: who leads is not settled.
void diff_leaders(const DesiredState& desired, const ObservedState& observed,
                  std::vector<Drift>& out) {
  std::vector<const DesiredServer*> leaders;
  for (const DesiredServer& server : desired.ensemble.servers) {
    const auto answer = observed.servers.find(server.id);
    if (answer != observed.servers.end() && answer->second.is_present() &&
        answer->second.value().mode == ServerMode::leader) {
      leaders.push_back(&server);
    }
  }
  if (leaders.size() > 1 && desired.ensemble.state == RunState::running) {
    for (const DesiredServer* server : leaders) {
      out.push_back(server_drift(DriftKind::server_not_serving, *server,
                                 fmt::format("{} servers say that they lead", leaders.size())));
    }
  }
}

}  // namespace

void diff_ensemble(const DesiredState& desired, const ObservedState& observed,
                   std::vector<Drift>& out) {
  const std::size_t before = out.size();
  const bool wanted = desired.ensemble.state == RunState::running;
  const Membership membership = arcform::membership(desired, observed);
  Drift drift;
  drift.detail = wanted ? membership.difference : "";
  if (!drift.detail.empty()) {
    drift.kind = DriftKind::ensemble_membership;
    drift.at = desired.ensemble.at;
    out.push_back(drift);
  }
  for (const DesiredServer& server : desired.ensemble.servers) {
    if (!wanted || membership.concerns(server.id)) {
      diff_server(desired, server, observed, membership, out);
    }
  }
  diff_unlisted_servers(desired, observed, membership, out);
  diff_leaders(desired, observed, out);
  drift = Drift{};
  drift.at = desired.ensemble.at;
  const TreeFacts* const tree = observed.tree.get();
  const bool stopped = desired.ensemble.state == RunState::stopped;
  if (tree != nullptr
          ? !tree->arcus_tree && !stopped
          : !stopped && (observed.tree.is_absent() || ensemble_is_new(desired, observed))) {
    drift.kind = DriftKind::tree_missing;
    out.push_back(drift);
  } else if (tree == nullptr && (!stopped || ensemble_may_serve(desired, observed))) {
    drift.kind = DriftKind::ensemble_unknown;
    drift.detail = observed.tree.is_unknown() ? observed.tree.why() : "";
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(before), drift);
  }
}

bool ensemble_may_serve(const DesiredState& desired, const ObservedState& observed) {
  const auto& servers = desired.ensemble.servers;
  return std::any_of(servers.begin(), servers.end(),
                     [&](const auto& server) { return observed.host(server.host) == nullptr; }) ||
         std::any_of(observed.servers.begin(), observed.servers.end(), [](const auto& entry) {
           const auto& [id, answer] = entry;
           return answer.is_unknown() ||
                  (answer.is_present() && answer.value().mode != ServerMode::not_serving);
         });
}

std::size_t nodes_missing(const DesiredState& desired, const ObservedState& observed) {
  std::size_t missing = 0;
  for (const DesiredCloud& cloud : desired.clouds) {
    std::size_t joined = 0;
    if (const TreeFacts* tree = observed.tree.get()) {
      const auto found = tree->clouds.find(cloud.service_code);
      joined = found == tree->clouds.end() ? 0 : found->second.joined.size();
    }
    missing += cloud.nodes.size() - std::min(joined, cloud.nodes.size());
  }
  return missing;
}

std::vector<Drift> diff(const DesiredState& desired, const ObservedState& observed) {
  std::vector<Drift> out;
  // A missing node is not mapped and not running.
  out.reserve(2 * nodes_missing(desired, observed) + desired.hosts.size() + desired.clouds.size());
  diff_hosts(desired, observed, out);
  diff_ensemble(desired, observed, out);
  DiffWorld world = index(desired, observed);
  for (const DesiredCloud& cloud : desired.clouds) {
    diff_cloud(world, cloud, out);
  }
  diff_unlisted(world, out);
  return out;
}

}  // namespace arcform
