// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/follow_ensemble.h"
#include "model/node_arguments.h"
#include "model/plan_servers.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

/// Server ids for restarts: those that do not serve, then followers by id, the leader last.
std::vector<int> restart_order(const ServerPlans& plans, const ObservedState& observed) {
  std::vector<int> order;
  for (const auto& [id, plan] : plans.servers) {
    if (plan.restart != nullptr) {
      order.push_back(id);
    }
  }
  const auto rank = [&observed](int id) {
    return leads(observed, id) ? 2 : answers_as_serving(observed, id) ? 1 : 0;
  };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return rank(a) < rank(b); });
  return order;
}

std::vector<StepId> after(const std::optional<StepId>& step) {
  return step ? std::vector<StepId>{*step} : std::vector<StepId>{};
}

const NodeAnswer* answer_of(const PlanBuilder& builder, const std::string& host,
                            std::uint16_t port) {
  const DesiredHost* const desired = builder.desired.host(host);
  std::string address = desired != nullptr ? desired->address : "";
  if (const TreeFacts* const tree = builder.observed.tree.get(); tree && address.empty()) {
    const auto record = tree->record.hosts.find(host);
    address = record == tree->record.hosts.end() ? "" : record->second.address;
  }
  const auto ip = parse_ipv4(address);
  const auto found = ip ? builder.observed.nodes.find({*ip, port}) : builder.observed.nodes.end();
  return found == builder.observed.nodes.end() ? nullptr : found->second.get();
}

/// Cache nodes that run and know no server of the list: they would be cut off from ZooKeeper.
std::vector<std::string> stranded_nodes(const PlanBuilder& builder, const Members& list) {
  std::vector<Endpoint> stay;
  for (const auto& [id, member] : list) {
    if (const auto ip = parse_ipv4(address_of(member))) {
      stay.push_back({*ip, builder.desired.ensemble.client_port});
    }
  }
  std::sort(stay.begin(), stay.end());
  std::vector<std::string> stranded;
  for (const auto& [name, facts] : builder.observed.hosts) {
    if (!facts.is_present()) {
      continue;
    }
    for (const auto& [slot_name, slot] : facts.value().slots) {
      const ObservedProcess* const process = facts.value().process_of(slot);
      const auto port = node_slot_port(slot_name);
      if (!port || process == nullptr) {
        continue;
      }
      const auto arguments = parse_node_arguments(process->argv);
      if (arguments &&
          !may_know_one_of(arguments->connect_string, answer_of(builder, name, *port), stay)) {
        stranded.push_back(fmt::format("{} on {}", slot_name, name));
      }
    }
  }
  return stranded;
}

/// True, and held, when a server that leaves is the last one that some cache nodes know.
bool strands_nodes(const ServerPlans& plans, const Members& list, PlanBuilder& builder) {
  const std::vector<std::string> stranded = stranded_nodes(builder, list);
  if (stranded.empty()) {
    return false;
  }
  builder.hold(
      Hold::waiting, "ensemble",
      fmt::format("{}: {} of the servers that stay ({}{}), and no server leaves before {} one",
                  plans.membership.difference,
                  stranded.size() == 1 ? "a cache node knows none"
                                       : fmt::format("{} cache nodes know none", stranded.size()),
                  stranded.front(), stranded.size() > 1 ? ", ..." : "",
                  stranded.size() == 1 ? "it knows" : "they know"),
      builder.desired.ensemble.at);
  return true;
}

/// True, and held, when those of the list that serve, or will once started, are no majority of it:
/// the last leave would end the service.
bool costs_quorum(const ServerPlans& plans, const Members& list, PlanBuilder& builder) {
  const std::size_t serving = serving_of(list, plans, builder.observed);
  if (serving * 2 > list.size()) {
    return false;
  }
  builder.hold(
      Hold::guard, "ensemble",
      fmt::format("{}: this would leave {} of {} servers serving, which is no quorum; bring "
                  "the others back first",
                  plans.membership.difference, serving, list.size()),
      builder.desired.ensemble.at);
  return true;
}

/// Lets nodes go by the servers of the spec, if those are members when what is planned so far is
/// done.
void note_members_in(const ServerPlans& plans, PlanBuilder& builder) {
  const Membership& membership = plans.membership;
  const Members wanted = wanted_members(builder.desired);
  builder.members_in = !plans.held && !membership.current.empty() && membership.problem.empty() &&
                       std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
                         return membership.target.contains(entry.first);
                       });
  if (!membership.joining().empty()) {
    builder.members_after = after(plans.last);
  }
}

/// A leader that leaves must lead no more before the others learn that it is no member: they would
/// not follow it. False: it cannot be done.
bool plan_hand_over(ServerPlans& plans, int id, PlanBuilder& builder) {
  const auto found = plans.unlisted.find(id);
  if (found == plans.unlisted.end() || !others_have_quorum(plans, builder.observed, id)) {
    builder.hold(Hold::guard, fmt::format("server {}", id),
                 found == plans.unlisted.end()
                     ? "leads the ensemble that it must leave, and its host is not in the spec; "
                       "keep the host in \"hosts\" until the server has left"
                     : "leads the ensemble that it must leave, and without it the others are no "
                       "quorum; bring them back first",
                 builder.desired.ensemble.at);
    return false;
  }
  const HostFacts& facts = *builder.observed.host(found->second->host);
  const ObservedSlot& slot = *facts.slot(server_slot(id));
  RestartServer restart;
  restart.stop = stop_action(found->second->host, id, facts);
  DesiredServer server;
  server.host = found->second->host;
  server.id = id;
  StartServer start = start_action(plans, builder, server, facts);
  start.digest = slot.digest;
  restart.start = std::move(start);
  restart.leader = true;
  restart.members = places_of(plans);
  plans.last = builder.add(std::move(restart), "it leads and is to leave: another must lead first",
                           builder.desired.ensemble.at, after(plans.last));
  return true;
}

/// One server joins or leaves while all run; `list` becomes what it leads to.
void plan_reconfiguration(ServerPlans& plans, int id, Members& list, PlanBuilder& builder) {
  const bool joins = !list.contains(id);
  ReconfigureEnsemble change;
  change.server = id;
  change.before = list;
  if (joins) {
    const std::string& member = plans.membership.target.at(id);
    list.emplace(id, member);
    change.line = member_line(builder.desired, member);
  } else {
    list.erase(id);
  }
  change.after = list;
  change.members = places_of(plans);
  for (ServerPlace& place : change.members) {
    place.before = change.before->contains(place.id);
    place.after = list.contains(place.id);
    change.host = place.id == id ? place.host : change.host;
  }
  SourcePosition at = builder.desired.ensemble.at;
  if (const auto found = plans.servers.find(id); found != plans.servers.end()) {
    at = found->second.server->at;
  }
  plans.last = builder.add(std::move(change), joins ? "new in the spec" : "not in the spec", at,
                           after(plans.last));
}

/// Joins first, then leaves, a leader last. A leave waits until everybody who joins can.
void plan_reconfigurations(ServerPlans& plans, PlanBuilder& builder) {
  Members list = plans.membership.current;
  for (const int id : plans.membership.joining()) {
    const auto found = plans.servers.find(id);
    if (found == plans.servers.end() || !found->second.serving) {
      plans.held = true;
      continue;
    }
    plan_reconfiguration(plans, id, list, builder);
  }
  note_members_in(plans, builder);
  std::vector<int> leaving = plans.membership.leaving();
  if (leaving.empty() || plans.held) {
    return;
  }
  Members rest = list;
  for (const int id : leaving) {
    rest.erase(id);
  }
  if (costs_quorum(plans, rest, builder) || strands_nodes(plans, rest, builder)) {
    plans.held = true;
    return;
  }
  std::stable_partition(leaving.begin(), leaving.end(),
                        [&](int id) { return !leads(builder.observed, id); });
  for (const int id : leaving) {
    plan_reconfiguration(plans, id, list, builder);
    if (!plans.unlisted.contains(id)) {
      builder.alarm(fmt::format(
          "server {} at {} leaves the ensemble, but it is not seen to run on a host of the spec: "
          "stop it there by hand if it runs, as it would go on serving whoever knows it, and see "
          "that it does not come back",
          id, address_of(plans.membership.current.at(id))));
    }
  }
}

/// Whether a process of ours is there for the server: silence of one proves nothing.
bool runs(const ServerPlans& plans, const ObservedState& observed, int id) {
  const auto listed = plans.servers.find(id);
  const HostFacts* const facts =
      listed == plans.servers.end() ? nullptr : observed.host(listed->second.server->host);
  const ObservedSlot* const slot = facts == nullptr ? nullptr : facts->slot(server_slot(id));
  return slot != nullptr && facts->process_of(*slot) != nullptr;
}

/// Servers that run and are members no more, or will be none after this plan.
void plan_retirements(ServerPlans& plans, PlanBuilder& builder) {
  for (const auto& [id, drift] : plans.unlisted) {
    const bool votes = plans.membership.current.contains(id);
    if (plans.membership.target.contains(id) || (votes && plans.held)) {
      continue;
    }
    RetireServer retire;
    retire.stop = stop_action(drift->host, id, *builder.observed.host(drift->host));
    retire.data_directories = data_directories(builder.desired.ensemble);
    for (ServerPlace& place : places_of(plans)) {
      if (plans.membership.target.contains(place.id)) {
        retire.members.push_back(std::move(place));
      }
    }
    std::vector<StepId> before = after(plans.last);
    before.insert(before.end(), plans.restarts.begin(), plans.restarts.end());
    plans.last = builder.add(std::move(retire), drift->detail, drift->at, std::move(before));
  }
}

}  // namespace

std::vector<std::string> data_directories(const DesiredEnsemble& ensemble) {
  std::vector<std::string> directories{ensemble.data_directory};
  if (const auto log = ensemble.config.find("dataLogDir"); log != ensemble.config.end()) {
    directories.push_back(log->second);
  }
  return directories;
}

bool leads(const ObservedState& observed, int id) {
  const auto answer = observed.servers.find(id);
  return answer != observed.servers.end() && answer->second.is_present() &&
         answer->second.value().mode == ServerMode::leader;
}

bool answers_as_serving(const ObservedState& observed, int id) {
  const auto answer = observed.servers.find(id);
  return answer != observed.servers.end() && answer->second.is_present() &&
         answer->second.value().mode != ServerMode::not_serving;
}

bool has_no_quorum(const ServerPlans& plans, const ObservedState& observed) {
  if (observed.tree.is_present()) {  // It was read through one.
    return false;
  }
  const Members& list =
      plans.membership.current.empty() ? plans.membership.target : plans.membership.current;
  const auto may_serve = std::count_if(list.begin(), list.end(), [&](const auto& entry) {
    const auto answer = observed.servers.find(entry.first);
    return answer == observed.servers.end() || answer->second.is_unknown() ||
           answers_as_serving(observed, entry.first) ||
           (answer->second.is_absent() && runs(plans, observed, entry.first));
  });
  return static_cast<std::size_t>(may_serve) * 2 <= list.size();
}

bool others_have_quorum(const ServerPlans& plans, const ObservedState& observed, int without) {
  const auto sure = [&](int id) {
    const auto found = plans.servers.find(id);
    if (id == without || (found != plans.servers.end() && !found->second.serving)) {
      return false;
    }
    const bool comes =
        found != plans.servers.end() && (found->second.start != nullptr || found->second.awaited);
    return comes || answers_as_serving(observed, id);
  };
  const auto have = [&sure](const Members& list) {
    const auto count = std::count_if(list.begin(), list.end(),
                                     [&sure](const auto& entry) { return sure(entry.first); });
    return list.empty() || static_cast<std::size_t>(count) * 2 > list.size();
  };
  return have(plans.membership.current) && have(plans.membership.target);
}

std::vector<ServerPlace> places_of(const ServerPlans& plans) {
  const Membership& membership = plans.membership;
  std::vector<ServerPlace> places;
  Members all = membership.target;
  all.insert(membership.current.begin(), membership.current.end());
  for (const auto& [id, member] : all) {
    ServerPlace place;
    place.id = id;
    const auto listed = plans.servers.find(id);
    const auto unlisted = plans.unlisted.find(id);
    place.host = listed != plans.servers.end()      ? listed->second.server->host
                 : unlisted != plans.unlisted.end() ? unlisted->second->host
                                                    : "";
    place.before = membership.current.empty() || membership.current.contains(id);
    place.after = membership.target.contains(id);
    places.push_back(std::move(place));
  }
  return places;
}

void plan_restarts(ServerPlans& plans, PlanBuilder& builder) {
  const Membership& membership = plans.membership;
  if (membership.joining().empty()) {
    note_members_in(plans, builder);
  }
  if (!membership.dynamic && !membership.leaving().empty()) {
    const int leaver = membership.leaving().front();
    if (strands_nodes(plans, membership.target, builder)) {
      plans.held = true;
      return;
    }
    if (leads(builder.observed, leaver)) {
      plan_hand_over(plans, leaver, builder);
      plans.held = true;
      return;
    }
  }
  for (const int id : restart_order(plans, builder.observed)) {
    const ServerPlan& plan = plans.servers.at(id);
    if (!others_have_quorum(plans, builder.observed, id)) {
      plans.held = true;
      builder.hold(Hold::guard, server_subject(*plan.restart),
                   membership.current.size() < 3
                       ? "restarting it would leave the ensemble without a quorum; set "
                         "ensemble.state to \"stopped\", apply, then back to \"running\""
                       : "restarting it would leave the ensemble without a quorum, as another "
                         "server does not serve; bring that one back first",
                   plan.restart->at);
      continue;
    }
    const HostFacts& facts = *builder.observed.host(plan.server->host);
    std::vector<StepId> before = after(plans.last);
    if (const auto found = plans.configured.find(id); found != plans.configured.end()) {
      before.push_back(found->second);
    }
    RestartServer restart{stop_action(plan.server->host, id, facts),
                          start_action(plans, builder, *plan.server, facts),
                          leads(builder.observed, id), places_of(plans)};
    plans.last = builder.add(std::move(restart), plan.restart->detail, plan.restart->at, before);
    plans.restarts.push_back(*plans.last);
  }
  if (!membership.joining().empty()) {
    note_members_in(plans, builder);
  }
}

void plan_members(ServerPlans& plans, PlanBuilder& builder) {
  const Membership& membership = plans.membership;
  if (membership.dynamic) {
    plan_reconfigurations(plans, builder);
  }
  plan_retirements(plans, builder);
  if (!membership.complete && membership.problem.empty()) {
    builder.later(
        fmt::format("the ensemble's members, one after the other: {}", membership.difference));
  }
}

}  // namespace arcform
