// SPDX-License-Identifier: Apache-2.0
// Cache nodes follow the ensemble's members: those of an Arcus server are told of them, those of
// stock memcached are restarted where they know too few.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/arcus/prefix.h"

namespace arcform {
namespace {

constexpr const char* kOne = R"(["cache001.arcus"])";
constexpr const char* kTwo =
    R"([{ "host": "cache002.arcus", "id": 2 }, { "host": "cache003.arcus", "id": 3 }])";

/// A node of either kind on the first host, servers as they come.
std::string mixed_spec(const Deployment& it) {
  return fmt::format(R"({{
  "apiVersion": "arcform/v1", "deployment": "follow",
  "ssh": {{ "user": "arcus", "identityFiles": ["{0}/keys/id_ed25519"],
           "knownHosts": "{0}/known_hosts" }},
  "hosts": [{{ "name": "cache[001-003].arcus", "address": "10.0.0.[1-3]" }}],
  "packages": {{ "arcus": {{ "installed": "{1}" }}, "stock": {{ "installed": "{2}" }},
                "zookeeper": {{ "installed": "/usr/share/zookeeper" }} }},
  "ensemble": {{ "package": "zookeeper", "servers": {3},
                "dataDirectory": "/home/arcus/zookeeper", "config": {{ "reconfigEnabled": true }} }},
  "clouds": [
    {{ "serviceCode": "told", "package": "arcus", "config": {{ "sessionTimeout": 10 }},
      "nodes": [{{ "host": "cache001.arcus", "port": 11211 }}] }},
    {{ "serviceCode": "restarted", "package": "stock", "config": {{ "sessionTimeout": 10 }},
      "nodes": [{{ "host": "cache001.arcus", "port": 11212 }}] }}]
}})",
                     it.lab().folder(), kArcus, Lab::kPrefix, kOne);
}

/// "10.0.0.1:2181 10.0.0.2:2181 ": the servers that the node names, of three.
std::string goes_by(const Deployment& it, int port) {
  const std::string reply = told(it, 1, port, "zkensemble get");
  std::string known;
  for (int host = 1; host <= 3; ++host) {
    const std::string server = fmt::format("10.0.0.{}:2181 ", host);
    known += contains(reply, server) ? server : "";
  }
  return known;
}

/// What the server of the host says of its list.
std::string members(const Deployment& it, int host) {
  const std::string ask =
      fmt::format("exec 3<>/dev/tcp/10.0.0.{}/2181; printf conf >&3; cat <&3", host);
  const std::string conf = it.lab().run({"timeout", "3", "bash", "-c", ask}).out;
  std::string ids;
  for (int id = 1; id <= 3; ++id) {
    ids += contains(conf, fmt::format("\nserver.{}=", id)) ? fmt::to_string(id) : "";
  }
  return ids;
}

}  // namespace

TEST_CASE("one server whose list is fixed becomes three in the way that the refusal tells") {
  Deployment it(3);
  it.set_spec(mixed_spec(it));
  it.edit("\"reconfigEnabled\": true", "\"tickTime\": 2000");
  const std::size_t clouds = it.spec().find("\"clouds\"");
  it.set_spec(it.spec().substr(0, clouds) + "\"clouds\": [] }");
  it.converge();
  step("the members are other ones: refused, with what to do instead");
  it.edit(kOne, kThree);
  const ProcessResult refused = it.apply();
  require_status(refused, 3);
  require_says(refused,
               "set \"reconfigEnabled\": true in ensemble.config, with the members as they "
               "were and ensemble.state \"stopped\", apply, set it to \"running\", apply, "
               "then change the members");
  CHECK(members(it, 1) == "1");
  step("just that");
  it.edit(kThree, kOne);
  it.edit("\"tickTime\": 2000 }", "\"reconfigEnabled\": true }, \"state\": \"stopped\"");
  it.converge();
  CHECK(it.server_pid(1).empty());
  it.edit("\"state\": \"stopped\"", "\"state\": \"running\"");
  it.converge();
  it.edit(kOne, kThree);
  it.converge();
  for (int host = 1; host <= 3; ++host) {
    CHECK(members(it, host) == "123");
  }
  step("end");
}

TEST_CASE("cache nodes follow the ensemble from one server to three, and away from the first") {
  Deployment it(3);
  install_arcus(it, 1);
  it.set_spec(mixed_spec(it));
  it.converge();
  const std::string arcus = it.node_pid(1, 11211);
  const std::string stock = it.node_pid(1, 11212);
  REQUIRE_FALSE(arcus.empty());
  REQUIRE_FALSE(stock.empty());

  step("one server becomes three: the one node is told, the other is restarted, after they are in");
  it.edit(kOne, kThree);
  const ProcessResult plan = it.plan();
  require_says(plan, "tune: ensemble: new 10.0.0.2:2181, 10.0.0.3:2181");
  require_says(plan, "(it knows 1 of 3 servers, and cannot be told while it runs)");
  const ProcessResult grown = it.converge();
  const std::size_t in =
      grown.out.find("let ZooKeeper server 3 on cache003.arcus join the ensemble: done");
  REQUIRE(in != std::string::npos);
  CHECK(grown.out.find("tune cache node 10.0.0.1:11211 on cache001.arcus: done", in) !=
        std::string::npos);
  CHECK(grown.out.find("restart cache node 10.0.0.1:11212 on cache001.arcus: done", in) !=
        std::string::npos);
  CHECK(it.node_pid(1, 11211) == arcus);
  CHECK(goes_by(it, 11211) == "10.0.0.1:2181 10.0.0.2:2181 10.0.0.3:2181 ");
  CHECK(it.node_pid(1, 11212) != stock);
  CHECK(it.pids(1, "memcached .*-p 11212 .*-z 10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181") ==
        it.node_pid(1, 11212));
  require_says(it.status(), "(started with 10.0.0.1:2181)");

  step(
      "the first leaves: both know others, so nothing is restarted, and both stay in their clouds");
  const std::string now = it.node_pid(1, 11212);
  it.edit(kThree, kTwo);
  it.converge();
  CHECK(it.server_pid(1).empty());
  CHECK(it.node_pid(1, 11211) == arcus);
  CHECK(it.node_pid(1, 11212) == now);
  CHECK(goes_by(it, 11211) == "10.0.0.2:2181 10.0.0.3:2181 ");
  CHECK(it.joined("told") == "10.0.0.1:11211");
  CHECK(it.joined("restarted") == "10.0.0.1:11212");
  require_says(it.status(), "ensemble: gone 10.0.0.1:2181 (it knows 2 of 2 servers");
  step("end");
}

}  // namespace arcform
