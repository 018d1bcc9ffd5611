// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/facts.h"

/// How the facts of a plan are collected; only model/ uses it.
namespace arcform {

/// Collects facts, each subject once, and which of them the present step relies on.
class FactWatch {
 public:
  FactWatch(const Plan& plan_in, const DesiredState& desired, const ObservedState& observed)
      : plan(plan_in), desired_(desired), observed_(observed), tree_(observed.tree.get()) {}

  /// The process of a slot, and whether its port is taken.
  void process(const std::string& what, const std::string& host, const std::string& slot_name,
               std::uint16_t port);
  void node(const std::string& host, Endpoint node);
  /// What the node has of what is to be changed, as it says itself.
  void settings(Endpoint node, const std::vector<Tuning>& changes);
  void servers(Endpoint node);  ///< of the ensemble, that the node goes by
  void joined(const std::string& code, Endpoint node);
  void mapping(Endpoint node);
  void registration(const std::string& code);
  void clients(const std::string& code);
  /// Which nodes of the cloud that the spec has are missing from it.
  void members(const std::string& code);
  void server(const std::string& host, int id);
  void server_files(const std::string& host, int id);
  /// Who leads, follows or does not serve.
  void modes();
  void tree();
  void package(const std::string& host, const std::string& prefix);
  void release(const std::string& host_name, const std::string& package_name,
               const std::string& prefix);
  /// Somebody's process, ours or not.
  void running(const std::string& host_name, const ProcessIdentity& process);
  void deployment();

  std::vector<std::string> take_step() { return std::exchange(step_, {}); }
  const std::map<std::string, std::string>& facts() const { return facts_; }

  const Plan& plan;

 private:
  const HostFacts* host(const std::string& name) const { return observed_.host(name); }
  void note(std::string subject, std::string value) {
    step_.push_back(subject);
    facts_.try_emplace(std::move(subject), std::move(value));
  }
  bool noted(const std::string& subject) {
    const bool known = facts_.contains(subject);
    if (known) {
      step_.push_back(subject);
    }
    return known;
  }
  /// What to say where there is no tree: it is provably empty, or nobody knows.
  std::string without_tree() const { return observed_.tree.is_absent() ? "absent" : kUnknownFact; }
  const ObservedCloud* cloud(const std::string& code) const {
    const auto found = tree_->clouds.find(code);
    return found == tree_->clouds.end() ? nullptr : &found->second;
  }

  const DesiredState& desired_;
  const ObservedState& observed_;
  const TreeFacts* tree_;
  std::map<std::string, std::string> facts_;
  std::vector<std::string> step_;
};

}  // namespace arcform
