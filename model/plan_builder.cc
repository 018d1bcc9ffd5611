// SPDX-License-Identifier: Apache-2.0
#include "model/plan_builder.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "model/znodes.h"

namespace arcform {
namespace {

/// Counts what the steps do to each cloud. `down_at_once_max` is the rollout's limit where a chain
/// of restarts exists.
std::vector<CloudImpact> impact_of(const DesiredState& desired, const ObservedState& observed,
                                   const std::vector<Step>& steps) {
  std::map<std::string, CloudImpact> impact;
  const auto of = [&](const std::string& code) -> CloudImpact& {
    CloudImpact& entry = impact[code];
    entry.service_code = code;
    return entry;
  };
  for (const Step& step : steps) {
    if (const auto* start = std::get_if<StartNode>(&step.action)) {
      ++of(start->service_code).joining;
    } else if (const auto* stop = std::get_if<StopNode>(&step.action)) {
      ++of(stop->service_code).leaving;
      ++of(stop->service_code).caches_lost;
    } else if (const auto* restart = std::get_if<RestartNode>(&step.action)) {
      ++of(restart->start.service_code).caches_lost;
      of(restart->start.service_code).down_at_once_max = 1;
    } else if (!cloud_of(step.action).empty()) {
      of(cloud_of(step.action));
    }
  }
  std::vector<CloudImpact> out;
  for (auto& [code, entry] : impact) {
    if (const DesiredCloud* cloud = desired.cloud(code)) {
      entry.nodes = static_cast<std::uint32_t>(cloud->nodes.size());
      entry.down_at_once_max = std::min({entry.down_at_once_max * cloud->rollout.max_unavailable,
                                         entry.caches_lost, entry.nodes});
    }
    if (const TreeFacts* tree = observed.tree.get()) {
      const auto found = tree->clouds.find(code);
      if (found != tree->clouds.end()) {
        entry.up_before = static_cast<std::uint32_t>(found->second.joined.size());
      }
    }
    if (!code.empty()) {
      out.push_back(entry);
    }
  }
  return out;
}

}  // namespace

PlanBuilder::PlanBuilder(const DesiredState& desired_in, const ObservedState& observed_in,
                         const Policy& policy_in)
    : desired(desired_in), observed(observed_in), policy(policy_in) {}

StepId PlanBuilder::add(Action action, std::string reason, SourcePosition at,
                        std::vector<StepId> after) {
  std::sort(after.begin(), after.end());
  after.erase(std::unique(after.begin(), after.end()), after.end());
  Step step;
  step.action = std::move(action);
  step.reason = std::move(reason);
  step.at = at;
  step.after = std::move(after);
  plan_.steps.push_back(std::move(step));
  return static_cast<StepId>(plan_.steps.size() - 1);
}

void PlanBuilder::hold(Hold kind, std::string subject, std::string reason, SourcePosition at) {
  plan_.held.push_back({kind, std::move(subject), std::move(reason), at});
}

std::uint32_t PlanBuilder::launch(const HostFacts& facts, const DesiredPackage& package) {
  Launch launch;
  launch.package = package.name;
  launch.prefix = package.installed;
  launch.connect_string = connect_string(desired);
  launch.as_root = facts.uid == 0;
  if (const auto found = facts.packages.find(package.installed); found != facts.packages.end()) {
    launch.engine = found->second.engine;
    launch.extensions = found->second.extensions;
  }
  // Few distinct ones exist: usually one per package.
  for (std::uint32_t i = 0; i < plan_.launches.size(); ++i) {
    if (plan_.launches[i] == launch) {
      return i;
    }
  }
  plan_.launches.push_back(std::move(launch));
  return static_cast<std::uint32_t>(plan_.launches.size() - 1);
}

Plan PlanBuilder::finish() && {
  std::sort(plan_.held.begin(), plan_.held.end(), [](const Held& a, const Held& b) {
    return std::tie(a.hold, a.subject, a.reason) < std::tie(b.hold, b.subject, b.reason);
  });
  plan_.impact = impact_of(desired, observed, plan_.steps);
  return std::move(plan_);
}

bool Plan::holds(Hold kind) const {
  return std::any_of(held.begin(), held.end(), [kind](const Held& h) { return h.hold == kind; });
}

namespace {

/// Keys beside the nodes' mappings mean nothing to anybody: a mistake of somebody's hand.
void plan_alarms(PlanBuilder& builder) {
  const TreeFacts* const tree = builder.observed.tree.get();
  if (tree == nullptr) {
    return;
  }
  for (const std::string& key : tree->unusual_mappings) {
    builder.alarm(
        fmt::format("{}/{}: is no address (ip:port) of a cache node, so it maps nothing; find out "
                    "who made it and delete it by hand",
                    znodes::kMapping, printable(key, 200)));
  }
}

}  // namespace

Plan plan(const DesiredState& desired, const ObservedState& observed, const Policy& policy) {
  const std::vector<Drift> drift = diff(desired, observed);
  PlanBuilder builder(desired, observed, policy);
  plan_hosts(drift, builder);
  plan_ensemble(drift, builder);
  plan_clouds(drift, builder);
  plan_removals(drift, builder);
  plan_ensemble_stop(drift, builder);
  plan_alarms(builder);
  return std::move(builder).finish();
}

}  // namespace arcform
