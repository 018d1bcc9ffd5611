// SPDX-License-Identifier: Apache-2.0
// Goal: what a correct spec says arrives in the desired state, with every default and override.
#include "specs/reader.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/unit/specs/spec_text.h"

namespace arcform {
namespace {

DesiredState desired_of(const SpecText& spec) {
  SpecResult result = read_spec(spec.text(), "dir/spec.json");
  INFO(said_about(spec.text()));
  REQUIRE(result.desired);
  return *std::move(result.desired);
}

SpecText with(std::string SpecText::*part, std::string text) {
  SpecText spec;
  spec.*part = std::move(text);
  return spec;
}

}  // namespace

TEST_CASE(
    "a rollout: a share of the nodes, time to be ready, warmth; settings that are set online") {
  const DesiredState desired = desired_of(with(&SpecText::clouds, R"("clouds": [
    {"serviceCode": "c", "package": "arcus",
     "config": {"maxListSize": 60000, "hbFailstop": 0, "zkFailstop": false, "verbosity": "1"},
     "nodes": [{"host": "h[1-3]", "port": 1, "count": 3,
                "config": {"verbosity": 2}}],
     "rollout": {"maxUnavailable": "30%", "minReadySeconds": 45,
                 "warm": {"hitRatio": 0.85, "timeout": "2h", "onTimeout": "stop"}}}])"));
  const DesiredCloud& cloud = desired.clouds.at(0);
  CHECK(cloud.rollout == Rollout{2, 45, Warmth{850, 7200, true}});
  const NodeConfig& config = cloud.nodes.at(0).config;
  CHECK(config.online_value(NodeSetting::max_list_size) == 60000);
  CHECK(config.online_value(NodeSetting::hb_failstop) == 0);
  CHECK(config.online_value(NodeSetting::zk_failstop) == 0);
  CHECK(config.online_value(NodeSetting::verbosity) == 2);
  CHECK_FALSE(config.online_value(NodeSetting::hb_timeout));
}

TEST_CASE("hosts expand pairwise, sorted by name, with their position") {
  const DesiredState desired =
      desired_of(with(&SpecText::hosts, R"("hosts": [{"name": "z[9-10]", "address": "10.0.1.[1-2]"},
  {"name": "h1", "address": "10.0.0.1", "transport": "openssh", "memory": "4096"},
  {"name": "a.example", "transport": "local"}])"));
  REQUIRE(desired.hosts.size() == 4);
  CHECK(desired.source == "dir/spec.json");
  CHECK(desired.deployment == "test");
  CHECK(desired.hosts[0] == DesiredHost{"a.example", "a.example", Transport::local, {}, {6, 3}, 0});
  CHECK(desired.hosts[1] == DesiredHost{"h1", "10.0.0.1", Transport::openssh, {}, {5, 3}, 4096});
  CHECK(desired.hosts[2] == DesiredHost{"z10", "10.0.1.2", Transport::ssh, {}, {4, 11}, 0});
  CHECK(desired.hosts[3] == DesiredHost{"z9", "10.0.1.1", Transport::ssh, {}, {4, 11}, 0});
}

TEST_CASE("a host's ssh changes single fields of the one at the top") {
  SpecText spec;
  spec.ssh =
      R"("ssh": {"user": "arcus", "port": "2222", "identityFiles": ["~/a", "~/b"], "agent": false,
    "knownHosts": "/etc/known", "directory": "/srv/arcform", "passphrase": {"file": "~/pass"}})";
  spec.hosts = R"("hosts": [{"name": "h1", "address": "10.0.0.1"},
    {"name": "h2", "address": "10.0.0.2", "ssh": {"port": 22, "identityFiles": [],
     "password": {"environment": "PASSWORD"}, "passphrase": "prompt"}}])";
  const DesiredState desired = desired_of(spec);
  SshAccess ssh;
  ssh.user = "arcus";
  ssh.port = 2222;
  ssh.port_given = true;
  ssh.known_hosts_given = true;
  ssh.identity_files = {"~/a", "~/b"};
  ssh.known_hosts = "/etc/known";
  ssh.directory = "/srv/arcform";
  ssh.agent = false;
  ssh.passphrase.file = "~/pass";
  CHECK(desired.hosts[0].ssh == ssh);
  ssh.port = 22;
  ssh.identity_files.clear();
  ssh.passphrase = {};
  ssh.password.environment = "PASSWORD";
  ssh.password_login = true;
  CHECK(desired.hosts[1].ssh == ssh);
}

TEST_CASE("packages are installed already, or archives") {
  const std::string sum(64, 'a');
  const DesiredState desired = desired_of(with(
      &SpecText::packages, R"("packages": {"zoo": {"archive": "z.tgz", "sha256": ")" + sum +
                               R"(", "directory": "/opt/p"}, "arcus": {"installed": "/opt/a"}})"));
  REQUIRE(desired.packages.size() == 2);
  CHECK(desired.packages[0] ==
        DesiredPackage{"arcus", "/opt/a", "", "", "", {5, 144}, 0, 0, "", ""});
  CHECK(desired.packages[1] ==
        DesiredPackage{"zoo", "", "z.tgz", sum, "/opt/p", {5, 14}, 0, 0, "", ""});
}

TEST_CASE("an ensemble of our own has servers sorted by id, and zoo.cfg values as text") {
  const DesiredState desired = desired_of(with(&SpecText::ensemble, R"("ensemble": {
    "package": "arcus", "state": "stopped", "dataDirectory": "/data/zk",
    "servers": [{"host": "h1", "id": "7"}, {"host": "h3", "id": 2}, {"host": "h2", "id": 5}],
    "clientPort": 12181, "quorumPort": "12888", "electionPort": 13888,
    "config": {"tickTime": "3000", "maxClientCnxns": 0, "forceSync": false, "leaderServes": "yes",
               "tcpKeepAlive": true, "autopurge.purgeInterval": 24, "dataLogDir": "/log",
               "metricsProvider.className": "a.B$C"}})"));
  const DesiredEnsemble& ensemble = desired.ensemble;
  CHECK(ensemble.servers ==
        std::vector<DesiredServer>{{"h3", 2, {8, 44}}, {"h2", 5, {8, 69}}, {"h1", 7, {8, 17}}});
  CHECK(ensemble.client_port == 12181);
  CHECK(ensemble.quorum_port == 12888);
  CHECK(ensemble.election_port == 13888);
  CHECK(ensemble.data_directory == "/data/zk");
  CHECK(ensemble.package == "arcus");
  CHECK(ensemble.state == RunState::stopped);
  CHECK(ensemble.at == SourcePosition{6, 13});
  CHECK(ensemble.config ==
        std::map<std::string, std::string>{{"autopurge.purgeInterval", "24"},
                                           {"dataLogDir", "/log"},
                                           {"forceSync", "no"},
                                           {"leaderServes", "yes"},
                                           {"maxClientCnxns", "0"},
                                           {"metricsProvider.className", "a.B$C"},
                                           {"tcpKeepAlive", "true"},
                                           {"tickTime", "3000"}});
  CHECK(connect_string(desired) == "10.0.0.3:12181,10.0.0.2:12181,10.0.0.1:12181");
}

TEST_CASE("server names alone get ids by position, and may be a range") {
  const DesiredState desired = desired_of(with(
      &SpecText::ensemble,
      R"("ensemble": {"package": "arcus", "servers": ["h3", "h[1-2]"], "dataDirectory": "/d"})"));
  REQUIRE(desired.ensemble.servers.size() == 3);
  CHECK(connect_string(desired) == "10.0.0.3:2181,10.0.0.1:2181,10.0.0.2:2181");
  CHECK(desired.ensemble.quorum_port == 2888);
  CHECK(desired.ensemble.election_port == 3888);
}

TEST_CASE("an external ensemble is a connect string") {
  const DesiredState desired = desired_of(
      with(&SpecText::ensemble, R"("ensemble": {"external": "10.0.0.8:2181,10.0.0.9:2182"})"));
  CHECK(connect_string(desired) == "10.0.0.8:2181,10.0.0.9:2182");
  CHECK(desired.ensemble.servers.empty());
}

TEST_CASE("an external ensemble is checked to its end") {
  std::string many;
  for (int i = 0; i < 300; ++i) {
    many += fmt::format("10.0.{}.{}:2181,", i / 200, i % 200 + 1);
  }
  const Case wrong{&SpecText::ensemble,
                   R"("ensemble": {"external": ")" + many + R"(not an address"})", ""};
  CHECK_THAT(said_about(wrong), Catch::Contains("\"not an address\" is no address of a server"));
}

TEST_CASE("a node's config changes single fields of its cloud's") {
  const DesiredState desired = desired_of(with(&SpecText::clouds, R"("clouds": [
    {"serviceCode": "c", "package": "arcus",
     "config": {"memlimit": 100, "threads": "6", "sessionTimeout": 15}, "nodes": [
      {"host": "h[2-3]", "port": 11211, "count": 2, "config": {"threads": 4}},
      {"host": "h1", "ports": ["9", 7], "config": {"connections": 99}}],
     "state": "stopped", "rollout": {"maxUnavailable": 2}, "protect": true},
    {"serviceCode": "b", "package": "arcus", "nodes": []}])"));
  REQUIRE(desired.clouds.size() == 2);
  CHECK(desired.clouds[0].service_code == "b");
  CHECK(desired.clouds[0].state == RunState::running);
  CHECK(desired.clouds[0].rollout.max_unavailable == 1);
  const DesiredCloud& cloud = desired.clouds[1];
  const NodeConfig one{100, 99, 6, 15};
  const NodeConfig two{100, 1024, 4, 15};
  const auto node = [&](const char* endpoint, std::uint32_t host, NodeConfig config, int line) {
    return DesiredNode{*Endpoint::parse(endpoint), host, config, {line, 7}};
  };
  CHECK(cloud.nodes == std::vector<DesiredNode>{
                           node("10.0.0.1:7", 0, one, 11), node("10.0.0.1:9", 0, one, 11),
                           node("10.0.0.2:11211", 1, two, 10), node("10.0.0.2:11212", 1, two, 10),
                           node("10.0.0.3:11211", 2, two, 10), node("10.0.0.3:11212", 2, two, 10)});
  CHECK(cloud.state == RunState::stopped);
  CHECK(cloud.rollout.max_unavailable == 2);
  CHECK(cloud.rollout.min_ready_s == 0);
  CHECK_FALSE(cloud.rollout.warm);
  CHECK(cloud.protect);
  CHECK(cloud.at == SourcePosition{8, 5});
}

TEST_CASE("an empty list is said, a missing one is an error") {
  SpecText spec = with(&SpecText::clouds, R"("clouds": [])");
  spec.hosts = R"("hosts": [])";
  spec.packages = R"("$schema": "arcform.schema.json")";
  CHECK(desired_of(spec).clouds.empty());
  CHECK(said_about("{}") ==
        R"(s:1:1: "apiVersion" is missing; write "apiVersion": "arcform/v1"
s:1:1: "deployment" is missing; it names the lock, the history and what is ours in ZooKeeper
s:1:1: "hosts" is missing; list the hosts; [] means that there are none
s:1:1: "ensemble" is missing; describe the ZooKeeper servers, or give {"external": "ip:port,..."}
s:1:1: "clouds" is missing; list the cache clouds; [] means that there are none)");
  CHECK(said_about("") == "s:1:1: the file is empty; write a spec, or give the name of one");
  CHECK(said_about("[]") == "s:1:1: expected an object, found a list; write { ... }");
}

TEST_CASE("a host runs no more nodes than it may have connections to a server") {
  SpecText spec;
  spec.ensemble = R"("ensemble": {"package": "arcus", "servers": ["h2"], "dataDirectory": "/d",
    "config": {"maxClientCnxns": 2}})";
  spec.clouds = R"("clouds": [{"serviceCode": "c", "package": "arcus",
    "nodes": [{"host": "h1", "port": 1, "count": 2}, {"host": "h3", "port": 1}]}])";
  CHECK(said_about(spec.text()) == "");
  spec.clouds.replace(spec.clouds.find("h3"), 2, "h1");
  spec.clouds.replace(spec.clouds.rfind("1}"), 1, "9");
  CHECK(said_about(spec.text()) ==
        "s:9:54: clouds[0].nodes[1]: more than 2 cache nodes on host h1, and a server takes 2 "
        "connections from one address; raise \"maxClientCnxns\" in ensemble.config, with room for "
        "clients, or move nodes");
}

TEST_CASE("messages are one safe line each") {
  CHECK(format({3, 4, "a.b", "what", "advice", true}, "x\x1b[31m\ny") ==
        "x\\x1B[31m\\x0Ay:3:4: warning: a.b: what; advice");
  CHECK(format({3, 4, "", "what", "", false}, "f") == "f:3:4: what");
  const std::string said =
      said_about(with(&SpecText::head,
                      "\"apiVersion\": \"\\u001b[2J\\n\", \"deployment\": \"d\", "
                      "\"\\u202ex\\n\": 1")
                     .text());
  CHECK(said.find('\x1b') == std::string::npos);
  CHECK(std::count(said.begin(), said.end(), '\n') == 1);
}

}  // namespace arcform
