// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/membership.h"
#include "model/plan_builder.h"

/// The parts that the ensemble's phase is made of; only model/ uses them.
namespace arcform {

/// What is planned for one server of the spec.
struct ServerPlan {
  const DesiredServer* server = nullptr;
  const Drift* configure = nullptr;
  const Drift* start = nullptr;
  const Drift* restart = nullptr;
  const Drift* stale = nullptr;
  bool serving = false;  ///< runs, or will after its start step
  bool awaited = false;  ///< runs and does not serve yet
};

/// Everything that is planned for the ensemble.
struct ServerPlans {
  Membership membership;
  std::map<int, ServerPlan> servers;     ///< of the spec, as far as they take part
  std::map<int, const Drift*> unlisted;  ///< run, and are not in the spec
  std::map<int, DesiredServer> kept;     ///< of those, the members that leave later
  std::map<int, StepId> configured;      ///< who configures a server
  std::vector<StepId> restarts;          ///< of servers that stay
  std::optional<StepId> last;            ///< what the next change of the ensemble comes after
  bool held = false;                     ///< a restart that the change needs is held
};

std::string server_subject(const Drift& drift);
/// The first of this kind; nullptr: none.
const Drift* find_drift(const std::vector<Drift>& drift, DriftKind kind);
StartServer start_action(const ServerPlans& plans, const PlanBuilder& builder,
                         const DesiredServer& server, const HostFacts& facts);
StopServer stop_action(const std::string& host, int id, const HostFacts& facts);

/// The data directories of a server, as the spec has them.
std::vector<std::string> data_directories(const DesiredEnsemble& ensemble);
bool leads(const ObservedState& observed, int id);
bool answers_as_serving(const ObservedState& observed, int id);
/// How many of the list's servers serve, or will.
std::size_t serving_of(const Members& list, const ServerPlans& plans,
                       const ObservedState& observed);
/// True when the servers that serve, or may for all that is known, are provably no majority of the
/// list: restarting one takes nothing away.
bool has_no_quorum(const ServerPlans& plans, const ObservedState& observed);
/// True when those that serve, or will when their start has been waited for, are a majority of both
/// lists without this one.
bool others_have_quorum(const ServerPlans& plans, const ObservedState& observed, int without);
/// Every server that votes in one of the two lists.
std::vector<ServerPlace> places_of(const ServerPlans& plans);

/// Holds the servers that ran before and would begin with nothing: a majority of them would forget
/// everything.
void hold_without_data(ServerPlans& plans, PlanBuilder& builder);
/// What keeps the servers running although the spec says "stopped".
void hold_stop(const std::vector<Drift>& drift, PlanBuilder& builder);
/// Restarts of servers that serve with an old configuration: those that do not serve first, then
/// followers, the leader last.
void plan_restarts(ServerPlans& plans, PlanBuilder& builder);
/// What changes the list of members while its servers run, and the end of those that left it.
void plan_members(ServerPlans& plans, PlanBuilder& builder);

}  // namespace arcform
