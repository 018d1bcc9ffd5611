// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/random_spec.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/znodes.h"
#include "tests/support/builders.h"

namespace arcform::sim {
namespace {

using std::chrono::seconds;

SpecShape::Cloud random_cloud(std::mt19937_64& random, int number, int hosts) {
  SpecShape::Cloud cloud;
  cloud.name = fmt::format("c{}", number);
  cloud.first_port = 11000 + 100 * number;
  cloud.max_unavailable = static_cast<std::uint32_t>(pick(random, 1, 2));
  for (int host = 0; host < hosts; ++host) {
    cloud.counts.push_back(static_cast<int>(pick(random, 0, 2)));
  }
  cloud.counts[0] = std::max(cloud.counts[0], 1);
  return cloud;
}

std::string host_name(int host) {
  return fmt::format("h{}", host);
}

std::vector<Endpoint> nodes_of(const SimWorld& world, const DesiredState& desired) {
  std::vector<Endpoint> nodes;
  for (const DesiredCloud& cloud : desired.clouds) {
    for (const DesiredNode& node : cloud.nodes) {
      if (world.node(node.endpoint) != nullptr) {
        nodes.push_back(node.endpoint);
      }
    }
  }
  return nodes;
}

void disturb_node(SimWorld& world, Endpoint node, std::mt19937_64& random) {
  switch (pick(random, 0, 3)) {
    case 0:
      return world.terminate_node(node);
    case 1:
      world.delete_znode(znodes::mapping_key(node));
      return;
    case 2:
      for (const std::string& path : world.tree().paths()) {
        if (path.starts_with(std::string(znodes::kCacheList)) &&
            path.find("/" + node.text() + "-") != std::string::npos) {
          world.delete_znode(path);
        }
      }
      return;
    default:
      return world.kill_node(node);
  }
}

void disturb_host(SimWorld& world, const DesiredState& desired, const std::string& host,
                  std::mt19937_64& random) {
  switch (pick(random, 0, 4)) {
    case 0:
      return world.reboot(host);
    case 1:
      return world.cut_for(host, seconds(pick(random, 1, 60)));
    case 2:
      if (world.machine(host).listener(desired.ensemble.client_port) != nullptr) {
        world.kill_server(host);
      }
      return;
    case 3: {
      const DesiredServer* found = nullptr;
      for (const DesiredServer& server : desired.ensemble.servers) {
        found = server.host == host ? &server : found;
      }
      if (found != nullptr) {
        world.edit_file(host,
                        fmt::format("/home/arcus/.arcform/{}/{}/zoo.cfg", desired.deployment,
                                    server_slot(found->id)),
                        "tickTime=1\n");
      }
      return;
    }
    default:
      return world.set_ssh(host, pick(random, 0, 1) == 0);
  }
}

}  // namespace

std::size_t pick(std::mt19937_64& random, std::size_t low, std::size_t high) {
  return low + random() % (high - low + 1);
}

SpecShape SpecShape::random(std::mt19937_64& random) {
  SpecShape shape;
  shape.hosts = static_cast<int>(pick(random, 1, 5));
  shape.servers = shape.hosts >= 5 && pick(random, 0, 1) == 0 ? 5 : shape.hosts >= 3 ? 3 : 1;
  const int clouds = static_cast<int>(pick(random, 1, 3));
  for (int number = 1; number <= clouds; ++number) {
    shape.clouds.push_back(random_cloud(random, number, shape.hosts));
  }
  return shape;
}

void SpecShape::edit(std::mt19937_64& random) {
  ++revision;
  Cloud* const cloud = clouds.empty() ? nullptr : &clouds[pick(random, 0, clouds.size() - 1)];
  const std::size_t what = cloud == nullptr ? 5 : pick(random, 0, 7);
  if (what <= 1) {
    int& count = cloud->counts[pick(random, 0, cloud->counts.size() - 1)];
    count = static_cast<int>(pick(random, 0, 3));
    cloud->counts[0] = std::max(cloud->counts[0], 1);
  } else if (what == 2) {
    cloud->threads = static_cast<std::uint16_t>(pick(random, 2, 8));
  } else if (what == 3) {
    cloud->stopped = !cloud->stopped;
  } else if (what == 4) {
    clouds.erase(clouds.begin() + (cloud - clouds.data()));
  } else if (what == 5) {
    for (int number = 1; number <= 3; ++number) {
      const std::string name = fmt::format("c{}", number);
      if (std::none_of(clouds.begin(), clouds.end(),
                       [&](const Cloud& item) { return item.name == name; })) {
        clouds.push_back(random_cloud(random, number, hosts));
        return;
      }
    }
  } else if (what == 6 && servers >= 3) {  // one server alone is never restarted
    tick = tick == "2000" ? "3000" : "2000";
  } else if (what == 7) {
    ensemble_stopped = !ensemble_stopped;
  }
}

Policy SpecShape::anything_may_go() {
  Policy policy{{"c1", "c2", "c3", "foreign"}};
  constexpr int kStrangers = 50;  // More than mischief makes in a run.
  for (int i = 1; i <= kStrangers; ++i) {
    policy.allow_removal.push_back(fmt::format("foreign-{}", i));
  }
  return policy;
}

DesiredState SpecShape::build() const {
  SpecBuilder builder;
  for (int host = 1; host <= hosts; ++host) {
    builder.with_host(host_name(host), fmt::format("10.0.0.{}", host));
  }
  builder.with_ensemble(servers);
  for (const Cloud& cloud : clouds) {
    builder.with_cloud(cloud.name);
    for (std::size_t host = 0; host < cloud.counts.size(); ++host) {
      for (int i = 0; i < cloud.counts[host]; ++i) {
        builder.with_node(host_name(static_cast<int>(host) + 1),
                          static_cast<std::uint16_t>(cloud.first_port + i));
      }
    }
  }
  DesiredState desired = builder.build();
  desired.digest = fmt::format("revision-{}", revision);
  desired.ensemble.state = ensemble_stopped ? RunState::stopped : RunState::running;
  desired.ensemble.config["tickTime"] = tick;
  for (DesiredCloud& cloud : desired.clouds) {
    const auto shape = std::find_if(clouds.begin(), clouds.end(), [&](const Cloud& item) {
      return item.name == cloud.service_code;
    });
    cloud.state = shape->stopped ? RunState::stopped : RunState::running;
    cloud.rollout.max_unavailable = shape->max_unavailable;
    for (DesiredNode& node : cloud.nodes) {
      node.config.threads = shape->threads;
      node.config.session_timeout_s = 10;
    }
  }
  return desired;
}

void mischief(SimWorld& world, const DesiredState& desired, std::mt19937_64& random) {
  const std::vector<Endpoint> nodes = nodes_of(world, desired);
  const std::size_t what = pick(random, 0, 9);
  if (what < 5 && !nodes.empty()) {
    disturb_node(world, nodes[pick(random, 0, nodes.size() - 1)], random);
  } else if (what < 8) {
    const DesiredHost& host = desired.hosts[pick(random, 0, desired.hosts.size() - 1)];
    disturb_host(world, desired, host.name, random);
  } else if (what == 8) {
    world.expire_sessions();
  } else if (world.ensemble().has_leader()) {
    world.register_foreign_cloud("foreign", {Endpoint{0x0a000063, 11211}});
  }
}

}  // namespace arcform::sim
