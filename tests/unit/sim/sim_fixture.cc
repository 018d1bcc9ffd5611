// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/sim_fixture.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "model/znodes.h"

namespace arcform::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

DesiredState three_hosts() {
  DesiredState desired;
  desired.deployment = "lab";
  for (int i = 1; i <= 3; ++i) {
    DesiredHost host;
    host.name = host_name(i);
    host.address = fmt::format("10.0.0.{}", i);
    desired.hosts.push_back(host);
    desired.ensemble.servers.push_back({host.name, i, {}});
  }
  DesiredPackage package;
  package.name = "arcus";
  package.installed = "/opt/arcus";
  desired.packages.push_back(package);
  desired.ensemble.data_directory = "/data/zk";
  return desired;
}

std::string host_name(int host) {
  return fmt::format("h{}", host);
}

ZnodeChange create(const std::string& path, const std::string& data) {
  return {ZnodeChange::Kind::create, path, data, -1};
}
ZnodeChange create_ephemeral(const std::string& path) {
  return {ZnodeChange::Kind::create_ephemeral, path, "", -1};
}
ZnodeChange set(const std::string& path, const std::string& data, std::int32_t version) {
  return {ZnodeChange::Kind::set, path, data, version};
}
ZnodeChange remove(const std::string& path, std::int32_t version) {
  return {ZnodeChange::Kind::remove, path, "", version};
}

Deployment::Deployment(std::uint64_t seed) : world(three_hosts(), seed) {}

Endpoint Deployment::endpoint(int host) const {
  return Endpoint{0x0a000000U + static_cast<std::uint32_t>(host), 11211};
}

Result<void> Deployment::configure(int host) {
  std::string config =
      "tickTime=2000\ndataDir=/data/zk\nclientPort=2181\ninitLimit=10\nsyncLimit=5\n"
      "standaloneEnabled=false\nadmin.enableServer=false\n4lw.commands.whitelist=srvr,ruok,mntr\n";
  for (int i = 1; i <= 3; ++i) {
    config += fmt::format("server.{0}=10.0.0.{0}:2888:3888\n", i);
  }
  const std::string slot = server_slot(host);
  return world.run(world.host(host_name(host))
                       .write_files({{slot + "/zoo.cfg", config},
                                     {"/data/zk/myid", fmt::format("{}\n", host)}}));
}

Result<ProcessIdentity> Deployment::start_server(int host) {
  StartRequest request;
  request.slot = server_slot(host);
  request.argv = {"java", "-cp", "zookeeper.jar",
                  "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                  fmt::format("/home/arcus/.arcform/lab/server-{}/zoo.cfg", host)};
  request.digest = "config-1";
  request.port = 2181;
  return world.run(world.host(host_name(host)).start(request));
}

Result<ProcessIdentity> Deployment::start_node(int host, std::uint32_t session_timeout_s) {
  StartRequest request;
  request.slot = node_slot(11211);
  request.argv = {"/opt/arcus/bin/memcached",
                  "-p",
                  "11211",
                  "-m100",
                  "-o",
                  std::to_string(session_timeout_s),
                  "-z",
                  "10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181"};
  request.digest = "node-1";
  request.port = 11211;
  return world.run(world.host(host_name(host)).start(request));
}

Result<std::string> Deployment::ask_server(int host, const std::string& word) {
  return world.run(world.host(host_name(host)).ask(2181, word, "", milliseconds(500)));
}

Result<std::string> Deployment::ask_node(int host) {
  return world.run(
      world.host(host_name(host)).ask(11211, "version\r\n", "\r\n", milliseconds(500)));
}

std::unique_ptr<ZnodeSession> Deployment::connect() {
  auto session = world.run(
      world.zookeeper().connect("10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181", seconds(10)));
  REQUIRE(session);
  return std::move(*session);
}

Result<void> Deployment::commit(ZnodeSession& session, std::vector<ZnodeChange> changes) {
  return world.run(session.commit(std::move(changes)));
}

void Deployment::start_ensemble() {
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(configure(i));
    REQUIRE(start_server(i));
  }
  world.advance(seconds(5));
  REQUIRE(world.ensemble().has_leader());
}

void Deployment::create_tree() {
  const auto session = connect();
  REQUIRE(
      commit(*session, {create("/arcus"), create("/arcus/cache_list"), create("/arcus/client_list"),
                        create("/arcus/cache_server_mapping"), create("/arcus/cache_server_log"),
                        create("/arcus/cache_list/test"), create("/arcus/client_list/test")}));
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(commit(*session, {create(znodes::mapping_key(endpoint(i))),
                              create(znodes::mapping(endpoint(i), "test"))}));
  }
}

void Deployment::start_all() {
  start_ensemble();
  create_tree();
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(start_node(i));
  }
  world.advance(seconds(1));
  REQUIRE(world.joined("test").size() == 3);
}

}  // namespace arcform::sim
