// SPDX-License-Identifier: Apache-2.0
#include "tests/property/generators.h"

#include <algorithm>
#include <functional>
#include <ostream>
#include <set>

#include <fmt/format.h>

#include "model/render.h"
#include "tests/support/builders.h"
#include "tests/support/model_world.h"

namespace arcform {
namespace {

const std::vector<std::string> kCodes{"alpha", "beta", "gamma"};

/// Any of 0..below-1 from the first case on: situations are small, they need not grow.
int pick(int below) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, std::max(1, below)));
}
bool chance(int percent) {
  return pick(100) < percent;
}

/// The clouds of a spec: any node at most once, on any host and a few ports.
void add_clouds(SpecBuilder& spec, int hosts) {
  std::set<std::pair<int, int>> taken;
  for (const std::string& code : kCodes) {
    if (chance(40)) {
      continue;
    }
    spec.with_cloud(code);
    for (int i = pick(6); i > 0; --i) {
      const std::pair<int, int> place{pick(hosts), pick(4)};
      if (taken.insert(place).second) {
        spec.with_node(fmt::format("cache{:03}.arcus", place.first + 1),
                       static_cast<std::uint16_t>(11211 + place.second));
      }
    }
  }
}

DesiredState make_desired(int hosts, int servers) {
  SpecBuilder spec = a_spec().with_hosts(hosts);
  servers > 0 ? spec.with_ensemble(servers) : spec.with_external("10.1.0.1:2181");
  add_clouds(spec, hosts);
  DesiredState desired = spec.build();
  for (DesiredCloud& cloud : desired.clouds) {
    cloud.rollout.max_unavailable = static_cast<std::uint32_t>(1 + pick(3));
    cloud.state = chance(10) ? RunState::stopped : RunState::running;
    cloud.protect = chance(5);
    for (DesiredNode& node : cloud.nodes) {
      node.config.threads = chance(30) ? 8 : 6;
    }
  }
  if (servers > 0 && chance(20)) {
    desired.ensemble.config["tickTime"] = "3000";
  }
  if (servers > 0 && chance(8)) {
    desired.ensemble.state = RunState::stopped;
  }
  return desired;
}

/// The world of `before`, where `desired` has to be made true.
ObservedState world_of(const DesiredState& before, const DesiredState& desired) {
  DesiredState running = before;
  running.ensemble.state = RunState::running;
  ObservedState world = chance(15) ? bare(running) : ideal(running);
  const ObservedState wanted = bare(desired);
  world.hosts.insert(wanted.hosts.begin(), wanted.hosts.end());
  world.nodes.insert(wanted.nodes.begin(), wanted.nodes.end());
  return world;
}

/// A node of the world or the spec, with the name of its host.
std::pair<Endpoint, std::string> any_node(const ObservedState& world) {
  if (world.nodes.empty()) {
    return {at("10.0.0.1:11211"), "cache001.arcus"};
  }
  const Endpoint node =
      std::next(world.nodes.begin(), pick(static_cast<int>(world.nodes.size())))->first;
  return {node, fmt::format("cache{:03}.arcus", node.ip & 255U)};
}

ObservedCloud* any_cloud(ObservedState& world) {
  if (!world.tree.is_present() || world.tree.value().clouds.empty()) {
    return nullptr;
  }
  auto& clouds = world.tree.value().clouds;
  return &std::next(clouds.begin(), pick(static_cast<int>(clouds.size())))->second;
}

void take_port(ObservedState& world, const std::string& host, std::uint16_t port) {
  HostFacts& facts = host_in(world, host);
  if (!facts.is_listening(port)) {
    facts.listening.push_back(port);
    std::sort(facts.listening.begin(), facts.listening.end());
  }
}

void reboot(ObservedState& world, const std::string& host) {
  HostFacts& facts = host_in(world, host);
  facts.boot_id = facts.boot_id.value() + "'";
  facts.processes.clear();
  facts.listening.clear();
  for (auto& [node, answer] : world.nodes) {
    if (fmt::format("cache{:03}.arcus", node.ip & 255U) == host) {
      answer = Observation<NodeAnswer>::absent();
    }
  }
}

void break_node(ObservedState& world, int how, std::string& story) {
  const auto [node, host] = any_node(world);
  static const std::vector<std::string> kHow{"kill",        "crash",          "pause",
                                             "forget",      "silence",        "unmap",
                                             "map foreign", "reboot host of", "take port"};
  story += fmt::format("{} {}; ", kHow.at(static_cast<std::size_t>(how)), node.text());
  if (how == 0 || how == 1 || how == 3 || how == 8) {
    kill_node(world, host, node, how == 1);
  }
  if (how == 3) {
    host_in(world, host).slots.erase(node_slot(node.port));
  } else if (how == 8) {
    take_port(world, host, node.port);
  } else if (how == 2) {
    pause_node(world, node);
  } else if (how == 4) {
    world.nodes[node] = Observation<NodeAnswer>::absent();
  } else if (how == 7) {
    reboot(world, host);
  } else if (world.tree.is_present() && (how == 5 || how == 6)) {
    std::erase_if(tree_in(world).mappings,
                  [&](const ObservedMapping& mapping) { return mapping.node == node; });
    if (how == 6) {
      put_mapping(tree_in(world), node, "billing");
    }
  }
}

void break_cloud(ObservedState& world, int how, std::string& story) {
  ObservedCloud* const cloud = any_cloud(world);
  if (cloud == nullptr) {
    return;
  }
  static const std::vector<std::string> kHow{"attach clients", "take away client_list",
                                             "foreign child", "disown"};
  story += kHow.at(static_cast<std::size_t>(how)) + "; ";
  if (how == 0) {
    cloud->clients = 2;
  } else if (how == 1) {
    cloud->client_list = false;
  } else if (how == 2) {
    put_join(*cloud, at("10.9.9.9:1"), 9);
  } else {
    cloud->claimed = false;
    for (const auto& [code, seen] : tree_in(world).clouds) {
      if (&seen == cloud) {
        tree_in(world).record.claims.erase(code);
      }
    }
  }
}

void break_server(ObservedState& world, const DesiredState& desired, int how, std::string& story) {
  const auto& servers = desired.ensemble.servers;
  if (servers.empty()) {
    return;
  }
  const DesiredServer& server =
      servers[static_cast<std::size_t>(pick(static_cast<int>(servers.size())))];
  static const std::vector<std::string> kHow{"kill", "wipe", "foreign data of"};
  story += fmt::format("{} server {}; ", kHow.at(static_cast<std::size_t>(how)), server.id);
  kill_server(world, server.host, server.id);
  if (how == 1) {
    host_in(world, server.host).slots.erase(server_slot(server.id));
    host_in(world, server.host).data = {};
  } else if (how == 2) {
    host_in(world, server.host).data = {true, "99", true};
  }
}

Situation make_situation() {
  const int hosts = 1 + pick(4);
  const int servers = std::min(hosts, pick(4));
  Situation situation;
  const DesiredState before = make_desired(hosts, servers);
  situation.desired = chance(30) ? before : make_desired(hosts, servers);
  situation.truth = world_of(before, situation.desired);
  for (int i = pick(5); i > 0; --i) {
    const int what = pick(10);
    if (what < 6) {
      break_node(situation.truth, pick(9), situation.story);
    } else if (what < 8) {
      break_cloud(situation.truth, pick(4), situation.story);
    } else {
      break_server(situation.truth, situation.desired, pick(3), situation.story);
    }
  }
  // What servers answer follows from which of them run.
  Step settle;
  settle.action = AwaitQuorum{};
  ModelWorld world(situation.desired, situation.truth);
  static_cast<void>(world.perform({}, settle));
  situation.observed = world.observe();
  situation.truth.servers = situation.observed.servers;
  if (situation.observed.tree.is_absent()) {
    situation.truth.tree = Observation<TreeFacts>::absent();
  }
  return situation;
}

/// A server that nobody sees may be dead, as long as the tree stays as readable as it was.
void kill_unseen(Situation& situation, const std::string& host) {
  ObservedState truth = situation.truth;
  for (const DesiredServer& server : situation.desired.ensemble.servers) {
    if (server.host == host) {
      kill_server(truth, host, server.id);
    }
  }
  if (ModelWorld(situation.desired, truth).has_quorum() ==
      ModelWorld(situation.desired, situation.truth).has_quorum()) {
    situation.truth = truth;
  }
}

Situation make_clouded_situation() {
  Situation situation = make_situation();
  for (int i = 1 + pick(2); i > 0; --i) {
    const int what = pick(3);
    if (what == 0) {
      const auto& hosts = situation.desired.hosts;
      const std::string& host =
          hosts[static_cast<std::size_t>(pick(static_cast<int>(hosts.size())))].name;
      situation.story += "lose " + host + "; ";
      lose_host(situation.observed, situation.desired, host);
      if (chance(50)) {
        kill_unseen(situation, host);
      }
    } else if (what == 1) {
      const Endpoint node = any_node(situation.truth).first;
      situation.story += "no answer known of " + node.text() + "; ";
      situation.observed.nodes[node] = Observation<NodeAnswer>::unknown("no channel");
    } else {
      situation.story += "the tree cannot be read; ";
      situation.observed.tree = Observation<TreeFacts>::unknown("connection lost");
    }
  }
  return situation;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Situation& situation) {
  return out << "story: " << situation.story << "\n"
             << render_status(situation.desired, situation.observed, {"", false, true})
             << render_plan(plan(situation.desired, situation.observed, {}), situation.desired,
                            situation.observed, {"", false, true});
}

rc::Gen<DesiredState> any_desired() {
  return rc::gen::exec([] {
    const int hosts = 1 + pick(4);
    return make_desired(hosts, std::min(hosts, pick(4)));
  });
}

rc::Gen<Situation> any_situation() {
  return rc::gen::exec([] { return make_situation(); });
}

rc::Gen<Situation> any_clouded_situation() {
  return rc::gen::exec([] { return make_clouded_situation(); });
}

bool holds(const std::string& what, const std::function<void()>& property) {
  return rc::check(what, property);
}

}  // namespace arcform
