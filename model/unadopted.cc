// SPDX-License-Identifier: Apache-2.0
#include "model/unadopted.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/render_text.h"

namespace arcform {
namespace {

/// Nodes of the spec in clouds that are refused for what else is in them: they run all the same.
void add_nodes_of_refused(const DesiredState& desired, const ObservedState& observed,
                          const std::vector<Drift>& drift, Adoption& found) {
  Policy asked;
  std::set<Endpoint> listed;
  for (const DesiredCloud& cloud : desired.clouds) {
    asked.adopt.push_back(cloud.service_code);
    asked.allow_removal.push_back(cloud.service_code);
    for (const DesiredNode& node : cloud.nodes) {
      listed.insert(node.endpoint);
    }
  }
  for (const AdoptNode& node : found.nodes) {
    listed.erase(node.node);
  }
  for (AdoptNode& node : find_adoption(desired, observed, drift, asked).nodes) {
    if (listed.contains(node.node)) {
      found.nodes.push_back(std::move(node));
    }
  }
}

}  // namespace

bool Unadopted::has_cloud(const std::string& service_code) const {
  return std::any_of(found.clouds.begin(), found.clouds.end(),
                     [&](const AdoptCloud& item) { return item.service_code == service_code; });
}

bool Unadopted::has_server(int id) const {
  return std::any_of(found.servers.begin(), found.servers.end(),
                     [id](const AdoptServer& item) { return item.id == id; });
}

std::string Unadopted::refusal(const std::string& service_code) const {
  const std::string subject = "cloud " + service_code;
  const auto item = std::find_if(found.refused.begin(), found.refused.end(),
                                 [&](const Held& held) { return held.subject == subject; });
  return item == found.refused.end() ? "" : item->reason;
}

Unadopted find_unadopted(const DesiredState& desired, const ObservedState& observed) {
  Unadopted out;
  std::vector<Drift> contacts;
  keep_contacts(diff(desired, observed), &contacts);
  if (contacts.empty()) {
    return out;
  }
  out.found = find_adoption(desired, observed, contacts, {});
  if (!out.found.refused.empty()) {
    add_nodes_of_refused(desired, observed, contacts, out.found);
  }
  for (const AdoptNode& node : out.found.nodes) {
    out.nodes.insert(node.node);
  }
  if (!out.found.empty()) {
    out.after = after_adoption(observed, out.found);
  }
  return out;
}

std::string adoption_words(const Adoption& found, const std::vector<std::string>& clouds) {
  constexpr std::size_t kNamed = 5;
  const auto shown = [&clouds](const std::string& code) {
    return clouds.empty() || std::count(clouds.begin(), clouds.end(), code) > 0;
  };
  std::vector<std::string> names;
  for (const AdoptCloud& cloud : found.clouds) {
    if (shown(cloud.service_code)) {
      names.push_back(printable(cloud.service_code, 128));
    }
  }
  const auto nodes = static_cast<std::size_t>(
      std::count_if(found.nodes.begin(), found.nodes.end(),
                    [&](const AdoptNode& node) { return shown(node.service_code); }));
  std::vector<std::string> parts;
  if (!found.servers.empty()) {
    parts.push_back(counted(found.servers.size(), "server", "servers"));
  }
  if (!names.empty()) {
    const std::size_t count = names.size();
    names.resize(std::min(count, kNamed));
    parts.push_back(fmt::format("{} {}{}", count == 1 ? "cloud" : "clouds", fmt::join(names, ", "),
                                count > kNamed ? fmt::format(" and {} more", count - kNamed) : ""));
  }
  if (nodes > 0) {
    parts.push_back(counted(nodes, "node", "nodes"));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace arcform
