// SPDX-License-Identifier: Apache-2.0
#include "model/plan_adoption.h"

#include <algorithm>

#include <fmt/format.h>

namespace arcform {
namespace {

/// The node that a step works on; nullopt: none, or many.
std::optional<Endpoint> node_of(const Action& action) {
  if (const auto* const start = std::get_if<StartNode>(&action)) {
    return start->node;
  }
  if (const auto* const stop = std::get_if<StopNode>(&action)) {
    return stop->node;
  }
  if (const auto* const restart = std::get_if<RestartNode>(&action)) {
    return restart->stop->node;
  }
  return std::nullopt;
}

/// The server that a step stops; 0: none.
int server_of(const Action& action) {
  if (const auto* const stop = std::get_if<StopServer>(&action)) {
    return stop->id;
  }
  const auto* const restart = std::get_if<RestartServer>(&action);
  return restart == nullptr ? 0 : restart->stop->id;
}

SourcePosition place_of(const DesiredState& desired, const std::string& code, Endpoint node) {
  if (const DesiredCloud* const cloud = desired.cloud(code)) {
    for (const DesiredNode& item : cloud->nodes) {
      if (item.endpoint == node) {
        return item.at;
      }
    }
  }
  return {};
}

}  // namespace

void AdoptionSteps::plan(const Adoption& adoption, PlanBuilder& builder) {
  for (const Held& held : adoption.refused) {
    builder.hold(held.hold, held.subject, held.reason, held.at);
  }
  for (const AdoptServer& server : adoption.servers) {
    servers_[server.id] =
        builder.add(server, "runs with these settings already", builder.desired.ensemble.at, {});
  }
  for (const AdoptCloud& cloud : adoption.clouds) {
    clouds_[cloud.service_code] = builder.add(cloud, "registered already, owned by no deployment",
                                              builder.desired.cloud(cloud.service_code)->at, {});
  }
  for (const AdoptNode& node : adoption.nodes) {
    std::vector<StepId> after;
    if (const auto cloud = clouds_.find(node.service_code); cloud != clouds_.end()) {
      after.push_back(cloud->second);
    }
    nodes_[node.node] = builder.add(node, fmt::format("runs as pid {}", node.running->identity.pid),
                                    place_of(builder.desired, node.service_code, node.node), after);
  }
}

void AdoptionSteps::put_first(PlanBuilder& builder) const {
  if (servers_.empty() && clouds_.empty() && nodes_.empty()) {
    return;
  }
  for (StepId id = 0; id < builder.size(); ++id) {
    Step& step = builder.step(id);
    std::vector<StepId> first;
    if (is_adoption(step.action)) {
      continue;
    }
    if (const auto cloud = clouds_.find(cloud_of(step.action)); cloud != clouds_.end()) {
      first.push_back(cloud->second);
    }
    if (const auto node = node_of(step.action)) {
      if (const auto found = nodes_.find(*node); found != nodes_.end()) {
        first.push_back(found->second);
      }
    }
    if (const auto server = servers_.find(server_of(step.action)); server != servers_.end()) {
      first.push_back(server->second);
    }
    if (!first.empty()) {
      first.insert(first.end(), step.after.begin(), step.after.end());
      std::sort(first.begin(), first.end());
      first.erase(std::unique(first.begin(), first.end()), first.end());
      step.after = std::move(first);
    }
  }
}

}  // namespace arcform
