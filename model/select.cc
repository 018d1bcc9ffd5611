// SPDX-License-Identifier: Apache-2.0
#include "model/select.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "model/plan_builder.h"

namespace arcform {
namespace {

/// What the selectors name, resolved once.
struct Wanted {
  std::set<std::string> clouds;
  std::set<std::string> hosts;
  std::set<std::uint32_t> addresses;  ///< of the hosts
  std::set<Endpoint> nodes;
  std::set<std::string> near_clouds;  ///< chosen, or with a chosen node
  std::set<std::string> near_hosts;   ///< chosen, or with a chosen node
  bool whole_ensemble = false;        ///< the hosts of all of its servers are chosen

  bool has(Endpoint node) const { return nodes.contains(node) || addresses.contains(node.ip); }
};

std::optional<Endpoint> endpoint_of(const std::string& name, const DesiredState& desired) {
  const std::size_t colon = name.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  const DesiredHost* const host = desired.host(name.substr(0, colon));
  return Endpoint::parse(host == nullptr ? name : host->address + name.substr(colon));
}

void add_nearby(Wanted& wanted, const std::string& code, const std::string& host, Endpoint node) {
  const bool chosen = wanted.clouds.contains(code) || wanted.has(node);
  if (chosen) {
    wanted.near_clouds.insert(code);
    wanted.near_hosts.insert(host);
  }
}

void add_hosts(Wanted& wanted, const DesiredState& desired, const TreeFacts* tree) {
  const auto add = [&](const std::string& name, const std::string& address) {
    const auto ip = parse_ipv4(address);
    if (wanted.hosts.contains(name) && ip) {
      wanted.addresses.insert(*ip);
    }
  };
  for (const DesiredHost& host : desired.hosts) {
    add(host.name, host.address);
  }
  if (tree != nullptr) {
    for (const auto& [name, record] : tree->record.hosts) {
      add(name, record.address);
    }
  }
}

bool has_whole_ensemble(const Wanted& wanted, const DesiredState& desired) {
  const auto chosen = [&](const std::string& host) { return wanted.hosts.contains(host); };
  const auto& servers = desired.ensemble.servers;
  const auto& hosts = desired.hosts;
  return !wanted.hosts.empty() &&
         (servers.empty() ? std::all_of(hosts.begin(), hosts.end(),
                                        [&](const auto& h) { return chosen(h.name); })
                          : std::all_of(servers.begin(), servers.end(),
                                        [&](const auto& s) { return chosen(s.host); }));
}

/// What they name themselves, without what is near to it.
Wanted resolve_named(const std::vector<Selector>& only, const DesiredState& desired,
                     const TreeFacts* tree) {
  Wanted wanted;
  for (const Selector& selector : only) {
    if (selector.kind == Selector::Kind::cloud) {
      wanted.clouds.insert(selector.name);
    } else if (selector.kind == Selector::Kind::host) {
      wanted.hosts.insert(selector.name);
    } else if (const auto node = endpoint_of(selector.name, desired)) {
      wanted.nodes.insert(*node);
    }
  }
  add_hosts(wanted, desired, tree);
  return wanted;
}

Wanted resolve(const std::vector<Selector>& only, const DesiredState& desired,
               const TreeFacts* tree) {
  Wanted wanted = resolve_named(only, desired, tree);
  wanted.near_clouds = wanted.clouds;
  wanted.near_hosts = wanted.hosts;
  for (const DesiredCloud& cloud : desired.clouds) {
    for (const DesiredNode& node : cloud.nodes) {
      add_nearby(wanted, cloud.service_code, desired.hosts[node.host].name, node.endpoint);
    }
  }
  if (tree != nullptr) {
    for (const ObservedMapping& mapping : tree->mappings) {
      for (const std::string& code : mapping.service_codes) {
        add_nearby(wanted, code, "", mapping.node);
      }
    }
  }
  wanted.whole_ensemble = has_whole_ensemble(wanted, desired);
  return wanted;
}

/// The cache node that a step is about; nothing: about something else, or about several.
std::optional<Endpoint> node_of(const Action& action) {
  return std::visit(
      [](const auto& a) -> std::optional<Endpoint> {
        if constexpr (requires { a.node; }) {
          return a.node;
        } else if constexpr (requires { a.start->node; }) {
          return a.start->node;
        } else {
          return std::nullopt;
        }
      },
      action);
}

bool has(const Wanted& wanted, const MapNodes& map, const MappedNode& node) {
  return wanted.clouds.contains(map.service_code) || wanted.has(node.node) ||
         std::any_of(node.remove.begin(), node.remove.end(),
                     [&](const std::string& code) { return wanted.clouds.contains(code); });
}

/// Takes the nodes that are not wanted from a step that maps or unmaps several; how many.
std::size_t narrow(Action& action, const Wanted& wanted) {
  if (auto* const map = std::get_if<MapNodes>(&action)) {
    const std::size_t gone =
        std::erase_if(map->nodes, [&](const MappedNode& n) { return !has(wanted, *map, n); });
    std::erase_if(map->hosts, [&](const HostRecord& host) {
      const auto ip = parse_ipv4(host.address);
      return gone > 0 && std::none_of(map->nodes.begin(), map->nodes.end(),
                                      [&](const MappedNode& n) { return ip == n.node.ip; });
    });
    return gone;
  }
  auto* const unmap = std::get_if<UnmapNodes>(&action);
  if (unmap == nullptr || wanted.clouds.contains(unmap->service_code)) {
    return 0;
  }
  std::size_t gone = std::erase_if(unmap->nodes, [&](Endpoint n) { return !wanted.has(n); });
  if (gone > 0) {  // Records are forgotten with the last node; a later plan does it.
    unmap->forget_hosts.clear();
  } else if (unmap->nodes.empty()) {
    gone = std::erase_if(unmap->forget_hosts,
                         [&](const std::string& host) { return !wanted.hosts.contains(host); });
  }
  return gone;
}

bool is_empty(const Action& action) {
  if (const auto* const map = std::get_if<MapNodes>(&action)) {
    return map->nodes.empty();
  }
  const auto* const unmap = std::get_if<UnmapNodes>(&action);
  return unmap != nullptr && unmap->nodes.empty() && unmap->forget_hosts.empty();
}

/// `action` has been narrowed already.
bool matches(const Action& action, const Wanted& wanted) {
  if (std::holds_alternative<MapNodes>(action) || std::holds_alternative<UnmapNodes>(action)) {
    return !is_empty(action);
  }
  if (std::holds_alternative<AwaitQuorum>(action) || std::holds_alternative<CreateTree>(action)) {
    return wanted.whole_ensemble;
  }
  const auto* const restart = std::get_if<RestartNode>(&action);
  const auto node = node_of(action);
  return wanted.clouds.contains(cloud_of(action)) || wanted.hosts.contains(host_of(action)) ||
         (node && wanted.has(*node)) ||
         (restart != nullptr && wanted.clouds.contains(restart->stop->service_code));
}

/// What it means that one step comes after another.
enum class Tie {
  prepares,  ///< it cannot be done without the other
  demands,   ///< it must not be done without the other, and does not ask for it
  orders,    ///< both must not happen at once, or not in the other order
};

Tie tie(const Action& before, const Action& action) {
  // Taking a cloud or a server away is right only when everything on it is gone, and no server
  // counts on one that retires.
  if (std::holds_alternative<UnregisterCloud>(action) ||
      std::holds_alternative<StopServer>(action) ||
      (std::holds_alternative<RestartServer>(before) &&
       std::holds_alternative<RetireServer>(action))) {
    return Tie::demands;
  }
  if (const auto node = node_of(before)) {
    const auto* const unmap = std::get_if<UnmapNodes>(&action);
    const bool mine =
        unmap != nullptr && std::count(unmap->nodes.begin(), unmap->nodes.end(), *node) > 0;
    return mine ? Tie::demands : Tie::orders;
  }
  if (std::holds_alternative<UnmapNodes>(before) || is_empty(before) ||
      std::holds_alternative<UnregisterCloud>(before) ||
      std::holds_alternative<RestartServer>(before)) {
    return Tie::orders;
  }
  return Tie::prepares;
}

/// Servers that cannot agree are stopped before any is started anew: all of them or none.
void keep_stopped_together(const std::vector<Step>& steps, std::vector<bool>& kept) {
  bool stops = false;
  bool chosen = false;
  const auto is_server = [](const Action& action) {
    return std::holds_alternative<StopServer>(action) ||
           std::holds_alternative<StartServer>(action);
  };
  bool starts = false;
  for (StepId id = 0; id < steps.size(); ++id) {
    stops |= std::holds_alternative<StopServer>(steps[id].action);
    starts |= std::holds_alternative<StartServer>(steps[id].action);
    chosen |= kept[id] && is_server(steps[id].action);
  }
  for (StepId id = 0; id < steps.size() && stops && starts && chosen; ++id) {
    kept[id] = kept[id] || is_server(steps[id].action);
  }
}

/// Everything that kept steps cannot do without, too.
void keep_preparation(const std::vector<Step>& steps, std::vector<bool>& kept) {
  for (StepId id = static_cast<StepId>(steps.size()); id-- > 0;) {
    for (const StepId before : steps[id].after) {
      if (kept[id] && tie(steps[before].action, steps[id].action) == Tie::prepares) {
        kept[before] = true;
      }
    }
  }
}

std::vector<bool> choose(const Plan& plan, const Wanted& wanted) {
  const std::vector<Step>& steps = plan.steps;
  const bool nodes_later = !plan.later.empty() && !wanted.near_clouds.empty();
  std::vector<bool> kept(steps.size());
  for (StepId id = 0; id < steps.size(); ++id) {
    const Action& action = steps[id].action;
    const bool lacking =
        std::any_of(steps[id].after.begin(), steps[id].after.end(), [&](StepId before) {
          return !kept[before] && tie(steps[before].action, action) == Tie::demands;
        });
    const bool awaited = nodes_later && std::holds_alternative<AwaitQuorum>(action);
    kept[id] = (matches(action, wanted) || awaited) && !lacking;
  }
  keep_preparation(steps, kept);
  keep_stopped_together(steps, kept);
  keep_preparation(steps, kept);
  return kept;
}

/// How much a step counts for in "N changes hidden".
std::size_t weight_of(const Action& action) {
  const auto* const map = std::get_if<MapNodes>(&action);
  const auto* const unmap = std::get_if<UnmapNodes>(&action);
  return map != nullptr     ? map->nodes.size()
         : unmap != nullptr ? std::max(unmap->nodes.size(), unmap->forget_hosts.size())
                            : (std::holds_alternative<AwaitQuorum>(action) ? 0 : 1);
}

/// Leaves only the kept steps; what came after one that goes comes after what that came after.
void drop_steps(Plan& plan, const std::vector<bool>& kept) {
  std::vector<Step> steps;
  std::vector<std::vector<StepId>> replaced(plan.steps.size());
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    std::set<StepId> after;
    for (const StepId before : plan.steps[id].after) {
      after.insert(replaced[before].begin(), replaced[before].end());
    }
    if (!kept[id]) {
      plan.hidden += weight_of(plan.steps[id].action);
      replaced[id].assign(after.begin(), after.end());
      continue;
    }
    replaced[id] = {static_cast<StepId>(steps.size())};
    steps.push_back(std::move(plan.steps[id]));
    steps.back().after = std::vector<StepId>(after.begin(), after.end());
  }
  plan.steps = std::move(steps);
}

/// What is not known to be about something else stays.
bool concerns(const Held& held, const Wanted& wanted, const DesiredState& desired,
              const TreeFacts* tree) {
  const std::string& subject = held.subject;
  const std::string first = subject.substr(0, subject.find(' '));
  const std::size_t on = subject.rfind(" on ");
  const std::string host = on == std::string::npos ? "" : subject.substr(on + 4);
  if (first == "cloud") {
    return wanted.near_clouds.contains(subject.substr(std::min(subject.size(), first.size() + 1)));
  }
  if (const auto node = Endpoint::parse(first)) {
    bool in_cloud = false;
    for (const DesiredCloud& cloud : desired.clouds) {
      in_cloud |= wanted.clouds.contains(cloud.service_code) &&
                  std::any_of(cloud.nodes.begin(), cloud.nodes.end(),
                              [&](const DesiredNode& n) { return n.endpoint == *node; });
    }
    for (std::size_t i = 0; tree != nullptr && i < tree->mappings.size(); ++i) {
      const auto& codes = tree->mappings[i].service_codes;
      in_cloud |= tree->mappings[i].node == *node &&
                  std::any_of(codes.begin(), codes.end(), [&](const std::string& code) {
                    return wanted.clouds.contains(code);
                  });
    }
    return in_cloud || wanted.has(*node) || wanted.hosts.contains(host);
  }
  if (first == "server") {
    return wanted.hosts.contains(host);
  }
  const bool is_host =
      desired.host(subject) != nullptr || (tree != nullptr && tree->record.hosts.contains(subject));
  return !is_host || wanted.near_hosts.contains(subject);
}

}  // namespace

std::size_t count_selected(const std::vector<Endpoint>& nodes, const std::string& code,
                           const DesiredState& desired, const ObservedState& observed,
                           const std::vector<Selector>& only) {
  if (only.empty()) {
    return nodes.size();
  }
  const Wanted wanted = resolve_named(only, desired, observed.tree.get());
  return wanted.clouds.contains(code)
             ? nodes.size()
             : static_cast<std::size_t>(std::count_if(
                   nodes.begin(), nodes.end(), [&](Endpoint node) { return wanted.has(node); }));
}

Plan select(Plan plan, const DesiredState& desired, const ObservedState& observed,
            const std::vector<Selector>& only) {
  const TreeFacts* const tree = observed.tree.get();
  const Wanted wanted = resolve(only, desired, tree);
  for (Step& step : plan.steps) {
    plan.hidden += narrow(step.action, wanted);
  }
  drop_steps(plan, choose(plan, wanted));
  plan.hidden += std::erase_if(
      plan.held, [&](const Held& held) { return !concerns(held, wanted, desired, tree); });
  if (wanted.near_clouds.empty() && plan.steps.empty()) {
    plan.later.clear();
  }
  plan.impact = impact_of(desired, plan.steps);
  return plan;
}

}  // namespace arcform
