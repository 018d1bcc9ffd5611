// SPDX-License-Identifier: Apache-2.0
// What breaks, and what apply makes of it.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

using std::chrono::seconds;

constexpr const char* kFiveNodes =
    "10.0.0.1:11211 10.0.0.2:11211 10.0.0.2:11212 10.0.0.3:11211 10.0.0.3:11212";

/// The full name of a node's ephemeral znode.
std::string znode_of(const Deployment& it, const std::string& endpoint) {
  const std::string names = it.zk("ls", "/arcus/cache_list/test-cloud").out;
  const std::size_t at = names.find(endpoint + "-");
  REQUIRE(at != std::string::npos);
  return "/arcus/cache_list/test-cloud/" + names.substr(at, names.find('\n', at) - at);
}

void kill_on(const Deployment& it, int host, const std::string& pid) {
  REQUIRE_FALSE(pid.empty());
  require_status(it.lab().exec(host, "kill -9 " + pid), 0);
}

void node_killed(const Deployment& it) {
  step("a node is killed: back at once, although its old znode still stands");
  const ProcessResult idle = it.apply();
  kill_on(it, 2, it.node_pid(2, 11211));
  REQUIRE(it.joined("test-cloud") == kFiveNodes);  // The dead one's ephemeral is among them.
  const ProcessResult repaired = it.apply();
  require_status(repaired, 0);
  require_says(repaired, "its old ephemeral znode still stands");
  fmt::print("           repair: {} ms; the same with nothing to do: {} ms\n",
             repaired.took.count(), idle.took.count());
  CHECK(repaired.took - idle.took < seconds(2));
  CHECK_FALSE(it.node_pid(2, 11211).empty());
  CHECK(it.joined("test-cloud") == kFiveNodes);
  it.zk("get", znode_of(it, "10.0.0.2:11211"));
}

void znode_deleted(const Deployment& it) {
  step("a node's znode is deleted by hand: the zombie is restarted");
  const std::string before = it.node_pid(3, 11211);
  REQUIRE(it.zk("rm", znode_of(it, "10.0.0.3:11211")).status == 0);
  REQUIRE(it.node_pid(3, 11211) == before);
  const ProcessResult status = it.status();
  CHECK_FALSE(contains(status.out, "converged"));
  it.converge();
  CHECK(it.node_pid(3, 11211) != before);
  CHECK(it.joined("test-cloud") == kFiveNodes);
}

void mapping_deleted(const Deployment& it) {
  step("a mapping is deleted by hand: mapped again, the node goes on");
  const std::string before = it.node_pid(2, 11212);
  REQUIRE(it.zk("rm", "/arcus/cache_server_mapping/10.0.0.2:11212/test-cloud").status == 0);
  REQUIRE(it.zk("rm", "/arcus/cache_server_mapping/10.0.0.2:11212").status == 0);
  it.converge();
  CHECK(it.has_znode("/arcus/cache_server_mapping/10.0.0.2:11212/test-cloud"));
  CHECK(it.node_pid(2, 11212) == before);
}

void server_killed(const Deployment& it) {
  step("a ZooKeeper server is killed: started again, on its data");
  const int leader = it.leader();
  const int host = leader == 3 ? 2 : 3;
  kill_on(it, host, it.server_pid(host));
  const ProcessResult plan = it.plan();
  require_status(plan, 0);
  require_says(plan, fmt::format("! server {}", host));
  it.converge();
  CHECK_FALSE(it.server_pid(host).empty());
  CHECK(it.leader() == leader);
  CHECK(it.joined("test-cloud") == kFiveNodes);
}

void config_edited(const Deployment& it) {
  step(
      "a follower's zoo.cfg is edited by hand: written anew; no server has read it, none restarts");
  const int leader = it.leader();
  const int follower = leader == 1 ? 2 : 1;
  const int other = 6 - leader - follower;
  const std::string before = it.server_pid(follower);
  const std::string rest = it.server_pid(leader) + it.server_pid(other);
  const std::string file = "/home/arcus/.arcform/three-hosts/server-*/zoo.cfg";
  const std::string content = it.lab().exec(follower, "cat " + file).out;
  require_status(it.lab().exec(follower, "echo syncLimit=77 | tee -a " + file, "arcus"), 0);
  require_says(it.converge(), fmt::format("configure ZooKeeper server {}", follower));
  CHECK(it.lab().exec(follower, "cat " + file).out == content);
  CHECK(it.server_pid(follower) == before);
  CHECK(it.server_pid(leader) + it.server_pid(other) == rest);
  CHECK(it.leader() == leader);
  CHECK(it.joined("test-cloud") == kFiveNodes);
}

void config_changed(Deployment& it) {
  step("the ensemble's configuration changes in the spec: one server after the other, leader last");
  const int leader = it.leader();
  it.edit("\"syncLimit\": 5", "\"syncLimit\": 6");
  const ProcessResult changed = it.converge();
  const std::size_t last = changed.out.rfind("restart ZooKeeper server");
  INFO(changed.out);
  CHECK(changed.out.find(fmt::format("restart ZooKeeper server {} on", leader), last) == last);
  std::size_t restarts = 0;
  for (std::size_t at = 0; (at = changed.out.find(": done in", at)) != std::string::npos; ++at) {
    const std::size_t line = changed.out.rfind('\n', at) + 1;
    restarts += contains(changed.out.substr(line, at - line), "restart ZooKeeper") ? 1U : 0U;
  }
  CHECK(restarts == 3);
  CHECK(it.joined("test-cloud") == kFiveNodes);
}

}  // namespace

void what_breaks_is_repaired(Deployment& it) {
  node_killed(it);
  znode_deleted(it);
  mapping_deleted(it);
  server_killed(it);
  config_edited(it);
  config_changed(it);
}

void unreachable_is_unknown(Deployment& it) {
  step("an unreachable host is unknown, not stopped; the rest is done");
  const std::string servers = it.server_pid(3);
  kill_on(it, 1, it.node_pid(1, 11211));
  it.lab().command({"cut", Lab::host(3)});
  const ProcessResult plan = it.plan();
  require_status(plan, 9);
  require_says(plan, "? cache003.arcus");
  for (const char* const line : {"- 10.0.0.3", "! 10.0.0.3", "+ 10.0.0.3", "! server 3"}) {
    INFO(plan.out);
    CHECK_FALSE(contains(plan.out, line));
  }
  it.lab().command({"cut", "--unreachable", Lab::host(3)});  // The same, told at once.
  const ProcessResult applied = it.apply();
  require_status(applied, 9);
  require_says(applied, "start cache node 10.0.0.1:11211 on cache001.arcus: done in");
  CHECK_FALSE(it.node_pid(1, 11211).empty());
  CHECK(it.server_pid(3) == servers);
  fmt::print("           plan {} ms, apply {} ms with a host cut off\n", plan.took.count(),
             applied.took.count());
  const ProcessResult status = it.status();
  require_status(status, 9);
  require_says(status, "unknown");

  step("its nodes lose their sessions; the host is back: converges");
  REQUIRE(eventually(
      [&] { return it.joined("test-cloud") == "10.0.0.1:11211 10.0.0.2:11211 10.0.0.2:11212"; },
      seconds(40)));
  it.lab().command({"mend", Lab::host(3)});
  it.converge();
  CHECK(it.joined("test-cloud") == kFiveNodes);
  CHECK(it.server_pid(3) == servers);
}

}  // namespace arcform
