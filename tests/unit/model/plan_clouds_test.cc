// SPDX-License-Identifier: Apache-2.0
// What is planned for the clouds of the spec: registration, mappings, repairs, restarts.
#include <catch2/catch.hpp>

#include "tests/support/builders.h"
#include "tests/unit/model/steps.h"

using namespace arcform;
using Lines = std::vector<std::string>;

namespace {

/// Three hosts, an ensemble and nothing of the cloud yet.
ObservedState without_cloud(const DesiredState& desired) {
  DesiredState before = desired;
  before.clouds.clear();
  ObservedState observed = ideal(before);
  observed.nodes = bare(desired).nodes;
  return observed;
}

}  // namespace

TEST_CASE("a new cloud is registered, mapped and started, in this order") {
  const DesiredState desired =
      a_spec().with_hosts(2).with_ensemble(1).with_cloud("c").with_nodes(1).build();
  const Plan plan = planned(desired, without_cloud(desired));
  CHECK(lines(plan) == Lines{"register cloud c", "map 2 nodes to cloud c",
                             "start cache node 10.0.0.1:11211 on cache001.arcus",
                             "start cache node 10.0.0.2:11211 on cache002.arcus"});
  CHECK(plan.steps[1].after == std::vector<StepId>{0});
  CHECK(plan.steps[2].after == std::vector<StepId>{1});
  CHECK(plan.steps[3].after == std::vector<StepId>{1});
  CHECK(plan.launches.size() == 1);
  const auto& map = std::get<MapNodes>(plan.steps[1].action);
  CHECK(map.hosts.size() == 2);
  CHECK(map.nodes[0].config == desired.clouds[0].nodes[0].config);
}

TEST_CASE("everything of a bare deployment waits for the tree") {
  const DesiredState desired = three_hosts();
  const Plan plan = planned(desired, bare(desired));
  const auto tree = steps_of<CreateTree>(plan);
  REQUIRE(tree.size() == 1);
  for (const StepId start : steps_of<StartNode>(plan)) {
    CHECK(waits_for(plan, start, tree[0]));
  }
  CHECK(steps_of<StartNode>(plan).size() == 6);
}

TEST_CASE("a stopped cloud is registered and mapped, and nothing of it is started") {
  DesiredState desired = three_hosts();
  const ObservedState observed = without_cloud(desired);
  desired.clouds[0].state = RunState::stopped;
  CHECK(lines(planned(desired, observed)) ==
        Lines{"register cloud test-cloud", "map 6 nodes to cloud test-cloud"});
}

TEST_CASE("a node that died is started at once, which is a repair") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  kill_node(observed, kFirstHost, kFirstNode);
  const Plan plan = planned(desired, observed);
  REQUIRE(lines(plan) == Lines{"start cache node 10.0.0.1:11211 on cache001.arcus"});
  CHECK(plan.steps[0].repair);
  CHECK_FALSE(plan.steps[0].settle);
  CHECK_FALSE(std::get<StartNode>(plan.steps[0].action).stale);
}

TEST_CASE("a crashed node's old ephemeral is removed by exactly that incarnation") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  const ObservedJoin old = cloud_in(observed, "test-cloud").joined.front();
  kill_node(observed, kFirstHost, kFirstNode, true);
  const Plan plan = planned(desired, observed);
  REQUIRE(plan.steps.size() == 1);
  CHECK(std::get<StartNode>(plan.steps[0].action).stale == old);
}

TEST_CASE("an ephemeral without a process that was ours is waited out") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  kill_node(observed, kFirstHost, kFirstNode, true);
  host_in(observed, kFirstHost).slots.erase("node-11211");
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"waiting: 10.0.0.1:11211 on cache001.arcus"});
}

TEST_CASE("a paused node is restarted, which is a repair") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  pause_node(observed, kFirstNode);
  const Plan plan = planned(desired, observed);
  REQUIRE(lines(plan) == Lines{"restart cache node 10.0.0.1:11211 on cache001.arcus"});
  CHECK(plan.steps[0].repair);
}

TEST_CASE("at most max_unavailable nodes are restarted at once") {
  const std::uint32_t width = GENERATE(1U, 2U, 3U, 9U);
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired);
  desired.clouds[0].rollout.max_unavailable = width;
  for (DesiredNode& node : desired.clouds[0].nodes) {
    node.config.threads = 8;
  }
  const Plan plan = planned(desired, observed);
  const auto restarts = steps_of<RestartNode>(plan);
  REQUIRE(restarts.size() == 6);
  for (std::size_t i = 0; i < restarts.size(); ++i) {
    CHECK(plan.steps[restarts[i]].after ==
          (i < width ? std::vector<StepId>{} : std::vector<StepId>{restarts[i - width]}));
    CHECK(plan.steps[restarts[i]].settle);
  }
  CHECK(plan.impact.at(0).down_at_once_max == std::min(width, 6U));
  CHECK(plan.impact.at(0).caches_lost == 6);
}

TEST_CASE("nodes that have not joined and that nobody can see take up places, all but one") {
  const std::uint32_t width = GENERATE(1U, 2U, 4U);
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.clouds[0].rollout.max_unavailable = width;
  for (DesiredNode& node : desired.clouds[0].nodes) {
    node.config.threads = 8;
  }
  lose_host(observed, desired, "cache003.arcus");
  remove_join(observed, at("10.0.0.3:11211"));  // The other one stands: it may well serve.
  const Plan plan = planned(desired, observed);
  const auto restarts = steps_of<RestartNode>(plan);
  const std::size_t at_once = std::max(1U, width - 1);
  REQUIRE(restarts.size() == 4);
  for (std::size_t i = 0; i < restarts.size(); ++i) {
    CHECK(plan.steps[restarts[i]].after ==
          (i < at_once ? std::vector<StepId>{} : std::vector<StepId>{restarts[i - at_once]}));
  }
}

TEST_CASE("repairs come before restarts") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  kill_node(observed, "cache003.arcus", at("10.0.0.3:11212"));
  pause_node(observed, at("10.0.0.3:11211"));
  desired.clouds[0].nodes[0].config.threads = 8;
  const Plan plan = planned(desired, observed);
  const auto starts = steps_of<StartNode>(plan);
  const auto restarts = steps_of<RestartNode>(plan);
  REQUIRE(starts.size() == 1);
  REQUIRE(restarts.size() == 2);
  CHECK(waits_for(plan, restarts[1], starts[0]));
  CHECK(waits_for(plan, restarts[1], restarts[0]));
}

TEST_CASE("nodes join a cloud in use one after the other") {
  const DesiredState before =
      a_spec().with_hosts(3).with_ensemble(3).with_cloud("test-cloud").with_nodes(1).build();
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(before);
  for (const auto& [node, answer] : bare(desired).nodes) {
    observed.nodes.emplace(node, answer);
  }
  const Plan plan = planned(desired, observed);
  const auto starts = steps_of<StartNode>(plan);
  REQUIRE(starts.size() == 3);
  CHECK(waits_for(plan, starts[1], starts[0]));
  CHECK(waits_for(plan, starts[2], starts[1]));
  CHECK(plan.steps[starts[0]].settle);
  CHECK(plan.impact.at(0).joining == 3);
}

TEST_CASE("a node running for another cloud of ours is stopped, mapped here and started") {
  const DesiredState before =
      a_spec().with_hosts(1).with_ensemble(1).with_cloud("a").with_nodes(2).with_cloud("b").build();
  const DesiredState desired = a_spec()
                                   .with_hosts(1)
                                   .with_ensemble(1)
                                   .with_cloud("a")
                                   .with_node(kFirstHost, 11212)
                                   .with_cloud("b")
                                   .with_node(kFirstHost, 11211)
                                   .build();
  const Plan plan = planned(desired, ideal(before));
  REQUIRE(lines(plan) == Lines{"restart cache node 10.0.0.1:11211 on cache001.arcus"});
  const auto& restart = std::get<RestartNode>(plan.steps[0].action);
  REQUIRE(restart.move_mapping);
  CHECK(restart.move_mapping->service_code == "b");
  CHECK(restart.move_mapping->nodes[0].remove == Lines{"a"});
  CHECK(restart.stop->service_code == "a");
}

TEST_CASE("a mapping of somebody else's cloud is left alone") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  kill_node(observed, kFirstHost, kFirstNode);
  tree_in(observed).mappings.front().service_codes = {"billing"};
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"foreign: 10.0.0.1:11211 on cache001.arcus"});
}

TEST_CASE("a cloud that others registered is left alone") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  cloud_in(observed, "test-cloud").claimed = false;
  cloud_in(observed, "test-cloud").claimed_by = "other";
  kill_node(observed, kFirstHost, kFirstNode);
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"foreign: cloud test-cloud"});
}

TEST_CASE("a foreign child is an alarm and no step") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  put_join(cloud_in(observed, "test-cloud"), at("10.9.9.9:1"), 5);
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(plan.alarms.size() == 1);
}

TEST_CASE("what cannot or need not be changed is held, each with its kind") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.clouds[0].nodes[0].config.set_online(NodeSetting::verbosity, 1);
  observed.nodes[at("10.0.0.1:11211")] =
      Observation<NodeAnswer>::present(just_started_as_stock(desired.clouds[0].nodes[0].config));
  observed.nodes[at("10.0.0.1:11212")] = Observation<NodeAnswer>::absent();
  observed.nodes[at("10.0.0.2:11211")] = Observation<NodeAnswer>::unknown("no channel");
  kill_node(observed, "cache002.arcus", at("10.0.0.2:11212"));
  host_in(observed, "cache002.arcus").listening.push_back(11212);
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"unknown: 10.0.0.2:11211 on cache002.arcus",
                            "unsupported: 10.0.0.1:11211 on cache001.arcus",
                            "refused: 10.0.0.1:11212 on cache001.arcus",
                            "foreign: 10.0.0.2:11212 on cache002.arcus"});
}

TEST_CASE("a node that is still starting is waited for") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  pause_node(observed, kFirstNode);
  observed.nodes[kFirstNode] = Observation<NodeAnswer>::absent();
  host_in(observed, kFirstHost).uptime_ticks = 11'000;
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"waiting: 10.0.0.1:11211 on cache001.arcus"});
}

TEST_CASE("nothing is done on a host that could not be observed, and it is said once") {
  const DesiredState desired = three_hosts();
  ObservedState observed = without_cloud(desired);
  lose_host(observed, desired, "cache003.arcus");
  const Plan plan = planned(desired, observed);
  CHECK(held(plan) == Lines{"unknown: cache003.arcus"});
  CHECK(lines(plan).front() == "register cloud test-cloud");
  CHECK(lines(plan).at(1) == "map 4 nodes to cloud test-cloud");
  CHECK(steps_of<StartNode>(plan).size() == 4);
}

TEST_CASE("a node that serves its cloud only loses the mapping that is too many") {
  const DesiredState before = a_spec()
                                  .with_hosts(1)
                                  .with_ensemble(1)
                                  .with_cloud("a")
                                  .with_nodes(1)
                                  .with_cloud("b")
                                  .with_nodes(1, 12000)
                                  .build();
  ObservedState observed = ideal(before);
  put_mapping(tree_in(observed), kFirstNode, "b");
  const Plan plan = planned(before, observed);
  REQUIRE(lines(plan) == Lines{"map 10.0.0.1:11211 to cloud a"});
  CHECK(std::get<MapNodes>(plan.steps[0].action).nodes[0].remove == Lines{"b"});
}

TEST_CASE("a node that moves to another cloud waits for the restarts of the one it leaves") {
  const DesiredState before =
      a_spec().with_hosts(1).with_ensemble(1).with_cloud("a").with_nodes(3).with_cloud("b").build();
  DesiredState desired = a_spec()
                             .with_hosts(1)
                             .with_ensemble(1)
                             .with_cloud("a")
                             .with_node(kFirstHost, 11212)
                             .with_node(kFirstHost, 11213)
                             .with_cloud("b")
                             .with_node(kFirstHost, 11211)
                             .build();
  desired.clouds[0].nodes[0].config.threads = 8;
  const Plan plan = planned(desired, ideal(before));
  const auto restarts = steps_of<RestartNode>(plan);
  REQUIRE(restarts.size() == 2);
  CHECK(waits_for(plan, restarts[1], restarts[0]));
}

TEST_CASE("a node that died in another cloud is not started before its znode there is gone") {
  const DesiredState before =
      a_spec().with_hosts(1).with_ensemble(1).with_cloud("a").with_nodes(2).with_cloud("b").build();
  const DesiredState desired = a_spec()
                                   .with_hosts(1)
                                   .with_ensemble(1)
                                   .with_cloud("a")
                                   .with_node(kFirstHost, 11212)
                                   .with_cloud("b")
                                   .with_node(kFirstHost, 11211)
                                   .build();
  ObservedState observed = ideal(before);
  kill_node(observed, kFirstHost, kFirstNode, true);
  const Plan plan = planned(desired, observed);
  CHECK(lines(plan) == Lines{"map 10.0.0.1:11211 to cloud b"});
  CHECK(held(plan) == Lines{"waiting: 10.0.0.1:11211 on cache001.arcus"});
}

TEST_CASE("a node of a stopped cloud that runs for another is stopped in its turn there") {
  const DesiredState before =
      a_spec().with_hosts(1).with_ensemble(1).with_cloud("a").with_nodes(3).with_cloud("b").build();
  DesiredState desired = a_spec()
                             .with_hosts(1)
                             .with_ensemble(1)
                             .with_cloud("a")
                             .with_node(kFirstHost, 11212)
                             .with_node(kFirstHost, 11213)
                             .with_cloud("b")
                             .with_node(kFirstHost, 11211)
                             .build();
  desired.clouds[0].nodes[0].config.threads = 8;
  desired.clouds[1].state = RunState::stopped;
  const Plan plan = planned(desired, ideal(before));
  REQUIRE(lines(plan) == Lines{"restart cache node 10.0.0.1:11212 on cache001.arcus",
                               "stop cache node 10.0.0.1:11211 on cache001.arcus"});
  CHECK(waits_for(plan, 1, 0));
  CHECK(std::get<StopNode>(plan.steps[1].action).service_code == "a");
}

TEST_CASE("nothing is stopped in a wanted ensemble that cannot be read") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.clouds[0].state = RunState::stopped;
  observed.tree = Observation<TreeFacts>::unknown("connection lost");
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"unknown: ensemble"});
}

TEST_CASE("a second znode of one node is an alarm and no step") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  auto& joined = cloud_in(observed, "test-cloud").joined;
  joined.insert(joined.begin(), {"10.0.0.1:11211-another", kFirstNode, 99, 99});
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  REQUIRE(plan.alarms.size() == 1);
  CHECK(plan.alarms[0].find("is not the only znode of 10.0.0.1:11211") != std::string::npos);
}

TEST_CASE("a node that goes by another ensemble is restarted in its turn, and is no repair") {
  const DesiredState before =
      a_spec().with_hosts(3).with_external("10.0.9.1:2181").with_cloud("c").with_nodes(2).build();
  DesiredState desired = before;
  desired.ensemble.external = "10.0.8.1:2181";
  ObservedState observed = ideal(before);
  TreeFacts empty;
  empty.arcus_tree = empty.server_log = true;
  observed.tree = Observation<TreeFacts>::present(empty);
  const Plan plan = planned(desired, observed);
  const auto restarts = steps_of<RestartNode>(plan);
  REQUIRE(restarts.size() == 6);
  for (std::size_t i = 0; i < restarts.size(); ++i) {
    const Step& step = plan.steps[restarts[i]];
    CHECK_FALSE(step.repair);
    CHECK_FALSE(std::get<RestartNode>(step.action).paused);
    CHECK(step.reason.value().find("10.0.9.1:2181") != std::string::npos);
    CHECK((i == 0 || waits_for(plan, restarts[i], restarts[i - 1])));
  }
}

TEST_CASE("repairs have no chain, and the impact does not speak of one") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  for (const DesiredNode& node : desired.clouds[0].nodes) {
    pause_node(observed, node.endpoint);
  }
  const Plan plan = planned(desired, observed);
  REQUIRE(steps_of<RestartNode>(plan).size() == 6);
  CHECK(plan.impact.at(0).down_at_once_max == 0);
}

TEST_CASE("a node that serves its cloud is restarted there, whatever else its mapping names") {
  DesiredState desired = a_spec()
                             .with_hosts(1)
                             .with_ensemble(1)
                             .with_cloud("a")
                             .with_nodes(1)
                             .with_cloud("b")
                             .with_nodes(1, 12000)
                             .build();
  ObservedState observed = ideal(desired);
  for (ObservedMapping& mapping : tree_in(observed).mappings) {
    mapping.service_codes = {"b"};
  }
  desired.clouds[0].nodes[0].config.threads = 8;
  const Plan plan = planned(desired, observed);
  REQUIRE(lines(plan) == Lines{"map 10.0.0.1:11211 to cloud a",
                               "restart cache node 10.0.0.1:11211 on cache001.arcus"});
  const auto& restart = std::get<RestartNode>(plan.steps[1].action);
  CHECK_FALSE(restart.move_mapping);
  CHECK(restart.stop->service_code == "a");
}
