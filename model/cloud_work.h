// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/plan_builder.h"

/// What the planner of clouds shares with the planner of their nodes; only model/ uses it.
namespace arcform {

/// The drift of one cloud that the spec lists, and what has been planned for it so far.
struct CloudWork {
  const DesiredCloud* cloud = nullptr;
  bool in_use = false;  ///< nodes stand in it now
  std::optional<StepId> registered;
  std::optional<StepId> mapped;
  MapNodes map;
  std::map<Endpoint, const Drift*> to_map;
  std::set<Endpoint> foreign;  ///< nodes whose mapping is somebody else's: left alone
  std::set<Endpoint> moving;   ///< nodes that run for another cloud of ours
  std::vector<StepId> repairs;
  std::vector<StepId> chain;  ///< steps that take nodes down or change the ring, in order
};

/// The cloud's node of that address; it must be one of the spec's.
const DesiredNode& node_of(const CloudWork& work, Endpoint endpoint);

/// The service codes below a node's mapping that are not its cloud's.
std::vector<std::string> codes_to_remove(const Drift& drift, const PlanBuilder& builder);

/// Stops a node that the spec wants stopped, or holds it.
void plan_stop(const Drift& drift, const char* reason, PlanBuilder& builder);

/// The steps for the nodes: repairs first (those that should be up and are not), then restarts and
/// additions one after the other.
void plan_nodes(const std::vector<const Drift*>& drift, CloudWork& work, PlanBuilder& builder);

}  // namespace arcform
