// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/packages.h"
#include "model/plan_servers.h"
#include "model/zoo_cfg.h"

namespace arcform {

std::string server_subject(const Drift& drift) {
  return fmt::format("server {} on {}", drift.server, drift.host);
}

StartServer start_action(const ServerPlans& plans, const PlanBuilder& builder,
                         const DesiredServer& server, const HostFacts& facts) {
  const DesiredEnsemble& ensemble = builder.desired.ensemble;
  const DesiredPackage* const package = builder.desired.package(ensemble.package);
  StartServer start;
  start.host = server.host;
  start.id = server.id;
  start.client_port = ensemble.client_port;
  start.digest = zoo_digest(zoo_cfg(builder.desired, members_for(plans.membership, server.id)));
  const std::string prefix = prefix_of(*package, facts);
  const auto found = facts.packages.find(prefix);
  const bool known = found != facts.packages.end() && !found->second.zookeeper_classpath.empty();
  start.argv =
      server_arguments(known ? found->second.zookeeper_classpath : expected_classpath(prefix),
                       fmt::format("{}/{}/zoo.cfg", facts.directory, server_slot(server.id)));
  return start;
}

StopServer stop_action(const std::string& host, int id, const HostFacts& facts) {
  StopServer stop;
  stop.host = host;
  stop.id = id;
  stop.process = *facts.slot(server_slot(id))->identity;
  return stop;
}

const Drift* find_drift(const std::vector<Drift>& drift, DriftKind kind) {
  const auto found = std::find_if(drift.begin(), drift.end(),
                                  [kind](const Drift& item) { return item.kind == kind; });
  return found == drift.end() ? nullptr : &*found;
}

namespace {

/// Sorts what is wrong with the servers into what will be done; holds the rest.
ServerPlans sort_servers(const std::vector<Drift>& drift, PlanBuilder& builder) {
  ServerPlans plans;
  plans.membership = membership(builder.desired, builder.observed);
  std::map<int, ServerPlan>& servers = plans.servers;
  for (const DesiredServer& server : builder.desired.ensemble.servers) {
    if (plans.membership.concerns(server.id)) {
      servers[server.id].server = &server;
      servers[server.id].serving = true;
    }
  }
  for (const Drift& item : drift) {
    if (item.kind == DriftKind::server_unlisted) {
      plans.unlisted.emplace(item.server, &item);
      if (!plans.membership.dynamic && plans.membership.target.contains(item.server) &&
          !servers.contains(item.server)) {
        plans.kept[item.server] = {item.host, item.server, item.at};
        servers[item.server].server = &plans.kept[item.server];
        servers[item.server].serving = answers_as_serving(builder.observed, item.server);
      }
      continue;
    }
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
      const bool stranger = builder.observed.strangers.contains(item.server);
      plan.configure = stranger ? nullptr : plan.configure;
      builder.hold(Hold::foreign, server_subject(item),
                   item.detail + (stranger ? "; write into the spec what it runs with, and it is "
                                             "taken over"
                                           : "; stop that process, or choose another clientPort"),
                   item.at);
    } else if (item.kind == DriftKind::server_data_stale) {
      plan.stale = &item;
    } else if (item.kind == DriftKind::server_data_foreign) {
      plan = ServerPlan{plan.server, nullptr, nullptr, nullptr, nullptr, false, false};
      builder.hold(Hold::guard, server_subject(item),
                   item.detail + (plans.membership.current.empty()
                                      ? "; give the server that id, or another dataDirectory"
                                  : plans.membership.current.contains(item.server)
                                      ? "; give the server that id, or move its own data there"
                                      : "; move it away"),
                   item.at);
    }
  }
  return plans;
}

/// The tree: readable now, provably empty and about to be there, or unknown. That there can be no
/// quorum is held by the caller, and cause enough for an unreadable tree.
void plan_tree(const std::vector<Drift>& drift, bool quorum_planned, bool quorum_possible,
               PlanBuilder& builder) {
  const Drift* const missing = find_drift(drift, DriftKind::tree_missing);
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
  if (const Drift* const unknown = find_drift(drift, DriftKind::ensemble_unknown)) {
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

/// An ensemble that is not ours, or is to be stopped: no server of it is started or restarted, only
/// its tree matters.
bool is_left_alone(const std::vector<Drift>& drift, PlanBuilder& builder) {
  const bool external = !builder.desired.ensemble.external.empty();
  const bool stopped = builder.desired.ensemble.state == RunState::stopped;
  if (!external && !stopped) {
    return false;
  }
  builder.tree_usable = builder.observed.tree.is_present();
  if (external) {
    builder.members_in = true;
    plan_tree(drift, false, false, builder);
  } else {
    hold_stop(drift, builder);
  }
  return true;
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

namespace {

/// Configures and starts what is not there yet. `stops`: what a start comes after, where servers
/// that cannot agree all change at once.
std::vector<StepId> plan_starts(ServerPlans& plans, const std::vector<StepId>& stops, bool broken,
                                PlanBuilder& builder) {
  std::vector<StepId> starts;
  for (const auto& [id, plan] : plans.servers) {
    std::vector<StepId> after = stops;
    if (plan.stale != nullptr) {
      SetDataAside aside{plan.server->host, id, data_directories(builder.desired.ensemble)};
      after.push_back(builder.add(std::move(aside), plan.stale->detail, plan.stale->at, {}));
    }
    if (plan.configure != nullptr) {
      ConfigureServer configure{plan.server->host, id,
                                zoo_cfg(builder.desired, members_for(plans.membership, id)),
                                builder.desired.ensemble.data_directory};
      plans.configured[id] =
          builder.add(std::move(configure), plan.configure->detail, plan.configure->at,
                      plan.stale != nullptr ? after : std::vector<StepId>{});
      builder.step(plans.configured[id]).repair =
          plan.configure->kind == DriftKind::server_config_differs;
      after.push_back(plans.configured[id]);
    }
    const Drift* const start = broken && plan.restart != nullptr ? plan.restart : plan.start;
    if (start != nullptr) {
      const HostFacts& facts = *builder.observed.host(plan.server->host);
      starts.push_back(builder.add(start_action(plans, builder, *plan.server, facts), start->detail,
                                   start->at, after));
      const ObservedSlot* const slot = facts.slot(server_slot(id));
      builder.step(starts.back()).repair =
          start == plan.start && slot != nullptr && slot->identity.has_value();
    }
  }
  return starts;
}

/// Whoever joins by restarts must be able to come before the others are told of it.
void await_joiners(ServerPlans& plans) {
  const std::vector<int> joining = plans.membership.joining();
  const bool able = std::all_of(joining.begin(), joining.end(), [&plans](int id) {
    const auto found = plans.servers.find(id);
    return found != plans.servers.end() && found->second.serving;
  });
  if (able || plans.membership.dynamic || plans.membership.current.empty()) {
    return;
  }
  plans.held = true;
  for (auto& [id, plan] : plans.servers) {
    if (plans.membership.current.contains(id)) {
      plan.configure = nullptr;
      plan.restart = nullptr;
    }
  }
}

/// A list that must not be changed, and whatever else of the ensemble that holds up.
bool hold_problem(const ServerPlans& plans, const std::vector<Drift>& drift, PlanBuilder& builder) {
  const Membership& membership = plans.membership;
  if (membership.problem.empty()) {
    return false;
  }
  builder.hold(Hold::guard, "ensemble",
               membership.difference.empty() ? membership.problem
                                             : membership.difference + ": " + membership.problem,
               builder.desired.ensemble.at);
  if (membership.unsafe) {
    plan_tree(drift, false, false, builder);
  }
  return membership.unsafe;
}

/// What an ensemble waits for: a leader of the servers that start, or else the one that is late.
std::string awaited(const std::vector<Drift>& drift, bool starts) {
  const Drift* const late = find_drift(drift, DriftKind::server_not_serving);
  return starts || late == nullptr ? "its servers must agree on a leader"
                                   : fmt::format("{} {}", server_subject(*late), late->detail);
}

}  // namespace

std::size_t serving_of(const Members& list, const ServerPlans& plans,
                       const ObservedState& observed) {
  return static_cast<std::size_t>(std::count_if(list.begin(), list.end(), [&](const auto& entry) {
    const auto found = plans.servers.find(entry.first);
    return found != plans.servers.end() ? found->second.serving
                                        : answers_as_serving(observed, entry.first);
  }));
}

void plan_ensemble(const std::vector<Drift>& drift, PlanBuilder& builder) {
  if (is_left_alone(drift, builder)) {
    return;
  }
  ServerPlans plans = sort_servers(drift, builder);
  if (hold_problem(plans, drift, builder)) {
    return;
  }
  hold_without_data(plans, builder);
  await_joiners(plans);
  // Servers that cannot agree because of their configuration must all change before any serves.
  const bool broken = has_no_quorum(plans, builder.observed);
  std::vector<StepId> stops;
  std::vector<int> serving;
  for (const auto& [id, plan] : plans.servers) {
    if (broken && plan.restart != nullptr) {
      stops.push_back(
          builder.add(stop_action(plan.server->host, id, *builder.observed.host(plan.server->host)),
                      plan.restart->detail, plan.restart->at, {}));
    }
    if (plan.serving && !plans.kept.contains(id)) {
      serving.push_back(id);
    }
  }
  const std::vector<StepId> starts = plan_starts(plans, stops, broken, builder);
  const Members& list = plans.membership.target;
  const std::size_t able = serving_of(list, plans, builder.observed);
  const bool possible = able * 2 > list.size();
  const bool waiting = find_drift(drift, DriftKind::server_not_serving) != nullptr;
  const bool quorum_planned = possible && (!starts.empty() || waiting);
  if (quorum_planned) {
    const bool led_elsewhere =
        std::any_of(plans.unlisted.begin(), plans.unlisted.end(),
                    [&](const auto& entry) { return leads(builder.observed, entry.first); });
    builder.tree_ready =
        builder.add(AwaitQuorum{serving, led_elsewhere}, awaited(drift, !starts.empty()),
                    builder.desired.ensemble.at, starts);
  } else if (!possible && !builder.observed.tree.is_present()) {
    builder.hold(Hold::guard, "ensemble",
                 fmt::format("only {} of {} servers can run, which is no quorum; see what holds "
                             "the others back",
                             able, list.size()),
                 builder.desired.ensemble.at);
  }
  plans.last = builder.tree_ready;
  if (!broken) {
    plan_restarts(plans, builder);
    plan_members(plans, builder);
  }
  plan_tree(drift, quorum_planned, possible, builder);
}

}  // namespace arcform
