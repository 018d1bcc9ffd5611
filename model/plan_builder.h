// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/diff.h"
#include "model/plan.h"

namespace arcform {

/// A plan while it is being made: the parts of the planner share it. Only model/ uses it.
class PlanBuilder {
 public:
  PlanBuilder(const DesiredState& desired, const ObservedState& observed, const Policy& policy);

  StepId add(Action action, Reason reason, SourcePosition at, std::vector<StepId> after);
  Step& step(StepId id) { return plan_.steps[id]; }
  std::size_t size() const { return plan_.steps.size(); }
  void hold(Hold kind, std::string subject, std::string reason, SourcePosition at);
  void alarm(std::string text) { plan_.alarms.push_back(std::move(text)); }
  void later(std::string text) { plan_.later.push_back(std::move(text)); }
  void debt(std::string text) { plan_.debts.push_back(std::move(text)); }

  /// The host's facts; nullptr when they are unknown. Quick for the same host again and again.
  const HostFacts* host(const std::string& name);
  /// Room for this many steps.
  void reserve(std::size_t steps) { plan_.steps.reserve(steps); }

  /// Index into Plan::launches of what a node of `package` on `host` is started with.
  std::uint32_t launch(const HostFacts& facts, const DesiredPackage& package);
  /// A process of this package cannot be started there; it is held already.
  bool is_missing(const std::string& host, const std::string& package) const {
    return !missing_packages.empty() && missing_packages.contains({host, package});
  }

  /// The cloud in which an ephemeral of the node stands although the spec has it elsewhere or
  /// nowhere; "" for none.
  std::string stray_cloud(Endpoint node) const;
  /// Holds a node that stands in a cloud which is not ours; true when it did.
  bool hold_stranger(const Drift& drift);
  /// What ZooKeeper holds of a cloud; nullptr: nothing is known of it.
  const ObservedCloud* seen_cloud(const std::string& code) const;
  /// Puts a step that takes a node from a cloud behind everything else that changes its ring.
  void take_turn(const std::string& ring, StepId id);

  /// The finished plan: steps in topological order, everything else sorted.
  Plan finish() &&;

  const DesiredState& desired;
  const ObservedState& observed;
  const Policy& policy;

  /// Hosts on which a process of this package cannot be started, already held.
  std::set<std::pair<std::string, std::string>> missing_packages;
  /// Packages that steps of this plan put on hosts; what runs from them comes after.
  std::map<std::pair<std::string, std::string>, StepId> installs;
  /// Hosts that could not be observed, already held.
  std::set<std::string> unknown_hosts;
  /// Hosts with another address in the spec than their nodes have, already held.
  std::set<std::string> moved_hosts;
  /// What every step that needs ZooKeeper must come after, where it is not serving yet.
  std::optional<StepId> tree_ready;
  /// True when clouds can be planned: the tree is known, and serving or about to.
  bool tree_usable = false;
  /// Every server of the spec is a member, or will be after these steps: nodes may go by them.
  bool members_in = false;
  std::vector<StepId> members_after;
  /// Per cloud: the repairs and the last ring changes planned; its removals come after them.
  std::map<std::string, std::vector<StepId>> ring_steps;
  /// The ensemble is to be stopped and may serve, and what it holds is unknown: nothing stops.
  bool may_serve_unread = false;
  /// What may_lose_nodes() said of a cloud.
  std::map<std::string, bool> may_lose;
  /// Something that must be unregistered or observed first is held: servers must not be stopped.
  bool teardown_held = false;

 private:
  std::uint32_t find_launch(const HostFacts& facts, const DesiredPackage& package);

  Plan plan_;
  Shared<std::vector<StepId>> last_after_;   ///< what add() was given last: mostly the same again
  std::string last_host_;                    ///< what was asked for last, and
  const HostFacts* last_facts_ = nullptr;    ///< what host() found
  const HostFacts* launch_facts_ = nullptr;  ///< what launch() was asked for last,
  const DesiredPackage* launch_package_ = nullptr;
  std::uint32_t last_launch_ = 0;  ///< and what it found
  std::string connect_string_;
  std::map<Endpoint, std::string> strays_;
};

/// Counts what the steps do to each cloud.
std::vector<CloudImpact> impact_of(const DesiredState& desired, const std::vector<Step>& steps);

/// How a host with our nodes is reached, as it is kept in ZooKeeper.
HostRecord record_of(const DesiredHost& host);

/// The phases, in order. Each consumes the drift that is its own.
void plan_hosts(const std::vector<Drift>& drift, PlanBuilder& builder);
void plan_ensemble(const std::vector<Drift>& drift, PlanBuilder& builder);
/// Holds the hosts whose address is another one than when their nodes were started.
void hold_moved_hosts(PlanBuilder& builder);
/// One cloud of the spec: its registration, mappings and nodes.
void plan_cloud(const DesiredCloud& cloud, const std::vector<Drift>& drift, PlanBuilder& builder);
void plan_removals(const std::vector<Drift>& drift, PlanBuilder& builder);
void plan_ensemble_stop(const std::vector<Drift>& drift, PlanBuilder& builder);

/// A package out of an archive: installs it, removes an old release, or holds it.
void plan_archive(const Drift& drift, PlanBuilder& builder);

std::string node_subject(const Drift& drift);
/// Holds a node's drift that no step answers.
void hold_node(const Drift& drift, PlanBuilder& builder);

/// The nodes that a cloud of ours has, by their mappings or because they stand in it, and that the
/// spec has elsewhere or nowhere.
std::vector<Endpoint> leaving_nodes(const std::string& code, const PlanBuilder& builder);
/// Whether those may leave: a protected cloud loses none, and more than `policy.maxRemovals`, the
/// last ones or those of a cloud with clients go only when asked for by name. Where they may not,
/// the cloud is held.
bool may_lose_nodes(const std::string& code, PlanBuilder& builder);

}  // namespace arcform
