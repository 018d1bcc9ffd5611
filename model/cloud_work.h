// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/plan_builder.h"

/// What the planner of clouds shares with the planner of their nodes; only model/ uses it.
namespace arcform {

/// Some drift, by node. It is added in the order of the nodes and mostly asked for in it, too.
class DriftByNode {
 public:
  void add(const Drift& drift) { items_.push_back(&drift); }
  const Drift& front() const { return *items_.front(); }
  bool contains(Endpoint node) const { return find(node) != nullptr; }
  /// nullptr: none of it is this node's.
  const Drift* find(Endpoint node) const;

 private:
  std::vector<const Drift*> items_;
  mutable std::size_t near_ = 0;  // Where the last one was found.
};

/// The drift of one cloud that the spec lists, and what has been planned for it so far.
struct CloudWork {
  const DesiredCloud* cloud = nullptr;
  bool in_use = false;  ///< nodes stand in it now
  std::optional<StepId> registered;
  std::optional<StepId> mapped;
  MapNodes map;
  DriftByNode to_map;
  std::set<Endpoint> left_alone;  ///< nodes whose mapping may not be moved here: it is held
  std::set<Endpoint> moving;      ///< nodes that run for another cloud of ours
  std::size_t width = 1;          ///< how many nodes may be taken down at once
  std::vector<StepId> repairs;
  std::vector<StepId> chain;     ///< steps that take nodes down or change the ring, in order
  mutable std::size_t near = 0;  ///< where node_of() found the last node
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
