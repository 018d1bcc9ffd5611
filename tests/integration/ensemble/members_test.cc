// SPDX-License-Identifier: Apache-2.0
// Real ZooKeeper on lab hosts: a changed configuration, members that join, leave and are replaced.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

constexpr const char* kFour =
    R"(["cache001.arcus", "cache002.arcus", "cache003.arcus", "cache004.arcus"])";
constexpr const char* kNodes =
    "10.0.0.1:11211 10.0.0.1:11212 10.0.0.2:11211 10.0.0.2:11212 10.0.0.3:11211 10.0.0.3:11212";

/// The example on hosts that are enough for other members; nobody says at first that the list of
/// members may change without restarts.
void widen(Deployment& it, int hosts) {
  it.edit("cache[001-003].arcus", fmt::format("cache[001-00{}].arcus", hosts));
  it.edit("10.0.0.[1-3]", fmt::format("10.0.0.[1-{}]", hosts));
}

/// What a server answers to a four-letter word, on the address of its host.
std::string asked(const Deployment& it, int host, const std::string& word) {
  const std::string ask =
      fmt::format("exec 3<>/dev/tcp/10.0.0.{}/2181; printf {} >&3; cat <&3", host, word);
  return it.lab().run({"timeout", "3", "bash", "-c", ask}).out;
}

/// "1 2 3": the ids in the list that the server runs with.
std::string members(const Deployment& it, int host) {
  const std::string conf = asked(it, host, "conf");
  std::string ids;
  for (int id = 1; id <= 9; ++id) {
    ids += contains(conf, fmt::format("\nserver.{}=", id)) ? fmt::format("{} ", id) : "";
  }
  return ids.empty() ? ids : ids.substr(0, ids.size() - 1);
}

/// The host that leads; 0: none.
int leader(const Deployment& it) {
  for (int host = 1; host <= it.lab().hosts(); ++host) {
    if (contains(asked(it, host, "srvr"), "Mode: leader")) {
      return host;
    }
  }
  return 0;
}

std::string server_pids(const Deployment& it, std::vector<int> hosts) {
  std::string pids;
  for (const int host : hosts) {
    pids += it.server_pid(host);
  }
  return pids;
}

std::string node_pids(const Deployment& it) {
  return it.node_pid(1, 11211) + it.node_pid(2, 11211) + it.node_pid(3, 11212);
}

void by_restarts(Deployment& it) {
  step("a fourth member by restarts: the joiner first, the leader last, nobody leaves a cloud");
  const std::string nodes = node_pids(it);
  const int first = leader(it);
  const std::string znodes = it.zk("ephemerals", "/arcus/cache_list/test-cloud").out;
  it.edit(kThree, kFour);
  const ProcessResult grown = it.converge();
  const std::size_t joiner = grown.out.find("start ZooKeeper server 4 on cache004.arcus: done");
  const std::size_t last =
      grown.out.find(fmt::format("restart ZooKeeper server {0} on cache00{0}.arcus: done", first));
  INFO(grown.out << grown.err);
  REQUIRE(joiner != std::string::npos);
  REQUIRE(last != std::string::npos);
  for (int host = 1; host <= 3; ++host) {
    const std::size_t at =
        grown.out.find(fmt::format("restart ZooKeeper server {0} on cache00{0}.arcus: done", host));
    CHECK(at > joiner);
    CHECK(at <= last);
    CHECK(members(it, host) == "1 2 3 4");
  }
  CHECK(members(it, 4) == "1 2 3 4");
  CHECK(node_pids(it) == nodes);
  CHECK(it.zk("ephemerals", "/arcus/cache_list/test-cloud").out == znodes);

  step("and gone again");
  it.edit(kFour, kThree);
  it.converge();
  CHECK(members(it, 1) == "1 2 3");
  CHECK(it.server_pid(4).empty());
  CHECK(it.lab().exec(4, "ls /home/arcus/zookeeper").out == "removed-1\n");
  CHECK(node_pids(it) == nodes);
  CHECK(it.zk("ephemerals", "/arcus/cache_list/test-cloud").out == znodes);
}

void configuration(Deployment& it) {
  step("another configuration: one restart each, the leader last");
  const std::string nodes = node_pids(it);
  const int first = leader(it);
  it.edit("\"tickTime\": 2000", "\"tickTime\": 2000, \"reconfigEnabled\": true");
  const ProcessResult rolled = it.converge();
  INFO(rolled.out << rolled.err);
  const std::size_t last = rolled.out.rfind("restart ZooKeeper server");
  CHECK(last == rolled.out.find(
                    fmt::format("restart ZooKeeper server {0} on cache00{0}.arcus: done", first)));
  CHECK(node_pids(it) == nodes);
  CHECK(it.joined("test-cloud") == kNodes);
}

void by_reconfiguration(Deployment& it) {
  step("three to five while all run: no server restarts");
  const std::string before = server_pids(it, {1, 2, 3});
  const std::string nodes = node_pids(it);
  it.edit(kThree, R"(["cache[001-005].arcus"])");
  const ProcessResult grown = it.converge();
  CHECK_FALSE(contains(grown.out, "restart ZooKeeper"));
  CHECK(members(it, 5) == "1 2 3 4 5");
  CHECK(server_pids(it, {1, 2, 3}) == before);

  step("five to three, the leader among those that leave");
  const int first = leader(it);
  const int other = first == 5 ? 4 : 5;
  std::string stay;
  std::string ids;
  std::vector<int> hosts;
  for (int host = 1; host <= 5; ++host) {
    if (host != first && host != other) {
      stay += fmt::format("{}{{\"host\": \"cache00{}.arcus\", \"id\": {}}}",
                          stay.empty() ? "" : ", ", host, host);
      ids += fmt::format("{}{}", ids.empty() ? "" : " ", host);
      hosts.push_back(host);
    }
  }
  const std::string kept = server_pids(it, hosts);
  it.edit(R"(["cache[001-005].arcus"])", "[" + stay + "]");
  it.converge();
  for (const int host : hosts) {
    CHECK(members(it, host) == ids);
  }
  CHECK(server_pids(it, hosts) == kept);
  CHECK(it.server_pid(first).empty());
  CHECK(it.server_pid(other).empty());

  step("a host is replaced: one that left comes back as a new member, with new data");
  const int gone = hosts.back();
  it.edit(fmt::format("{{\"host\": \"cache00{0}.arcus\", \"id\": {0}}}", gone),
          fmt::format("{{\"host\": \"cache00{0}.arcus\", \"id\": {0}}}", first));
  it.converge();
  CHECK(it.server_pid(gone).empty());
  CHECK(members(it, first) == members(it, hosts.front()));
  CHECK(contains(members(it, hosts.front()), fmt::to_string(first)));
  CHECK(it.joined("test-cloud") == kNodes);
  CHECK(node_pids(it) == nodes);
}

}  // namespace

TEST_CASE("members and configuration change by restarts") {
  Deployment it(4);
  widen(it, 4);
  it.converge();
  by_restarts(it);
  configuration(it);
  step("end");
}

TEST_CASE("members change while all run") {
  Deployment it(5);
  widen(it, 5);
  it.edit("\"tickTime\": 2000", "\"tickTime\": 2000, \"reconfigEnabled\": true");
  it.converge();
  by_reconfiguration(it);
  step("end");
}

}  // namespace arcform
