// SPDX-License-Identifier: Apache-2.0
#include "model/plan_builder.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "model/diff_parts.h"
#include "model/packages.h"
#include "model/plan_adoption.h"
#include "model/select.h"
#include "model/znodes.h"

namespace arcform {

namespace {

/// A node that starts again in another cloud is lost to the one that it leaves. Repairs are in no
/// chain: what they take down is down already.
template <class ImpactOf>
void add_restart(const RestartNode& restart, bool repair, const ImpactOf& of) {
  const std::string& left = restart.stop->service_code;
  const std::string& code = restart.start->service_code;
  ++of(left).caches_lost;
  if (left != code) {
    ++of(left).leaving;
    ++of(code).joining;
  } else if (!repair) {
    of(code).down_at_once_max = 1;
  }
}

}  // namespace

/// `down_at_once_max` is the rollout's limit where a chain of restarts exists.
std::vector<CloudImpact> impact_of(const DesiredState& desired, const std::vector<Step>& steps) {
  std::map<std::string, CloudImpact> impact;
  CloudImpact* last = nullptr;  // Steps of one cloud mostly stand together.
  const auto of = [&](const std::string& code) -> CloudImpact& {
    if (last == nullptr || last->service_code != code) {
      last = &impact[code];
      last->service_code = code;
    }
    return *last;
  };
  for (const Step& step : steps) {
    if (const auto* start = std::get_if<StartNode>(&step.action)) {
      ++of(start->service_code).joining;
    } else if (const auto* stop = std::get_if<StopNode>(&step.action)) {
      ++of(stop->service_code).leaving;
      ++of(stop->service_code).caches_lost;
    } else if (const auto* restart = std::get_if<RestartNode>(&step.action)) {
      add_restart(*restart, step.repair, of);
    } else if (const std::string code = cloud_of(step.action); !code.empty()) {
      of(code);
    }
  }
  std::vector<CloudImpact> out;
  for (auto& [code, entry] : impact) {
    if (const DesiredCloud* cloud = desired.cloud(code)) {
      entry.nodes = static_cast<std::uint32_t>(cloud->nodes.size());
      entry.down_at_once_max = std::min({entry.down_at_once_max * cloud->rollout.max_unavailable,
                                         entry.caches_lost, entry.nodes});
    }
    if (!code.empty()) {
      out.push_back(entry);
    }
  }
  return out;
}

namespace {

const char* transport_name(Transport transport) {
  switch (transport) {
    case Transport::ssh:
      return "ssh";
    case Transport::openssh:
      return "openssh";
    case Transport::local:
      return "local";
  }
  return "ssh";
}

std::map<Endpoint, std::string> strays_of(const DesiredState& desired,
                                          const ObservedState& observed) {
  std::map<Endpoint, std::string> strays;
  const TreeFacts* const tree = observed.tree.get();
  if (tree == nullptr) {
    return strays;
  }
  for (const auto& [code, seen] : tree->clouds) {
    const DesiredCloud* const cloud = desired.cloud(code);
    const std::vector<DesiredNode> none;
    const std::vector<DesiredNode>& nodes = cloud != nullptr ? cloud->nodes : none;
    auto next = nodes.begin();  // Both are in order.
    for (const ObservedJoin& join : seen.joined) {
      while (next != nodes.end() && join.endpoint && next->endpoint < *join.endpoint) {
        ++next;
      }
      const bool at_home = next != nodes.end() && next->endpoint == join.endpoint;
      if (join.endpoint && join.owner != 0 && !at_home) {
        strays.emplace(*join.endpoint, code);
      }
    }
  }
  return strays;
}

/// The package that a step starts something from; empty: none.
const std::string& package_of(const Action& action, const DesiredState& desired) {
  static const std::string kNone;
  const auto* const restart = std::get_if<RestartNode>(&action);
  const auto* const start = restart != nullptr ? &*restart->start : std::get_if<StartNode>(&action);
  if (start != nullptr) {
    const DesiredCloud* const cloud = desired.cloud(start->service_code);
    return cloud == nullptr ? kNone : cloud->package;
  }
  const bool server =
      std::holds_alternative<StartServer>(action) || std::holds_alternative<RestartServer>(action);
  return server ? desired.ensemble.package : kNone;
}

}  // namespace

PlanBuilder::PlanBuilder(const DesiredState& desired_in, const ObservedState& observed_in,
                         const Policy& policy_in)
    : desired(desired_in),
      observed(observed_in),
      policy(policy_in),
      connect_string_(connect_string(desired_in)),
      strays_(strays_of(desired_in, observed_in)) {}

StepId PlanBuilder::add(Action action, Reason reason, SourcePosition at,
                        std::vector<StepId> after) {
  if (!installs.empty()) {
    const auto install = installs.find({host_of(action), package_of(action, desired)});
    if (install != installs.end()) {
      after.push_back(install->second);
    }
  }
  std::sort(after.begin(), after.end());
  after.erase(std::unique(after.begin(), after.end()), after.end());
  if (!(last_after_ == after)) {
    last_after_ = std::move(after);
  }
  Step& step = plan_.steps.emplace_back();
  step.action = std::move(action);
  step.reason = std::move(reason);
  step.at = at;
  step.after = last_after_;
  return static_cast<StepId>(plan_.steps.size() - 1);
}

void PlanBuilder::hold(Hold kind, std::string subject, std::string reason, SourcePosition at) {
  plan_.held.push_back({kind, std::move(subject), std::move(reason), at});
}

const HostFacts* PlanBuilder::host(const std::string& name) {
  if (last_host_ != name || name.empty()) {
    last_host_ = name;
    last_facts_ = observed.host(name);
  }
  return last_facts_;
}

std::uint32_t PlanBuilder::launch(const HostFacts& facts, const DesiredPackage& package) {
  if (&facts != launch_facts_ || &package != launch_package_) {
    last_launch_ = find_launch(facts, package);
    launch_facts_ = &facts;
    launch_package_ = &package;
  }
  return last_launch_;
}

std::uint32_t PlanBuilder::find_launch(const HostFacts& facts, const DesiredPackage& package) {
  Launch launch;
  launch.package = package.name;
  launch.prefix = prefix_of(package, facts);
  launch.connect_string = connect_string_;
  launch.as_root = facts.uid == 0;
  if (!package.archive.empty()) {  // Where it will be, when it is not there yet.
    launch.engine = launch.prefix + "/lib/default_engine.so";
  }
  const auto found = facts.packages.find(launch.prefix);
  if (found != facts.packages.end() && (launch.engine.empty() || !found->second.engine.empty())) {
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
  plan_.impact = impact_of(desired, plan_.steps);
  return std::move(plan_);
}

HostRecord record_of(const DesiredHost& host) {
  return {host.name,     host.address,  transport_name(host.transport),
          host.ssh.user, host.ssh.port, host.ssh.directory};
}

std::string node_subject(const Drift& drift) {
  return drift.host.empty() ? drift.node.text()
                            : fmt::format("{} on {}", drift.node.text(), drift.host);
}

void hold_node(const Drift& drift, PlanBuilder& builder) {
  if (drift.kind == DriftKind::node_unmapped) {
    return;  // The mappings' step answers it, for many nodes at once.
  }
  const std::string subject = node_subject(drift);
  if (drift.kind == DriftKind::node_restart_debt) {
    builder.debt(fmt::format("{}: {}", subject, drift.detail));
  } else if (drift.kind == DriftKind::node_untunable) {
    builder.hold(Hold::unsupported, subject,
                 fmt::format("its server does not know how to change {}; take that out of its "
                             "\"config\"",
                             drift.detail),
                 drift.at);
  } else if (drift.kind == DriftKind::node_starting) {
    builder.hold(Hold::waiting, subject, drift.detail, drift.at);
  } else if (drift.kind == DriftKind::node_silent) {
    builder.hold(Hold::guard, subject,
                 drift.detail +
                     "; it may be overloaded or stopped: look at the process, its cache "
                     "is not thrown away for this",
                 drift.at);
  } else if (drift.kind == DriftKind::node_port_taken) {
    builder.hold(Hold::foreign, subject, drift.detail + "; stop it, or choose another port",
                 drift.at);
  } else if (drift.kind == DriftKind::node_unknown && !builder.unknown_hosts.contains(drift.host)) {
    builder.hold(Hold::unknown, subject, drift.detail, drift.at);
  }
}

std::string PlanBuilder::stray_cloud(Endpoint node) const {
  const auto found = strays_.find(node);
  return found == strays_.end() ? "" : found->second;
}

const ObservedCloud* PlanBuilder::seen_cloud(const std::string& code) const {
  const TreeFacts* const tree = observed.tree.get();
  if (tree == nullptr) {
    return nullptr;
  }
  const auto found = tree->clouds.find(code);
  return found == tree->clouds.end() ? nullptr : &found->second;
}

bool PlanBuilder::hold_stranger(const Drift& drift) {
  const std::string code = stray_cloud(drift.node);
  if (code.empty() || observed.tree.value().record.claims.contains(code)) {
    return false;
  }
  hold(Hold::foreign, node_subject(drift),
       fmt::format("stands in cloud {}, which this deployment does not own; stop it by hand",
                   printable(code)),
       drift.at);
  return true;
}

void PlanBuilder::take_turn(const std::string& ring, StepId id) {
  if (!ring.empty()) {
    Step& mine = step(id);
    mine.after = std::exchange(ring_steps[ring], std::vector<StepId>{id});
    mine.settle = std::holds_alternative<StopNode>(mine.action);
  }
}

const char* name_of(Hold hold) {
  switch (hold) {
    case Hold::unknown:
      return "unknown";
    case Hold::unsupported:
      return "unsupported";
    case Hold::guard:
      return "refused";
    case Hold::foreign:
      return "foreign";
    case Hold::waiting:
      return "waiting";
  }
  return nullptr;
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

/// About as many steps as there are when nothing runs yet: room for them is made at once.
std::size_t steps_expected(const DesiredState& desired, const ObservedState& observed) {
  return 3 * desired.ensemble.servers.size() + 3 * desired.clouds.size() + 2 +
         nodes_missing(desired, observed);
}

/// The plan, behind the steps that take over what `adoption` found. Differences that may be such a
/// find are left in `contacts`, unless it is nullptr.
Plan plan_with(const Adoption& adoption, const DesiredState& desired, const ObservedState& observed,
               const Policy& policy, std::vector<Drift>* contacts) {
  PlanBuilder builder(desired, observed, policy);
  builder.reserve(steps_expected(desired, observed));
  AdoptionSteps adopting;
  adopting.plan(adoption, builder);
  std::vector<Drift> drift;
  diff_hosts(desired, observed, drift);
  diff_ensemble(desired, observed, drift);
  keep_contacts(drift, contacts);
  plan_hosts(drift, builder);
  plan_ensemble(drift, builder);
  hold_moved_hosts(builder);
  DiffWorld world = index(desired, observed);
  std::vector<Drift> cloud_drift;
  for (const DesiredCloud& cloud : desired.clouds) {
    cloud_drift.clear();
    diff_cloud(world, cloud, cloud_drift);
    keep_contacts(cloud_drift, contacts);
    plan_cloud(cloud, cloud_drift, builder);
  }
  cloud_drift.clear();
  diff_unlisted(world, cloud_drift);
  keep_contacts(cloud_drift, contacts);
  plan_removals(cloud_drift, builder);
  plan_ensemble_stop(drift, builder);
  plan_alarms(builder);
  adopting.put_first(builder);
  Plan made = std::move(builder).finish();
  if (!policy.only.empty()) {
    made = select(std::move(made), desired, observed, policy.only);
  }
  return made;
}

}  // namespace

bool Plan::only_adopts() const {
  return !steps.empty() && held.empty() && later.empty() &&
         std::all_of(steps.begin(), steps.end(),
                     [](const Step& step) { return is_adoption(step.action); });
}

Plan plan(const DesiredState& desired, const ObservedState& observed, const Policy& policy) {
  std::vector<Drift> contacts;
  Plan made = plan_with({}, desired, observed, policy, &contacts);
  if (contacts.empty()) {
    return made;
  }
  const Adoption adoption = find_adoption(desired, observed, contacts, policy);
  if (adoption.empty() && adoption.refused.empty()) {
    return made;
  }
  // What is taken over is planned for as if it were ours already.
  return plan_with(adoption, desired, after_adoption(observed, adoption), policy, nullptr);
}

}  // namespace arcform
