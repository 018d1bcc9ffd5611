// SPDX-License-Identifier: Apache-2.0
#include "model/render_groups.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "model/render_text.h"

namespace arcform {
namespace {

/// The heading of a step that is of no cloud.
std::string part_of(const Action& action) {
  if (std::holds_alternative<InstallPackage>(action) ||
      std::holds_alternative<RemoveRelease>(action)) {
    return "packages";
  }
  const bool node =
      std::holds_alternative<StopNode>(action) || std::holds_alternative<ForgetNode>(action);
  return node ? "hosts (leftovers of nodes that are in no cloud)" : "ensemble";
}

std::string heading_of(const Step& step, const DesiredState& desired) {
  const std::string code = cloud_of(step.action);
  if (code.empty()) {
    return part_of(step.action);
  }
  const DesiredCloud* const cloud = desired.cloud(code);
  if (cloud == nullptr) {
    return fmt::format("cloud {} (gone from the spec)", printable(code));
  }
  std::vector<std::uint32_t> hosts;
  for (const DesiredNode& node : cloud->nodes) {
    hosts.push_back(node.host);
  }
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  return fmt::format("cloud {} ({}, {})", printable(code),
                     counted(cloud->nodes.size(), "node", "nodes"),
                     counted(hosts.size(), "host", "hosts"));
}

}  // namespace

std::vector<Group> groups_of(const Plan& plan, const DesiredState& desired) {
  std::vector<Group> groups;
  std::map<std::pair<std::string, std::string>, std::size_t> found;
  for (const Step& step : plan.steps) {
    if (is_adoption(step.action)) {
      continue;
    }
    const std::string code = cloud_of(step.action);
    const auto [at, added] =
        found.try_emplace({code, code.empty() ? part_of(step.action) : ""}, groups.size());
    if (added) {
      groups.push_back({heading_of(step, desired), {}});
    }
    groups[at->second].steps.push_back(&step);
  }
  return groups;
}

}  // namespace arcform
