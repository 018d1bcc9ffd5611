// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/packages.h"
#include "model/plan_builder.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

std::string server_subject(const Drift& drift) {
  return fmt::format("server {} on {}", drift.server, drift.host);
}

/// What is planned for one server of the ensemble.
struct ServerPlan {
  const DesiredServer* server = nullptr;
  const Drift* configure = nullptr;
  const Drift* start = nullptr;
  const Drift* restart = nullptr;
  bool serving = false;  ///< runs, or will after its start step
  bool awaited = false;  ///< runs and does not serve yet
};

StartServer start_action(const PlanBuilder& builder, const DesiredServer& server,
                         const HostFacts& facts, const std::string& config) {
  const DesiredEnsemble& ensemble = builder.desired.ensemble;
  const DesiredPackage* const package = builder.desired.package(ensemble.package);
  StartServer start;
  start.host = server.host;
  start.id = server.id;
  start.client_port = ensemble.client_port;
  start.digest = zoo_digest(config);
  const std::string prefix = prefix_of(*package, facts);
  const auto found = facts.packages.find(prefix);
  const bool known = found != facts.packages.end() && !found->second.zookeeper_classpath.empty();
  start.argv =
      server_arguments(known ? found->second.zookeeper_classpath : expected_classpath(prefix),
                       fmt::format("{}/{}/zoo.cfg", facts.directory, server_slot(server.id)));
  return start;
}

StopServer stop_action(const DesiredServer& server, const HostFacts& facts) {
  StopServer stop;
  stop.host = server.host;
  stop.id = server.id;
  stop.process = *facts.slot(server_slot(server.id))->identity;
  return stop;
}

/// Sorts what is wrong with the servers into what will be done; holds the rest.
std::map<int, ServerPlan> sort_servers(const std::vector<Drift>& drift, PlanBuilder& builder) {
  std::map<int, ServerPlan> servers;
  for (const DesiredServer& server : builder.desired.ensemble.servers) {
    servers[server.id].server = &server;
    servers[server.id].serving = true;
  }
  for (const Drift& item : drift) {
    const auto found = servers.find(item.server);
    if (found == servers.end()) {
      continue;
    }
    ServerPlan& plan = found->second;
    const bool can_start =
        !builder.missing_packages.contains({item.host, builder.desired.ensemble.package});
    if (item.kind == DriftKind::server_not_configured ||
        item.kind == DriftKind::server_config_differs) {
      plan.configure = can_start ? &item : nullptr;
    } else if (item.kind == DriftKind::server_down) {
      plan.start = can_start ? &item : nullptr;
      plan.serving = can_start;
    } else if (item.kind == DriftKind::server_outdated) {
      plan.restart = can_start ? &item : nullptr;
    } else if (item.kind == DriftKind::server_not_serving) {
      plan.awaited = true;
    } else if (item.kind == DriftKind::server_unknown) {
      plan.serving = false;
      if (!builder.unknown_hosts.contains(item.host)) {
        builder.hold(Hold::unknown, server_subject(item), item.detail, item.at);
      }
    } else if (item.kind == DriftKind::server_port_taken) {
      plan.serving = false;
      builder.hold(Hold::foreign, server_subject(item),
                   item.detail + "; stop that process, or choose another clientPort", item.at);
    } else if (item.kind == DriftKind::server_data_foreign) {
      plan = ServerPlan{plan.server, nullptr, nullptr, nullptr, false, false};
      builder.hold(Hold::guard, server_subject(item),
                   item.detail + "; give the server that id, or another dataDirectory", item.at);
    }
  }
  return servers;
}

/// Server ids for restarts: followers by id, the leader last.
std::vector<int> restart_order(const std::map<int, ServerPlan>& servers,
                               const ObservedState& observed) {
  std::vector<int> order;
  std::vector<int> leaders;
  for (const auto& [id, plan] : servers) {
    if (plan.restart == nullptr) {
      continue;
    }
    const auto answer = observed.servers.find(id);
    const bool leads = answer != observed.servers.end() && answer->second.is_present() &&
                       answer->second.value().mode == ServerMode::leader;
    (leads ? leaders : order).push_back(id);
  }
  order.insert(order.end(), leaders.begin(), leaders.end());
  return order;
}

bool answers_as_serving(const ObservedState& observed, int id) {
  const auto answer = observed.servers.find(id);
  return answer != observed.servers.end() && answer->second.is_present() &&
         answer->second.value().mode != ServerMode::not_serving;
}

/// True when the servers that serve, or may for all that is known, are provably no majority:
/// restarting one takes nothing away.
bool has_no_quorum(const std::map<int, ServerPlan>& servers, const ObservedState& observed) {
  const auto may_serve = std::count_if(servers.begin(), servers.end(), [&](const auto& entry) {
    const auto answer = observed.servers.find(entry.first);
    return answer == observed.servers.end() || answer->second.is_unknown() ||
           answers_as_serving(observed, entry.first);
  });
  return static_cast<std::size_t>(may_serve) * 2 <= servers.size();
}

/// True when the other servers that serve, or will when their start has been waited for, are a
/// majority without this one.
bool others_have_quorum(const std::map<int, ServerPlan>& servers, const ObservedState& observed,
                        int without) {
  const auto sure = std::count_if(servers.begin(), servers.end(), [&](const auto& entry) {
    const auto& [id, plan] = entry;
    return id != without && plan.serving &&
           (plan.start != nullptr || plan.awaited || answers_as_serving(observed, id));
  });
  return static_cast<std::size_t>(sure) * 2 > servers.size();
}

void plan_restarts(const std::map<int, ServerPlan>& servers,
                   const std::map<int, StepId>& configured, std::optional<StepId> quorum,
                   const std::string& config, PlanBuilder& builder) {
  std::optional<StepId> previous = quorum;
  for (const int id : restart_order(servers, builder.observed)) {
    const ServerPlan& plan = servers.at(id);
    if (!others_have_quorum(servers, builder.observed, id)) {
      builder.hold(Hold::guard, server_subject(*plan.restart),
                   servers.size() < 3
                       ? "restarting it would leave the ensemble without a quorum; set "
                         "ensemble.state to \"stopped\", apply, then back to \"running\""
                       : "restarting it would leave the ensemble without a quorum, as another "
                         "server does not serve; bring that one back first",
                   plan.restart->at);
      continue;
    }
    const HostFacts& facts = *builder.observed.host(plan.server->host);
    std::vector<StepId> after;
    if (previous) {
      after.push_back(*previous);
    }
    if (const auto found = configured.find(id); found != configured.end()) {
      after.push_back(found->second);
    }
    const auto answer = builder.observed.servers.find(id);
    const bool leads = answer != builder.observed.servers.end() && answer->second.is_present() &&
                       answer->second.value().mode == ServerMode::leader;
    previous = builder.add(RestartServer{stop_action(*plan.server, facts),
                                         start_action(builder, *plan.server, facts, config), leads},
                           plan.restart->detail, plan.restart->at, after);
  }
}

const Drift* find(const std::vector<Drift>& drift, DriftKind kind) {
  const auto found = std::find_if(drift.begin(), drift.end(),
                                  [kind](const Drift& item) { return item.kind == kind; });
  return found == drift.end() ? nullptr : &*found;
}

/// The tree: readable now, provably empty and about to be there, or unknown. That there can be no
/// quorum is held by the caller, and cause enough for an unreadable tree.
void plan_tree(const std::vector<Drift>& drift, bool quorum_planned, bool quorum_possible,
               PlanBuilder& builder) {
  const Drift* const missing = find(drift, DriftKind::tree_missing);
  const bool readable = builder.observed.tree.is_present();
  if (missing != nullptr && (readable || quorum_possible)) {
    std::vector<StepId> after;
    if (builder.tree_ready && !readable) {
      after.push_back(*builder.tree_ready);
    }
    builder.tree_ready =
        builder.add(CreateTree{}, "the ensemble has no Arcus tree", missing->at, after);
    builder.tree_usable = true;
    return;
  }
  builder.tree_usable = readable;
  if (readable) {
    builder.tree_ready.reset();
    return;
  }
  if (const Drift* const unknown = find(drift, DriftKind::ensemble_unknown)) {
    if (quorum_planned) {
      builder.later("registrations and cache nodes: known after the ensemble serves");
    } else if (quorum_possible || !builder.desired.ensemble.external.empty()) {
      builder.hold(Hold::unknown, "ensemble",
                   unknown->detail + (builder.desired.ensemble.external.empty()
                                          ? ""
                                          : "; bring it back, or correct \"external\""),
                   unknown->at);
    }
  }
}

/// An ensemble that is not ours, is to be stopped, or has other members than the spec: no server of
/// it is started or restarted, only its tree matters.
bool is_left_alone(const std::vector<Drift>& drift, PlanBuilder& builder) {
  if (!builder.desired.ensemble.external.empty() ||
      builder.desired.ensemble.state == RunState::stopped) {
    builder.tree_usable = builder.observed.tree.is_present();
    if (!builder.desired.ensemble.external.empty()) {
      plan_tree(drift, false, false, builder);
    }
    return true;
  }
  if (const Drift* const membership = find(drift, DriftKind::ensemble_membership)) {
    builder.hold(Hold::unsupported, "ensemble",
                 membership->detail +
                     ": changing the members of an ensemble is not supported yet; "
                     "put its servers back as they were",
                 membership->at);
    plan_tree(drift, false, false, builder);
    return true;
  }
  return false;
}

}  // namespace

void plan_hosts(const std::vector<Drift>& drift, PlanBuilder& builder) {
  const auto block = [&](const Drift& item) {
    for (const DesiredPackage& package : builder.desired.packages) {
      builder.missing_packages.emplace(item.host, package.name);
    }
  };
  for (const Drift& item : drift) {
    if (item.kind == DriftKind::host_unknown) {
      builder.unknown_hosts.insert(item.host);
      builder.hold(Hold::unknown, item.host, item.detail, item.at);
    } else if (item.kind == DriftKind::directory_not_writable) {
      block(item);
      builder.hold(Hold::guard, item.host,
                   fmt::format("{} cannot be written by the user we log in as; make it writable, "
                               "or set \"directory\"",
                               printable(item.detail)),
                   item.at);
    } else if (item.kind == DriftKind::java_missing) {
      builder.missing_packages.emplace(item.host, builder.desired.ensemble.package);
      builder.hold(Hold::guard, item.host,
                   item.detail + "; install a Java runtime, ZooKeeper needs it", item.at);
    } else if (item.kind == DriftKind::package_unfit || item.kind == DriftKind::release_unneeded ||
               (item.kind == DriftKind::package_missing &&
                !builder.desired.package(item.package)->archive.empty())) {
      plan_archive(item, builder);
    } else if (item.kind == DriftKind::package_missing) {
      builder.missing_packages.emplace(item.host, item.package);
      builder.hold(Hold::guard, item.host,
                   item.detail + "; install it there, or correct the prefix", item.at);
    }
  }
}

void plan_ensemble(const std::vector<Drift>& drift, PlanBuilder& builder) {
  if (is_left_alone(drift, builder)) {
    return;
  }
  const std::string config = zoo_cfg(builder.desired);
  const std::map<int, ServerPlan> servers = sort_servers(drift, builder);
  // Servers that cannot agree because of their configuration must all change before any serves.
  const bool broken = has_no_quorum(servers, builder.observed);
  std::vector<StepId> stops;
  for (const auto& [id, plan] : servers) {
    if (broken && plan.restart != nullptr) {
      stops.push_back(
          builder.add(stop_action(*plan.server, *builder.observed.host(plan.server->host)),
                      plan.restart->detail, plan.restart->at, {}));
    }
  }
  std::map<int, StepId> configured;
  std::vector<StepId> starts;
  std::vector<int> serving;
  for (const auto& [id, plan] : servers) {
    if (plan.serving) {
      serving.push_back(id);
    }
    std::vector<StepId> after = stops;
    if (plan.configure != nullptr) {
      ConfigureServer configure{plan.server->host, id, config,
                                builder.desired.ensemble.data_directory};
      configured[id] =
          builder.add(std::move(configure), plan.configure->detail, plan.configure->at, {});
      builder.step(configured[id]).repair =
          plan.configure->kind == DriftKind::server_config_differs;
      after.push_back(configured[id]);
    }
    const Drift* const start = broken && plan.restart != nullptr ? plan.restart : plan.start;
    if (start != nullptr) {
      const HostFacts& facts = *builder.observed.host(plan.server->host);
      starts.push_back(builder.add(start_action(builder, *plan.server, facts, config),
                                   start->detail, start->at, after));
      const ObservedSlot* const slot = facts.slot(server_slot(id));
      builder.step(starts.back()).repair =
          start == plan.start && slot != nullptr && slot->identity.has_value();
    }
  }
  const bool possible = serving.size() * 2 > servers.size();
  const bool waiting = find(drift, DriftKind::server_not_serving) != nullptr;
  const bool quorum_planned = possible && (!starts.empty() || waiting);
  if (quorum_planned) {
    builder.tree_ready = builder.add(AwaitQuorum{serving}, "its servers must agree on a leader",
                                     builder.desired.ensemble.at, starts);
  } else if (!possible && !builder.observed.tree.is_present()) {
    builder.hold(Hold::guard, "ensemble",
                 fmt::format("only {} of {} servers can run, which is no quorum; see what holds "
                             "the others back",
                             serving.size(), servers.size()),
                 builder.desired.ensemble.at);
  }
  if (!broken) {
    plan_restarts(servers, configured, builder.tree_ready, config, builder);
  }
  plan_tree(drift, quorum_planned, possible, builder);
}

void plan_ensemble_stop(const std::vector<Drift>& drift, PlanBuilder& builder) {
  std::vector<StepId> everything(builder.size());
  for (StepId id = 0; id < everything.size(); ++id) {
    everything[id] = id;
  }
  for (const Drift& item : drift) {
    if (item.kind != DriftKind::server_running) {
      continue;
    }
    if (builder.teardown_held) {
      builder.hold(Hold::guard, server_subject(item),
                   "is kept running: something above must be taken down first", item.at);
      continue;
    }
    const HostFacts& facts = *builder.observed.host(item.host);
    const auto server = std::find_if(
        builder.desired.ensemble.servers.begin(), builder.desired.ensemble.servers.end(),
        [&](const DesiredServer& candidate) { return candidate.id == item.server; });
    builder.add(stop_action(*server, facts), "the spec says \"stopped\"", item.at, everything);
  }
}

}  // namespace arcform
