// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "model/plan.h"

namespace arcform {

/// What steps do to the world, as a pure model of one: no time, no failures. A step that breaks a
/// rule of its action (see action.h) or of the deployment is told in words; "" means all is well.
class ModelWorld {
 public:
  /// `truth`: all that is there; its tree must be present or absent, even when nobody can read it.
  ModelWorld(const DesiredState& desired, ObservedState truth);

  /// What an observer sees: the tree only while a quorum serves.
  ObservedState observe() const;
  bool has_quorum() const;
  /// A step on this host breaks a rule from now on: nobody could see it.
  void hide(const std::string& host) { hidden_.insert(host); }

  /// The first half of a step: what it takes down is down.
  std::string begin(const Step& step);
  /// The rest of a step that has begun.
  std::string end(const Plan& plan, const Step& step);
  /// Both halves.
  std::string perform(const Plan& plan, const Step& step);

 private:
  std::string apply(const Plan& plan, const InstallPackage& action);
  std::string apply(const Plan& plan, const RemoveRelease& action);
  std::string apply(const Plan& plan, const ConfigureServer& action);
  std::string apply(const Plan& plan, const StartServer& action);
  std::string apply(const Plan& plan, const StopServer& action);
  std::string apply(const Plan& plan, const RestartServer& action);
  std::string apply(const Plan& plan, const AwaitQuorum& action);
  std::string apply(const Plan& plan, const CreateTree& action);
  std::string apply(const Plan& plan, const RegisterCloud& action);
  std::string apply(const Plan& plan, const MapNodes& action);
  std::string apply(const Plan& plan, const UnmapNodes& action);
  std::string apply(const Plan& plan, const StartNode& action);
  std::string apply(const Plan& plan, const StopNode& action);
  std::string apply(const Plan& plan, const RestartNode& action);
  std::string apply(const Plan& plan, const ForgetNode& action);
  std::string apply(const Plan& plan, const UnregisterCloud& action);
  std::string apply(const Plan& plan, const TuneNode& action);
  std::string apply(const Plan& plan, const ReconfigureEnsemble& action);
  std::string apply(const Plan& plan, const RetireServer& action);
  std::string apply(const Plan& plan, const SetDataAside& action);
  std::string apply(const Plan& plan, const AdoptServer& action);
  std::string apply(const Plan& plan, const AdoptCloud& action);
  std::string apply(const Plan& plan, const AdoptNode& action);

  std::string tree_missing(const std::string& what) const;
  void remove_stale(const std::string& code, const ObservedJoin& stale);
  void stop_node(const StopNode& action);
  void settle_servers();

  const DesiredState& desired_;
  ObservedState world_;
  TreeFacts tree_;
  std::set<std::string> hidden_;
  std::uint32_t next_pid_ = 50'000;
  std::map<Endpoint, std::string> down_;  ///< of steps that have begun: the cloud each was up in
};

}  // namespace arcform
