// SPDX-License-Identifier: Apache-2.0
// What is planned when nodes, hosts and clouds leave the spec.
#include <catch2/catch.hpp>

#include "tests/support/builders.h"
#include "tests/unit/model/steps.h"

using namespace arcform;
using Lines = std::vector<std::string>;

namespace {

/// The spec without its last node.
DesiredState without_last_node() {
  DesiredState desired = three_hosts();
  desired.clouds[0].nodes.pop_back();
  return desired;
}

DesiredState without_clouds() {
  DesiredState desired = three_hosts();
  desired.clouds.clear();
  return desired;
}

}  // namespace

TEST_CASE("a node that left the spec is stopped, forgotten and unmapped") {
  const ObservedState observed = ideal(three_hosts());
  const Plan plan = planned(without_last_node(), observed);
  CHECK(lines(plan) == Lines{"stop cache node 10.0.0.3:11212 on cache003.arcus",
                             "unmap 10.0.0.3:11212 from cloud test-cloud"});
  const auto& stop = std::get<StopNode>(plan.steps[0].action);
  CHECK(stop.forget);
  CHECK(stop.process == observed.host(kLastHost)->slot("node-11212")->identity);
  CHECK(plan.steps[1].after == std::vector<StepId>{0});
  CHECK(plan.steps[0].settle);
}

TEST_CASE("nodes leave a cloud in use one after the other") {
  DesiredState desired = three_hosts();
  desired.clouds[0].nodes.resize(3);
  desired.max_removals = {50, true};
  const Plan plan = planned(desired, ideal(three_hosts()));
  const auto stops = steps_of<StopNode>(plan);
  REQUIRE(stops.size() == 3);
  CHECK(waits_for(plan, stops[1], stops[0]));
  CHECK(waits_for(plan, stops[2], stops[1]));
}

TEST_CASE("nodes leave a cloud only after its restarts") {
  DesiredState desired = without_last_node();
  desired.clouds[0].nodes[0].config.threads = 8;
  desired.clouds[0].nodes[1].config.threads = 8;
  const Plan plan = planned(desired, ideal(three_hosts()));
  const auto stops = steps_of<StopNode>(plan);
  REQUIRE(stops.size() == 1);
  for (const StepId restart : steps_of<RestartNode>(plan)) {
    CHECK(waits_for(plan, stops[0], restart));
  }
}

TEST_CASE("a cloud that left the spec: stop, unmap, unregister") {
  const Plan plan = planned(without_clouds(), ideal(three_hosts()), {"test-cloud"});
  const auto unmap = steps_of<UnmapNodes>(plan);
  const auto gone = steps_of<UnregisterCloud>(plan);
  REQUIRE(unmap.size() == 1);
  REQUIRE(gone.size() == 1);
  CHECK(steps_of<StopNode>(plan).size() == 6);
  for (const StepId stop : steps_of<StopNode>(plan)) {
    CHECK(waits_for(plan, unmap[0], stop));
  }
  CHECK(waits_for(plan, gone[0], unmap[0]));
}

TEST_CASE("a cloud with clients is emptied only when asked for by name") {
  ObservedState observed = ideal(three_hosts());
  cloud_in(observed, "test-cloud").clients = 3;
  const Plan refused = planned(without_clouds(), observed);
  CHECK(refused.steps.empty());
  CHECK(held(refused) == Lines{"refused: cloud test-cloud"});
  const Plan other = planned(without_clouds(), observed, {"other"});
  CHECK(other.steps.empty());
  const Plan asked = planned(without_clouds(), observed, {"test-cloud"});
  CHECK(steps_of<UnregisterCloud>(asked).size() == 1);
}

TEST_CASE("removing the last nodes of a listed cloud is emptying it") {
  DesiredState desired = three_hosts();
  desired.clouds[0].nodes.clear();
  ObservedState observed = ideal(three_hosts());
  cloud_in(observed, "test-cloud").clients = 3;
  CHECK(planned(desired, observed).steps.empty());
  CHECK(steps_of<StopNode>(planned(desired, observed, {"test-cloud"})).size() == 6);
}

TEST_CASE("some nodes of a cloud with clients may go") {
  ObservedState observed = ideal(three_hosts());
  cloud_in(observed, "test-cloud").clients = 3;
  CHECK(steps_of<StopNode>(planned(without_last_node(), observed)).size() == 1);
}

TEST_CASE("a protected cloud keeps its nodes") {
  DesiredState desired = without_last_node();
  desired.clouds[0].protect = true;
  const Plan plan = planned(desired, ideal(three_hosts()));
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"refused: cloud test-cloud"});
}

TEST_CASE("a protected cloud that is gone from the spec stays, whatever is asked for") {
  ObservedState observed = ideal(three_hosts());
  tree_in(observed).record.protected_clouds = {"test-cloud"};
  const Plan plan = planned(without_clouds(), observed, {"test-cloud"});
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"refused: cloud test-cloud"});
}

TEST_CASE("more nodes than the limit go only when asked for by name") {
  const ObservedState observed = ideal(three_hosts());
  const auto [limit, leaving, allowed] = GENERATE(table<Portion, std::size_t, bool>({
      {{25, true}, 1, true},  // a quarter of 6, rounded down
      {{25, true}, 2, false},
      {{34, true}, 2, true},
      {{1, true}, 1, true},  // at least one
      {{2, false}, 2, true},
      {{2, false}, 3, false},
      {{100, true}, 5, true},
      {{100, true}, 6, false},  // never all
  }));
  DesiredState desired = three_hosts();
  desired.max_removals = limit;
  desired.clouds[0].nodes.resize(6 - leaving);
  CAPTURE(limit.text(), leaving);
  const Plan plan = planned(desired, observed);
  CHECK(steps_of<StopNode>(plan).size() == (allowed ? leaving : 0));
  CHECK(held(plan) == (allowed ? Lines{} : Lines{"refused: cloud test-cloud"}));
  CHECK(steps_of<StopNode>(planned(desired, observed, {"test-cloud"})).size() == leaving);
}

TEST_CASE("what does not serve any more may go") {
  const DesiredState before = three_hosts();
  ObservedState observed = ideal(before);
  for (const DesiredNode& node : before.clouds[0].nodes) {
    kill_node(observed, before.hosts[node.host].name, node.endpoint);
  }
  CHECK(steps_of<UnregisterCloud>(planned(without_clouds(), observed)).size() == 1);
}

TEST_CASE("a host that left the spec is cleaned up through its record, then forgotten") {
  DesiredState desired =
      a_spec().with_hosts(2).with_ensemble(1).with_cloud("test-cloud").with_nodes(2).build();
  DesiredState before = three_hosts();
  before.ensemble.servers.resize(1);
  ObservedState observed = ideal(before);
  const Plan plan = planned(desired, observed, {"test-cloud"});
  CHECK(steps_of<StopNode>(plan).size() == 2);
  const auto unmap = steps_of<UnmapNodes>(plan);
  REQUIRE(unmap.size() == 1);
  CHECK(std::get<UnmapNodes>(plan.steps[unmap[0]].action).forget_hosts == Lines{kLastHost});
}

TEST_CASE("a removed host that cannot be reached keeps its mappings") {
  const DesiredState desired =
      a_spec().with_hosts(2).with_ensemble(1).with_cloud("test-cloud").with_nodes(2).build();
  DesiredState before = three_hosts();
  before.ensemble.servers.resize(1);
  ObservedState observed = ideal(before);
  lose_host(observed, before, kLastHost);
  const Plan plan = planned(desired, observed, {"test-cloud"});
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"unknown: cache003.arcus"});
}

TEST_CASE("a mapped node on no known host is held") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  put_mapping(tree_in(observed), at("10.0.7.7:11211"), "test-cloud");
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"unknown: 10.0.7.7:11211"});
}

TEST_CASE("a removed node that is down already is forgotten, with its old ephemeral") {
  ObservedState observed = ideal(three_hosts());
  kill_node(observed, kLastHost, kLastNode, true);
  const Plan plan = planned(without_last_node(), observed);
  CHECK(lines(plan) == Lines{"forget cache node 10.0.0.3:11212 on cache003.arcus",
                             "unmap 10.0.0.3:11212 from cloud test-cloud"});
  CHECK(std::get<ForgetNode>(plan.steps[0].action).stale);
}

TEST_CASE("a removed node whose znode has no process of ours is waited out") {
  ObservedState observed = ideal(three_hosts());
  kill_node(observed, kLastHost, kLastNode, true);
  host_in(observed, kLastHost).slots.erase("node-11212");
  const Plan plan = planned(without_last_node(), observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"waiting: 10.0.0.3:11212 on cache003.arcus"});
}

TEST_CASE("a cloud is not unregistered before all of its nodes are gone") {
  ObservedState observed = ideal(three_hosts());
  lose_host(observed, three_hosts(), kLastHost);
  const Plan plan = planned(without_clouds(), observed);
  CHECK(steps_of<UnregisterCloud>(plan).empty());
  CHECK(held(plan) == Lines{"unknown: cache003.arcus", "refused: cloud test-cloud"});
}

TEST_CASE("a cloud with a stranger in its list is not unregistered") {
  ObservedState observed = ideal(three_hosts());
  ObservedCloud& cloud = cloud_in(observed, "test-cloud");
  SECTION("no node at all") {
    cloud.joined.insert(cloud.joined.begin(), {"foo", std::nullopt, 0, 1});
  }
  SECTION("a node that is not ours") {
    put_join(cloud, at("10.9.9.9:11211"), 5);
  }
  CHECK(steps_of<UnregisterCloud>(planned(without_clouds(), observed)).empty());
}

TEST_CASE("a leftover folder is removed, a leftover process stopped") {
  const DesiredState desired = without_last_node();
  ObservedState observed = ideal(three_hosts());
  tree_in(observed).mappings.pop_back();
  remove_join(observed, kLastNode);
  CHECK(lines(planned(desired, observed)) ==
        Lines{"stop cache node 10.0.0.3:11212 on cache003.arcus"});
  kill_node(observed, kLastHost, kLastNode);
  CHECK(lines(planned(desired, observed)) ==
        Lines{"forget cache node 10.0.0.3:11212 on cache003.arcus"});
}

TEST_CASE("a stranger on the port of a removed node is left alone") {
  ObservedState observed = ideal(three_hosts());
  kill_node(observed, kLastHost, kLastNode);
  host_in(observed, kLastHost).listening.push_back(11212);
  const Plan plan = planned(without_last_node(), observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan) == Lines{"foreign: 10.0.0.3:11212 on cache003.arcus"});
}

TEST_CASE("a leftover node that still stands in a cloud takes its turn there") {
  DesiredState desired = without_last_node();
  desired.clouds[0].nodes[0].config.threads = 8;
  ObservedState observed = ideal(three_hosts());
  tree_in(observed).mappings.pop_back();
  const Plan plan = planned(desired, observed);
  const auto stops = steps_of<StopNode>(plan);
  const auto restarts = steps_of<RestartNode>(plan);
  REQUIRE((stops.size() == 1 && restarts.size() == 1));
  CHECK(waits_for(plan, stops[0], restarts[0]));
}

TEST_CASE("a cloud is unregistered after its last mapping has moved to another cloud") {
  const DesiredState before =
      a_spec().with_hosts(1).with_ensemble(1).with_cloud("old").with_nodes(1).build();
  const DesiredState desired =
      a_spec().with_hosts(1).with_ensemble(1).with_cloud("young").with_nodes(1).build();
  ObservedState observed = ideal(before);
  kill_node(observed, "cache001.arcus", at("10.0.0.1:11211"));
  const Plan plan = planned(desired, observed);
  const auto map = steps_of<MapNodes>(plan);
  const auto gone = steps_of<UnregisterCloud>(plan);
  REQUIRE((map.size() == 1 && gone.size() == 1));
  CHECK(waits_for(plan, gone[0], map[0]));
}

TEST_CASE("a node of ours that stands in somebody else's cloud is left alone") {
  DesiredState desired = without_last_node();
  ObservedState observed = ideal(three_hosts());
  tree_in(observed).mappings.pop_back();
  cloud_in(observed, "test-cloud").claimed = false;
  tree_in(observed).record.claims.clear();
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(held(plan) ==
        Lines{"refused: cloud test-cloud", "foreign: 10.0.0.3:11212 on cache003.arcus"});
}

namespace {

/// Clouds a and b with two nodes on each of four hosts; then all of a's are b's but the first
/// `stay`.
struct Move {
  explicit Move(std::size_t stay) {
    before = a_spec()
                 .with_hosts(4)
                 .with_ensemble(3)
                 .with_cloud("a")
                 .with_nodes(2)
                 .with_cloud("b")
                 .with_nodes(1, 21211)
                 .build();
    after = before;
    auto& left = after.clouds[0].nodes;
    auto& joined = after.clouds[1].nodes;
    joined.insert(joined.end(), left.begin() + static_cast<std::ptrdiff_t>(stay), left.end());
    left.resize(stay);
    std::sort(joined.begin(), joined.end(), [](const DesiredNode& one, const DesiredNode& other) {
      return one.endpoint < other.endpoint;
    });
    observed = ideal(before);
  }
  DesiredState before;
  DesiredState after;
  ObservedState observed;
};

}  // namespace

TEST_CASE("nodes that move to another cloud leave theirs as if they were removed") {
  const Lines refused{"refused: cloud a"};
  SECTION("a few") {
    const Move move(6);
    const Plan plan = planned(move.after, move.observed);
    CHECK(steps_of<RestartNode>(plan).size() == 2);
    CHECK(held(plan).empty());
    REQUIRE(plan.impact.size() == 2);
    CHECK((plan.impact[0].service_code == "a" && plan.impact[0].leaving == 2));
    CHECK((plan.impact[0].caches_lost == 2 && plan.impact[1].caches_lost == 0));
    CHECK(plan.impact[1].joining == 2);
  }
  SECTION("more than the limit") {
    const Move move(5);
    CHECK(planned(move.after, move.observed).steps.empty());
    CHECK(held(planned(move.after, move.observed)) == refused);
    CHECK(steps_of<RestartNode>(planned(move.after, move.observed, {"a"})).size() == 3);
    Policy narrow;
    narrow.only = {{Selector::Kind::cloud, "b"}};
    CHECK(plan(move.after, move.observed, narrow).steps.empty());
  }
  SECTION("of a protected cloud") {
    Move move(7);
    move.after.clouds[0].protect = true;
    const Plan plan = planned(move.after, move.observed, {"a"});
    CHECK(plan.steps.empty());
    CHECK(held(plan) == refused);
  }
  SECTION("all of a cloud with clients") {
    Move move(0);
    cloud_in(move.observed, "a").clients = 1;
    const Plan plan = planned(move.after, move.observed);
    CHECK(plan.steps.empty());
    REQUIRE(held(plan) == refused);
    CHECK(plan.held[0].reason.starts_with("1 client is attached, and it would be emptied"));
  }
  SECTION("with others that are removed") {
    Move move(6);
    move.after.clouds[0].nodes.pop_back();
    CHECK(planned(move.after, move.observed).steps.empty());
    CHECK(held(planned(move.after, move.observed)) == refused);
  }
  SECTION("all of a cloud that is gone from the spec") {
    Move move(0);
    move.after.clouds.erase(move.after.clouds.begin());
    CHECK(planned(move.after, move.observed).steps.empty());
    const Plan plan = planned(move.after, move.observed, {"a"});
    CHECK(steps_of<RestartNode>(plan).size() == 8);
    REQUIRE(held(plan) == refused);
    CHECK(plan.held[0].reason == "is not unregistered before all of its nodes are gone");
  }
}

TEST_CASE("nodes whose mapping is gone count as their cloud's") {
  ObservedState observed = ideal(three_hosts());
  DesiredState desired = three_hosts();
  desired.clouds[0].nodes.resize(3);
  tree_in(observed).mappings.resize(3);
  SECTION("for the limit") {
    CHECK(held(planned(desired, observed)) == Lines{"refused: cloud test-cloud"});
    const Plan plan = planned(desired, observed, {"test-cloud"});
    REQUIRE(steps_of<StopNode>(plan).size() == 3);
    CHECK(std::get<StopNode>(plan.steps[0].action).service_code == "test-cloud");
    CHECK(steps_of<UnmapNodes>(plan).empty());
  }
  SECTION("for its protection") {
    desired.clouds[0].protect = true;
    CHECK(planned(desired, observed, {"test-cloud"}).steps.empty());
  }
  SECTION("and are no strangers in it") {
    CHECK(planned(desired, observed).alarms.empty());
  }
}

TEST_CASE("a removed node that is mapped to two clouds of ours is stopped once") {
  DesiredState before =
      a_spec().with_hosts(4).with_ensemble(3).with_cloud("a").with_nodes(1).with_cloud("b").build();
  ObservedState observed = ideal(before);
  put_mapping(tree_in(observed), at("10.0.0.4:11211"), "b");
  before.clouds[0].nodes.pop_back();
  const Plan plan = planned(before, observed);
  CHECK(lines(plan) == Lines{"stop cache node 10.0.0.4:11211 on cache004.arcus",
                             "unmap 10.0.0.4:11211 from cloud a",
                             "unmap 10.0.0.4:11211 from cloud b"});
  CHECK((waits_for(plan, 1, 0) && waits_for(plan, 2, 0)));
  REQUIRE(!plan.impact.empty());
  CHECK((plan.impact[0].service_code == "a" && plan.impact[0].caches_lost == 1));
}
