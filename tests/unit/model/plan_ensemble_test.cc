// SPDX-License-Identifier: Apache-2.0
// What is planned for hosts and the ensemble, and what is held back.
#include <catch2/catch.hpp>

#include "model/diff.h"
#include "tests/support/builders.h"
#include "tests/unit/model/steps.h"

using namespace arcform;
using Lines = std::vector<std::string>;

TEST_CASE("an empty diff is an empty plan") {
  const Plan plan = planned(three_hosts(), ideal(three_hosts()));
  CHECK(plan == Plan{});
  CHECK(plan.converged());
}

TEST_CASE("a bare ensemble is configured, started, waited for, and gets its tree") {
  const DesiredState desired = a_spec().with_hosts(3).with_ensemble(3).build();
  const Plan plan = planned(desired, bare(desired));
  CHECK(lines(plan) == Lines{"configure ZooKeeper server 1 on cache001.arcus",
                             "start ZooKeeper server 1 on cache001.arcus",
                             "configure ZooKeeper server 2 on cache002.arcus",
                             "start ZooKeeper server 2 on cache002.arcus",
                             "configure ZooKeeper server 3 on cache003.arcus",
                             "start ZooKeeper server 3 on cache003.arcus",
                             "wait for a leader of 3 ZooKeeper servers", "create the Arcus tree"});
  CHECK(plan.held.empty());
  CHECK(plan.steps[1].after == std::vector<StepId>{0});
  CHECK(plan.steps[6].after == std::vector<StepId>{1, 3, 5});
  CHECK(plan.steps[7].after == std::vector<StepId>{6});
}

TEST_CASE("a server that died is started again, which is a repair") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  kill_server(observed, "cache001.arcus", 1);
  const Plan plan = planned(desired, observed);
  CHECK(lines(plan) == Lines{"start ZooKeeper server 1 on cache001.arcus",
                             "wait for a leader of 3 ZooKeeper servers"});
  CHECK(plan.steps[0].repair);
}

TEST_CASE("servers are restarted one after the other, the leader last, after their files") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired, 1);
  desired.ensemble.config["tickTime"] = "3000";
  const Plan plan = planned(desired, observed);
  const auto restarts = steps_of<RestartServer>(plan);
  REQUIRE(restarts.size() == 3);
  CHECK(subject(plan.steps[restarts[0]].action) == "server 2");
  CHECK(subject(plan.steps[restarts[1]].action) == "server 3");
  CHECK(subject(plan.steps[restarts[2]].action) == "server 1");
  CHECK(waits_for(plan, restarts[1], restarts[0]));
  CHECK(waits_for(plan, restarts[2], restarts[1]));
  for (const StepId configure : steps_of<ConfigureServer>(plan)) {
    CHECK(waits_for(plan, restarts[2], configure));
  }
}

TEST_CASE("the only server, or one of two, is not restarted") {
  const int count = GENERATE(1, 2);
  DesiredState desired = a_spec().with_hosts(2).with_ensemble(count).build();
  const ObservedState observed = ideal(desired);
  desired.ensemble.config["tickTime"] = "3000";
  const Plan plan = planned(desired, observed);
  CHECK(steps_of<RestartServer>(plan).empty());
  CHECK(plan.held.size() == static_cast<std::size_t>(count));
  CHECK(plan.holds(Hold::guard));
}

TEST_CASE("nothing is restarted while a server is down that cannot be brought back") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.ensemble.config["tickTime"] = "3000";
  lose_host(observed, desired, "cache003.arcus");
  CHECK(steps_of<RestartServer>(planned(desired, observed)).empty());
}

TEST_CASE("servers are restarted only after the one that is down serves again") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.ensemble.config["tickTime"] = "3000";
  kill_server(observed, "cache001.arcus", 1);
  const Plan plan = planned(desired, observed);
  const auto waits = steps_of<AwaitQuorum>(plan);
  REQUIRE(waits.size() == 1);
  for (const StepId restart : steps_of<RestartServer>(plan)) {
    CHECK(waits_for(plan, restart, waits[0]));
  }
}

TEST_CASE("servers that cannot agree because of their configuration all change before any serves") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.ensemble.config["tickTime"] = "3000";
  for (auto& [id, answer] : observed.servers) {
    answer.value().mode = ServerMode::not_serving;
  }
  observed.tree = Observation<TreeFacts>::unknown("connection refused");
  const Plan plan = planned(desired, observed);
  const auto stops = steps_of<StopServer>(plan);
  const auto starts = steps_of<StartServer>(plan);
  const auto waits = steps_of<AwaitQuorum>(plan);
  REQUIRE(stops.size() == 3);
  REQUIRE(starts.size() == 3);
  REQUIRE(waits.size() == 1);
  CHECK(waits_for(plan, starts[2], stops[2]));
  CHECK(waits_for(plan, starts[0], stops[2]));
  CHECK_FALSE(waits_for(plan, starts[2], starts[0]));
  CHECK(waits_for(plan, waits[0], starts[2]));
}

TEST_CASE("nothing that may be a quorum is stopped at once") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.ensemble.config["tickTime"] = "3000";
  SECTION("processes that live and do not answer") {
    for (auto& [id, answer] : observed.servers) {
      answer = Observation<ServerAnswer>::absent();
    }
    observed.tree = Observation<TreeFacts>::unknown("connection refused");
  }
  SECTION("a tree that can be read") {
    for (auto& [id, answer] : observed.servers) {
      answer.value().mode = ServerMode::not_serving;
    }
  }
  const Plan plan = planned(desired, observed);
  CHECK(steps_of<StopServer>(plan).empty());
  CHECK(steps_of<RestartServer>(plan).empty());
  CHECK(plan.holds(Hold::guard));
}

TEST_CASE("a server that serves on another client port than the spec's is left alone") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired);
  desired.ensemble.client_port = 2182;
  const Plan plan = planned(desired, observed);
  CHECK(steps_of<StopServer>(plan).empty());
  CHECK(steps_of<RestartServer>(plan).empty());
  CHECK(steps_of<ConfigureServer>(plan).empty());
  CHECK(held(plan) == Lines{"refused: ensemble"});
}

TEST_CASE("an outdated server that nobody could ask is not restarted") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired, 1);
  desired.ensemble.config["tickTime"] = "3000";
  observed.servers[1] = Observation<ServerAnswer>::unknown("no channel");
  const Plan plan = planned(desired, observed);
  CHECK(steps_of<RestartServer>(plan).empty());
  CHECK(held(plan).front() == "unknown: server 1 on cache001.arcus");
}

TEST_CASE("servers that ran and whose data directories are empty do not begin anew") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  for (int id = 1; id <= 3; ++id) {
    const std::string host = "cache00" + std::to_string(id) + ".arcus";
    kill_server(observed, host, id);
    host_in(observed, host).data = ObservedDataDirectory{};
  }
  observed.tree = Observation<TreeFacts>::unknown("connection refused");
  CHECK_FALSE(ensemble_is_new(desired, observed));
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(plan.holds(Hold::guard));
}

TEST_CASE("a first start that failed before there was any data is made again") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  for (int id = 1; id <= 3; ++id) {
    const std::string host = "cache00" + std::to_string(id) + ".arcus";
    kill_server(observed, host, id);
    host_in(observed, host).data.has_data = false;
  }
  observed.tree = Observation<TreeFacts>::unknown("connection refused");
  CHECK(steps_of<StartServer>(planned(desired, observed)).size() == 3);
}

TEST_CASE("without java, package or a writable folder nothing is started on a host") {
  const DesiredState desired = a_spec().with_hosts(3).with_ensemble(3).build();
  ObservedState observed = bare(desired);
  SECTION("java") {
    host_in(observed, "cache001.arcus").java = false;
  }
  SECTION("package") {
    host_in(observed, "cache001.arcus").packages.clear();
  }
  SECTION("folder") {
    host_in(observed, "cache001.arcus").directory_writable = false;
  }
  const Plan plan = planned(desired, observed);
  CHECK(held(plan) == Lines{"refused: cache001.arcus"});
  for (const StepId id : steps_of<StartServer>(plan)) {
    CHECK(host_of(plan.steps[id].action) != "cache001.arcus");
  }
}

TEST_CASE("a foreign data directory and a taken port hold their server back") {
  const DesiredState desired = a_spec().with_hosts(3).with_ensemble(3).build();
  ObservedState observed = bare(desired);
  host_in(observed, "cache001.arcus").data = {true, "7", true};
  host_in(observed, "cache002.arcus").listening = {2181};
  const Plan plan = planned(desired, observed);
  CHECK(held(plan) == Lines{"refused: ensemble", "refused: server 1 on cache001.arcus",
                            "foreign: server 2 on cache002.arcus"});
  CHECK(steps_of<CreateTree>(plan).empty());
  CHECK(steps_of<AwaitQuorum>(plan).empty());
}

TEST_CASE("behind a stopped ensemble that holds data nothing is guessed") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  for (int id = 1; id <= 3; ++id) {
    kill_server(observed, "cache00" + std::to_string(id) + ".arcus", id);
  }
  observed.tree = Observation<TreeFacts>::unknown("connection refused");
  const Plan plan = planned(desired, observed);
  CHECK(steps_of<StartServer>(plan).size() == 3);
  CHECK(steps_of<CreateTree>(plan).empty());
  CHECK(steps_of<StartNode>(plan).empty());
  CHECK(plan.later == Lines{"registrations and cache nodes: known after the ensemble serves"});
  CHECK_FALSE(plan.converged());
}

TEST_CASE("an unreadable external ensemble is unknown, and nothing is done") {
  const DesiredState desired =
      a_spec().with_hosts(1).with_external("z:2181").with_cloud("c").with_nodes(1).build();
  ObservedState observed = bare(desired);
  observed.tree = Observation<TreeFacts>::unknown("connection refused");
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(plan.holds(Hold::unknown));
}

TEST_CASE("servers stop last, after everything else") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired);
  desired.ensemble.state = RunState::stopped;
  const Plan plan = planned(desired, observed);
  const auto servers = steps_of<StopServer>(plan);
  const auto nodes = steps_of<StopNode>(plan);
  REQUIRE(servers.size() == 3);
  REQUIRE(nodes.size() == 6);
  for (const StepId server : servers) {
    for (const StepId node : nodes) {
      CHECK(waits_for(plan, server, node));
    }
  }
}

TEST_CASE("servers are kept while a node is unknown") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.ensemble.state = RunState::stopped;
  lose_host(observed, desired, "cache003.arcus");
  const Plan plan = planned(desired, observed);
  CHECK(steps_of<StopServer>(plan).empty());
  CHECK(steps_of<StopNode>(plan).size() == 4);
}

TEST_CASE("servers are kept while a cloud that must go has clients") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.ensemble.state = RunState::stopped;
  desired.clouds.clear();
  cloud_in(observed, "test-cloud").clients = 1;
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan).front() == "refused: cloud test-cloud");
}

TEST_CASE("nothing is stopped while the ensemble may serve what nobody can read") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.ensemble.state = RunState::stopped;
  desired.clouds[0].nodes.pop_back();
  observed.tree = Observation<TreeFacts>::unknown("connection loss");
  SECTION("a server says that it serves") {}
  SECTION("the host of one is unknown") {
    for (auto& [id, answer] : observed.servers) {
      answer.value().mode = ServerMode::not_serving;
    }
    lose_host(observed, desired, "cache003.arcus");
  }
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  const Lines said = held(plan);
  CHECK(std::count(said.begin(), said.end(), "unknown: ensemble") == 1);
}

TEST_CASE("servers that serve nobody stop also when the tree cannot be read") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.ensemble.state = RunState::stopped;
  for (auto& [id, answer] : observed.servers) {
    answer.value().mode = ServerMode::not_serving;
  }
  observed.tree = Observation<TreeFacts>::unknown("connection loss");
  CHECK(steps_of<StopServer>(planned(desired, observed)).size() == 3);
}

TEST_CASE("servers are kept while other clouds are registered, unless those are named") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.ensemble.state = RunState::stopped;
  tree_in(observed).service_codes = {"another", "test-cloud"};
  CHECK(steps_of<StopServer>(planned(desired, observed)).empty());
  CHECK(steps_of<StopServer>(planned(desired, observed, {"another"})).size() == 3);
}

TEST_CASE("servers are kept while a cloud of the spec is somebody else's") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.ensemble.state = RunState::stopped;
  cloud_in(observed, "test-cloud").claimed = false;
  CHECK(planned(desired, observed).steps.empty());
}
