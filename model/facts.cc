// SPDX-License-Identifier: Apache-2.0
#include "model/facts.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "model/fact_watch.h"

namespace arcform {
namespace {

// What each kind of action relies on. A new kind of action needs an overload here.

void watch(const ConfigureServer& a, FactWatch& on) {
  on.server_files(a.host, a.id);
}
void watch(const StartServer& a, FactWatch& on) {
  on.server(a.host, a.id);
}
void watch(const StopServer& a, FactWatch& on) {
  on.server(a.host, a.id);
  on.modes();
}
void watch(const RestartServer& a, FactWatch& on) {
  on.server(a.start->host, a.start->id);
  on.modes();
}
void watch(const InstallPackage& a, FactWatch& on) {
  on.release(a.host, a.package, a.prefix);
}
void watch(const RemoveRelease& a, FactWatch& on) {
  on.release(a.host, a.package, a.folder + "/" + a.release);
}
void watch(const ReconfigureEnsemble& a, FactWatch& on) {
  if (!a.host.empty()) {
    on.server(a.host, a.server);
  }
  on.modes();
}
void watch(const RetireServer& a, FactWatch& on) {
  on.server(a.stop->host, a.stop->id);
  on.modes();
}
void watch(const SetDataAside& a, FactWatch& on) {
  on.server(a.host, a.id);
}
void watch(const AdoptServer& a, FactWatch& on) {
  on.server(a.host, a.id);
  on.running(a.host, a.running->identity);
}
void watch(const AdoptCloud& a, FactWatch& on) {
  on.registration(a.service_code);
  for (const Endpoint node : a.nodes) {
    on.joined(a.service_code, node);
  }
}
void watch(const AdoptNode& a, FactWatch& on) {
  on.joined(a.service_code, a.node);
  on.running(a.host, a.running->identity);
}
void watch(const AwaitQuorum& /*a*/, FactWatch& /*on*/) {}
void watch(const CreateTree& /*a*/, FactWatch& on) {
  on.tree();
}
void watch(const RegisterCloud& a, FactWatch& on) {
  on.registration(a.service_code);
}
void watch(const MapNodes& a, FactWatch& on) {
  on.registration(a.service_code);
  for (const MappedNode& mapped : a.nodes) {
    on.mapping(mapped.node);
  }
}
void watch(const UnmapNodes& a, FactWatch& on) {
  for (const Endpoint node : a.nodes) {
    on.mapping(node);
    on.joined(a.service_code, node);
  }
}
void watch(const StartNode& a, FactWatch& on) {
  on.node(a.host, a.node);
  on.joined(a.service_code, a.node);
  on.mapping(a.node);
  if (a.launch < on.plan.launches.size()) {
    on.package(a.host, on.plan.launches[a.launch].prefix);
  }
}
void watch(const StopNode& a, FactWatch& on) {
  on.node(a.host, a.node);
  on.joined(a.service_code, a.node);
  if (!a.service_code.empty()) {
    on.members(a.service_code);
    on.clients(a.service_code);
  }
}
void watch(const RestartNode& a, FactWatch& on) {
  watch(*a.start, on);
  on.joined(a.stop->service_code, a.stop->node);
  if (!a.paused) {
    on.members(a.start->service_code);
  }
}
void watch(const ForgetNode& a, FactWatch& on) {
  on.node(a.host, a.node);
  on.joined(a.service_code, a.node);
}
void watch(const TuneNode& a, FactWatch& on) {
  on.node(a.host, a.node);
  on.settings(a.node, a.changes);
  if (a.servers) {
    on.servers(a.node);
  }
}
void watch(const UnregisterCloud& a, FactWatch& on) {
  on.registration(a.service_code);
  on.clients(a.service_code);
}

std::vector<std::uint32_t> indices(std::vector<std::string> subjects,
                                   const std::vector<Fact>& facts) {
  std::sort(subjects.begin(), subjects.end());
  subjects.erase(std::unique(subjects.begin(), subjects.end()), subjects.end());
  std::vector<std::uint32_t> out;
  for (const std::string& subject : subjects) {
    const auto found = std::lower_bound(
        facts.begin(), facts.end(), subject,
        [](const Fact& fact, const std::string& wanted) { return fact.subject < wanted; });
    out.push_back(static_cast<std::uint32_t>(found - facts.begin()));
  }
  return out;
}

/// The first step that relies on each fact.
std::string relying(const Plan& plan, const PlanFacts& facts, std::uint32_t fact) {
  for (std::size_t id = 0; id < plan.steps.size() && id < facts.of_steps.size(); ++id) {
    if (std::binary_search(facts.of_steps[id].begin(), facts.of_steps[id].end(), fact)) {
      return describe(plan.steps[id].action);
    }
  }
  return "";
}

}  // namespace

PlanFacts facts_of(const Plan& plan, const DesiredState& desired, const ObservedState& observed) {
  FactWatch on(plan, desired, observed);
  std::vector<std::vector<std::string>> steps;
  for (const Step& step : plan.steps) {
    std::visit([&on](const auto& action) { watch(action, on); }, step.action);
    steps.push_back(on.take_step());
  }
  if (!plan.steps.empty()) {
    on.deployment();
  }
  const std::vector<std::string> whole = on.take_step();
  PlanFacts out;
  for (const auto& [subject, value] : on.facts()) {
    out.facts.push_back({subject, value});
  }
  for (std::vector<std::string>& subjects : steps) {
    out.of_steps.push_back(indices(std::move(subjects), out.facts));
  }
  out.of_plan = indices(whole, out.facts);
  return out;
}

std::vector<MovedFact> moved_facts(const Plan& plan, const PlanFacts& relied_on,
                                   const DesiredState& desired, const ObservedState& observed) {
  const PlanFacts now = facts_of(plan, desired, observed);
  std::vector<MovedFact> moved;
  for (std::uint32_t i = 0; i < relied_on.facts.size(); ++i) {
    const Fact& before = relied_on.facts[i];
    const auto found =
        std::lower_bound(now.facts.begin(), now.facts.end(), before,
                         [](const Fact& a, const Fact& b) { return a.subject < b.subject; });
    const bool there = found != now.facts.end() && found->subject == before.subject;
    const std::string value = there ? found->value : "absent";
    if (value != before.value) {
      moved.push_back({before.subject, before.value, value, relying(plan, relied_on, i)});
    }
  }
  return moved;
}

}  // namespace arcform
