// SPDX-License-Identifier: Apache-2.0
// A deployment as arcus.sh sets it up (naver/arcus scripts/fabfile.py, lib/zk.py): nothing of it is
// arcform's.
#include <fmt/format.h>

#include "model/znodes.h"
#include "tests/sim/sim_world.h"

namespace arcform::sim {
namespace {

constexpr const char* kPackage = "/opt/arcus";

std::string zoo_cfg_of(const DesiredState& desired) {
  std::string text =
      "# by arcus.sh\nmaxClientCnxns=100\ntickTime=2000\ninitLimit=10\nsyncLimit=5\n"
      "4lw.commands.whitelist=*\nstandaloneEnabled=false\n";
  text += fmt::format("dataDir={}\nclientPort={}\n", desired.ensemble.data_directory,
                      desired.ensemble.client_port);
  for (const auto& [key, value] : desired.ensemble.config) {
    text += fmt::format("{}={}\n", key, value);
  }
  for (const DesiredServer& server : desired.ensemble.servers) {
    text += fmt::format("server.{}={}:{}:{}\n", server.id, desired.host(server.host)->address,
                        desired.ensemble.quorum_port, desired.ensemble.election_port);
  }
  return text;
}

std::vector<std::string> node_argv(const DesiredState& desired, const DesiredNode& node) {
  const std::string prefix(kPackage);
  return {prefix + "/bin/memcached",
          "-E",
          prefix + "/lib/default_engine.so",
          "-X",
          prefix + "/lib/syslog_logger.so",
          "-d",
          "-v",
          "-r",
          "-R5",
          "-U",
          "0",
          "-D:",
          "-b",
          "8192",
          fmt::format("-m{}", node.config.memlimit_mb),
          "-p",
          fmt::to_string(node.endpoint.port),
          "-c",
          fmt::to_string(node.config.connections),
          "-t",
          fmt::to_string(node.config.threads),
          "-z",
          connect_string(desired)};
}

}  // namespace

void SimWorld::start_node_by_hand(const DesiredState& desired, const DesiredNode& node) {
  machine(desired.hosts[node.host].name).spawn(node_argv(desired, node), "");
}

void SimWorld::set_up_by_arcus_sh(const DesiredState& desired) {
  for (const DesiredServer& server : desired.ensemble.servers) {
    Machine& there = machine(server.host);
    const std::string config = "/opt/zookeeper/conf/zoo.cfg";
    there.files[config] = {zoo_cfg_of(desired), 0644};
    there.files[desired.ensemble.data_directory + "/myid"] = {fmt::to_string(server.id), 0644};
    there.spawn({"java", "-cp", "/opt/zookeeper/lib/zookeeper-3.5.9.jar",
                 "org.apache.zookeeper.server.quorum.QuorumPeerMain", config},
                "");
  }
  advance(std::chrono::seconds(10));
  for (const std::string_view root : {znodes::kCacheList, znodes::kClientList, znodes::kMapping}) {
    create_znode(std::string(root), "");
  }
  for (const DesiredCloud& cloud : desired.clouds) {
    std::vector<Endpoint> nodes;
    for (const DesiredNode& node : cloud.nodes) {
      nodes.push_back(node.endpoint);
    }
    register_foreign_cloud(cloud.service_code, nodes);
    for (const DesiredNode& node : cloud.nodes) {
      start_node_by_hand(desired, node);
    }
  }
  advance(std::chrono::seconds(12));
}

}  // namespace arcform::sim
