// SPDX-License-Identifier: Apache-2.0
// What edits of the spec do to the running deployment.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

constexpr const char* kFirstHost = R"("host": "cache001.arcus", "count": 2)";
constexpr const char* kOthers = "10.0.0.2:11211 10.0.0.2:11212 10.0.0.3:11211 10.0.0.3:11212";

std::string pids_of_others(const Deployment& it) {
  return it.node_pid(2, 11211) + it.node_pid(2, 11212) + it.node_pid(3, 11211) +
         it.node_pid(3, 11212) + it.server_pid(1) + it.server_pid(2) + it.server_pid(3);
}

void edit_counts(Deployment& it) {
  step("count 2 to 3 on a host starts one node");
  const std::string first = it.node_pid(1, 11211);
  const std::string second = it.node_pid(1, 11212);
  it.edit(kFirstHost, R"("host": "cache001.arcus", "count": 3)");
  const ProcessResult grown = it.converge();
  require_says(grown, "start cache node 10.0.0.1:11213 on cache001.arcus: done in");
  CHECK(it.joined("test-cloud") ==
        std::string("10.0.0.1:11211 10.0.0.1:11212 10.0.0.1:11213 ") + kOthers);
  CHECK(it.node_pid(1, 11211) == first);
  CHECK(it.node_pid(1, 11212) == second);

  step("count 3 to 1 is more than a quarter of the cloud: it must be asked for by name");
  it.edit(R"("host": "cache001.arcus", "count": 3)", R"("host": "cache001.arcus", "count": 1)");
  const ProcessResult refused = it.apply();
  require_status(refused, 3);
  require_says(refused, "2 of its 7 serving nodes would be removed");
  require_says(refused, "--allow-removal test-cloud");
  CHECK_FALSE(it.node_pid(1, 11213).empty());

  step("count 3 to 1 stops exactly the last two, one session timeout apart");
  const ProcessResult shrunk = it.converge("test-cloud");
  CHECK(shrunk.took >= std::chrono::seconds(10));
  CHECK(it.joined("test-cloud") == std::string("10.0.0.1:11211 ") + kOthers);
  CHECK(it.node_pid(1, 11211) == first);
  for (const int port : {11212, 11213}) {
    CHECK(it.node_pid(1, port).empty());
    CHECK(it.znodes_with(fmt::format("10.0.0.1:{}", port)).empty());
    const ProcessResult folder =
        it.lab().exec(1, fmt::format("ls -d /home/arcus/.arcform/three-hosts/node-{}", port));
    CHECK(folder.status != 0);
  }
}

void edit_threads(Deployment& it) {
  step("threads changed: the node stops, its znode goes, it starts and joins again");
  const std::string before = it.node_pid(1, 11211);
  const std::string znode = it.zk("ephemerals", "/arcus/cache_list/test-cloud").out;
  it.edit(R"("host": "cache001.arcus", "count": 1, "port": 11211)",
          R"("host": "cache001.arcus", "count": 1, "port": 11211, "config": { "threads": 5 })");
  const ProcessResult restarted = it.converge();
  require_says(restarted, "threads 6");
  const std::string after = it.node_pid(1, 11211);
  CHECK_FALSE(after.empty());
  CHECK(after != before);
  CHECK(it.pids(1, "memcached .*-p 11211 .*-t 5 ") == after);
  // The same name stands again, in another session.
  CHECK(it.joined("test-cloud") == std::string("10.0.0.1:11211 ") + kOthers);
  CHECK(it.zk("ephemerals", "/arcus/cache_list/test-cloud").out != znode);
}

void edit_clouds(Deployment& it) {
  step("a second cloud is added");
  const std::string spec = it.spec();
  it.edit("\"clouds\": [",
          R"("clouds": [ { "serviceCode": "second-cloud", "package": "arcus",
    "config": { "memlimit": 64, "threads": 1, "connections": 100, "sessionTimeout": 10 },
    "nodes": [ { "host": "cache003.arcus", "count": 2, "port": 11311 } ] },)");
  it.converge();
  CHECK(it.joined("second-cloud") == "10.0.0.3:11311 10.0.0.3:11312");

  step("the second cloud is removed: nothing of it is left");
  it.set_spec(spec);
  require_status(it.apply(), 3);
  it.converge("second-cloud");
  CHECK(it.znodes_with("second-cloud").empty());
  CHECK(it.znodes_with(":1131").empty());
  CHECK(it.node_pid(3, 11311).empty());
  CHECK(it.node_pid(3, 11312).empty());
}

void edit_hosts(Deployment& it) {
  step("a fourth host is added");
  const std::string spec = it.spec();
  it.edit("cache[001-003].arcus", "cache[001-004].arcus");
  it.edit("10.0.0.[1-3]", "10.0.0.[1-4]");
  it.edit(
      R"({ "host": "cache002.arcus",)",
      R"({ "host": "cache004.arcus", "count": 1, "port": 11211 }, { "host": "cache002.arcus",)");
  it.converge();
  CHECK(it.joined("test-cloud") == std::string("10.0.0.1:11211 ") + kOthers + " 10.0.0.4:11211");

  step("the fourth host is removed: its node stops although the spec no longer knows it");
  it.set_spec(spec);
  it.converge();
  CHECK(it.joined("test-cloud") == std::string("10.0.0.1:11211 ") + kOthers);
  CHECK(it.pids(4, "memcached").empty());
  CHECK(it.znodes_with("10.0.0.4").empty());
  CHECK(it.znodes_with("cache004").empty());
}

}  // namespace

void edits_do_what_they_say(Deployment& it) {
  const std::string others = pids_of_others(it);
  edit_counts(it);
  edit_threads(it);
  edit_clouds(it);
  edit_hosts(it);
  CHECK(pids_of_others(it) == others);
}

}  // namespace arcform
