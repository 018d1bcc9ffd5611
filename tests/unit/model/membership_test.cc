// SPDX-License-Identifier: Apache-2.0
// Members of an ensemble that join, leave, or may not; and what is planned for them.
#include "model/membership.h"

#include <catch2/catch.hpp>

#include "model/zoo_cfg.h"
#include "tests/support/builders.h"
#include "tests/unit/model/steps.h"

using namespace arcform;
using Lines = std::vector<std::string>;

namespace {

/// Five hosts, servers on those of `ids`.
DesiredState servers_on(std::vector<int> ids, bool reconfigures = true) {
  DesiredState desired = a_spec().with_hosts(5).with_ensemble(5).build();
  std::erase_if(desired.ensemble.servers, [&ids](const DesiredServer& server) {
    return std::find(ids.begin(), ids.end(), server.id) == ids.end();
  });
  if (reconfigures) {
    desired.ensemble.config["reconfigEnabled"] = "true";
  }
  return desired;
}

/// Everything as desired, and every server says which list it runs with.
ObservedState running(const DesiredState& desired, std::uint64_t version, int leader = 0) {
  ObservedState observed = ideal(desired, leader);
  for (auto& [id, answer] : observed.servers) {
    answer.value().members = wanted_members(desired);
    answer.value().members_version = version;
  }
  for (const DesiredHost& host : desired.hosts) {
    if (!observed.hosts.contains(host.name)) {
      observed.hosts[host.name] = Observation<HostFacts>::present(bare_host(desired, host.name));
    }
  }
  return observed;
}

}  // namespace

TEST_CASE("lists are read wherever ZooKeeper writes them") {
  const std::string text =
      "clientPort=2181\nmembership: \nserver.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181\n"
      "server.12=10.0.0.2:2888:3888:observer;10.0.0.2:2181\nserver.x=nobody\nversion=10000000a";
  CHECK(members_of(text) ==
        Members{{1, "10.0.0.1:2888:3888"}, {12, "10.0.0.2:2888:3888:observer"}});
  CHECK(members_version_of(text) == 0x10000000aULL);
  CHECK(members_of("").empty());
  CHECK(members_version_of("version=") == 0);
  CHECK(address_of("10.0.0.1:2888:3888") == "10.0.0.1");
}

TEST_CASE("a list of members counts for a configuration only where restarts change it") {
  CHECK(zoo_digest(zoo_cfg(servers_on({1, 2, 3}))) == zoo_digest(zoo_cfg(servers_on({1, 2, 4}))));
  CHECK(zoo_digest(zoo_cfg(servers_on({1, 2, 3}, false))) !=
        zoo_digest(zoo_cfg(servers_on({1, 2, 4}, false))));
  const std::string config = zoo_cfg(servers_on({1, 2, 3}));
  CHECK(config.find("server.1=10.0.0.1:2888:3888:participant;10.0.0.1:2181\n") !=
        std::string::npos);
  CHECK(config.find("skipACL=yes\n") != std::string::npos);
}

TEST_CASE("with dynamic reconfiguration joiners start first, then join, then others leave") {
  const ObservedState observed = running(servers_on({1, 2, 3}), 7);
  const Plan plan = planned(servers_on({1, 2, 4}), observed);
  CHECK(lines(plan) == Lines{"configure ZooKeeper server 4 on cache004.arcus",
                             "start ZooKeeper server 4 on cache004.arcus",
                             "wait for a leader of 3 ZooKeeper servers",
                             "let ZooKeeper server 4 on cache004.arcus join the ensemble",
                             "take ZooKeeper server 3 on cache003.arcus out of the ensemble",
                             "retire ZooKeeper server 3 on cache003.arcus"});
  CHECK(plan.held.empty());
  for (StepId id = 1; id < plan.steps.size(); ++id) {
    CHECK(waits_for(plan, id, id - 1));
  }
  const auto& configure = std::get<ConfigureServer>(plan.steps[0].action);
  CHECK(configure.config.find("server.4=10.0.0.4:2888:3888:observer;") != std::string::npos);
  const auto& join = std::get<ReconfigureEnsemble>(plan.steps[3].action);
  CHECK(join.line == "10.0.0.4:2888:3888:participant;10.0.0.4:2181");
  CHECK(*join.before == wanted_members(servers_on({1, 2, 3})));
  CHECK(*join.after == wanted_members(servers_on({1, 2, 3, 4})));
}

TEST_CASE("a leader leaves last") {
  const Plan plan = planned(servers_on({3, 4, 5}), running(servers_on({1, 2, 3, 4, 5}), 7, 1));
  const auto leaves = steps_of<ReconfigureEnsemble>(plan);
  REQUIRE(leaves.size() == 2);
  CHECK(subject(plan.steps[leaves[0]].action) == "server 2");
  CHECK(subject(plan.steps[leaves[1]].action) == "server 1");
}

TEST_CASE("nobody leaves while somebody cannot join") {
  ObservedState observed = running(servers_on({1, 2, 3}), 7);
  observed.hosts["cache004.arcus"] = Observation<HostFacts>::unknown("no route");
  const Plan plan = planned(servers_on({1, 2, 4}), observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"unknown: cache004.arcus"});
}

TEST_CASE("nobody leaves when those that stay would be no quorum") {
  ObservedState observed = running(servers_on({1, 2, 3}), 7, 1);
  observed.hosts["cache003.arcus"] = Observation<HostFacts>::unknown("no route");
  observed.servers.at(3) = Observation<ServerAnswer>::unknown("not asked");
  const Plan plan = planned(servers_on({1, 3}), observed);
  CHECK(steps_of<ReconfigureEnsemble>(plan).empty());
  CHECK(held(plan) == Lines{"unknown: cache003.arcus", "refused: ensemble"});
  CHECK(plan.held.back().reason ==
        "server 2 at 10.0.0.2 leaves: this would leave 1 of 2 servers serving, which is no quorum; "
        "bring the others back first");
}

TEST_CASE("by restarts, one member at a time") {
  const Plan plan =
      planned(servers_on({1, 2, 3, 4, 5}, false), running(servers_on({1, 2, 3}, false), 0, 1));
  CHECK(steps_of<ReconfigureEnsemble>(plan).empty());
  const auto restarts = steps_of<RestartServer>(plan);
  REQUIRE(restarts.size() == 3);
  CHECK(subject(plan.steps[restarts.back()].action) == "server 1");
  const auto& restart = std::get<RestartServer>(plan.steps[restarts[0]].action);
  REQUIRE(restart.members.size() == 4);
  CHECK(restart.members[3] == ServerPlace{4, "cache004.arcus", false, true});
  CHECK(plan.later.size() == 1);
  CHECK(plan.steps.size() == 9);  // Nothing of server 5 yet.
}

TEST_CASE("two servers or one cannot be changed by restarts") {
  const Plan plan = planned(servers_on({1, 2, 3}, false), running(servers_on({1}, false), 0));
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"refused: ensemble"});
  CHECK(plan.held.front().reason.find("reconfigEnabled") != std::string::npos);
}

TEST_CASE("an id stays with its host") {
  DesiredState desired = servers_on({1, 2, 3});
  desired.ensemble.servers.back().host = "cache004.arcus";
  const Plan plan = planned(desired, running(servers_on({1, 2, 3}), 7));
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"refused: ensemble"});
}

TEST_CASE("data of nobody knows whom, or of an earlier membership, is not used") {
  ObservedState observed = running(servers_on({1, 2, 3}), 7);
  HostFacts& facts = host_in(observed, "cache004.arcus");
  facts.data = {true, "", true};
  CHECK(held(planned(servers_on({1, 2, 3, 4}), observed)) ==
        Lines{"refused: server 4 on cache004.arcus"});

  ObservedSlot& slot = facts.slots["server-4"];
  slot.name = "server-4";
  slot.config = zoo_cfg(servers_on({1, 4, 5}));
  facts.data.myid = "4";
  const Plan plan = planned(servers_on({1, 2, 3, 4}), observed);
  REQUIRE_FALSE(plan.steps.empty());
  CHECK(describe(plan.steps[0].action) ==
        "set aside the data of ZooKeeper server 4 on cache004.arcus");
  CHECK(waits_for(plan, steps_of<StartServer>(plan).front(), 0));
}

TEST_CASE("a server is not taken away from cache nodes that know no other") {
  DesiredState before = three_hosts();
  before.ensemble.config["reconfigEnabled"] = "true";
  ObservedState observed = running(before, 7);
  for (auto& process : host_in(observed, "cache001.arcus").processes) {
    if (process.comm == "memcached") {
      process.argv = {"/opt/arcus/bin/memcached", "-z", "10.0.0.3:2181"};
    }
  }
  for (const char* node : {"10.0.0.1:11211", "10.0.0.1:11212"}) {
    observed.nodes.at(at(node)).value().servers.clear();  // It cannot be told of others.
  }
  DesiredState after = before;
  after.ensemble.servers.pop_back();
  const Plan plan = planned(after, observed);
  CHECK(steps_of<ReconfigureEnsemble>(plan).empty());
  CHECK(held(plan).front() == "waiting: ensemble");
  CHECK(plan.held.front().reason ==
        "server 3 at 10.0.0.3 leaves: 2 cache nodes know none of the servers that stay (node-11211 "
        "on cache001.arcus, ...), and no server leaves before they know one");
}

TEST_CASE("nothing is ever planned for the servers of an external ensemble") {
  const DesiredState desired =
      a_spec().with_hosts(3).with_external("10.0.0.1:2181,10.9.9.9:2181").with_cloud("c").build();
  for (const bool readable : {true, false}) {
    ObservedState observed = ideal(desired);
    HostFacts& facts = host_in(observed, "cache001.arcus");
    put_process(facts, "server-1", 77, "java", {"java"}, 2181);  // Even one of ours.
    facts.slots["server-1"].config = "server.1=10.0.0.1:2888:3888;2181\ntickTime=1\n";
    if (!readable) {
      observed.tree = Observation<TreeFacts>::unknown("nobody answers");
    }
    for (const Step& step : planned(desired, observed).steps) {
      CHECK_FALSE(subject(step.action).starts_with("server "));
      CHECK_FALSE(std::holds_alternative<AwaitQuorum>(step.action));
    }
  }
}
