// SPDX-License-Identifier: Apache-2.0
// Plans narrowed by --only: what stays, what is pulled in, what is left out and counted.
#include "model/select.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"
#include "tests/unit/model/steps.h"

using namespace arcform;

namespace {

Plan only(const DesiredState& desired, const ObservedState& observed,
          const std::vector<std::string>& texts) {
  Policy policy;
  policy.allow_removal = {"old"};
  for (const std::string& text : texts) {
    policy.only.push_back(*parse_selector(text));
  }
  return plan(desired, observed, policy);
}

std::string wrong(const std::string& text, const DesiredState& desired,
                  const ObservedState& observed) {
  const Result<void> known = check_selectors({*parse_selector(text)}, desired, observed);
  return known ? "" : known.error().message;
}

DesiredState two_clouds() {
  return a_spec()
      .with_hosts(3)
      .with_ensemble(3)
      .with_cloud("billing")
      .with_nodes(1, 11300)
      .with_cloud("search")
      .with_nodes(1, 11400)
      .build();
}

}  // namespace

TEST_CASE("a selector is a kind and a name") {
  CHECK(text_of(*parse_selector("cloud:shop")) == "cloud:shop");
  CHECK(text_of(*parse_selector("host:cache001.arcus")) == "host:cache001.arcus");
  CHECK(text_of(*parse_selector("node:10.0.0.1:11211")) == "node:10.0.0.1:11211");
  const auto* const text = GENERATE("", "shop", "cloud:", "clouds:shop", "cloud:a/b", "host:-x",
                                    "node:10.0.0.1", "node:");
  CAPTURE(text);
  REQUIRE_FALSE(parse_selector(text));
  CHECK(parse_selector(text).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("one cloud of a bare deployment brings all that it stands on, and no other cloud") {
  const DesiredState desired = two_clouds();
  const Plan made = only(desired, bare(desired), {"cloud:search"});
  CHECK(steps_of<ConfigureServer>(made).size() == 3);
  CHECK(steps_of<StartServer>(made).size() == 3);
  CHECK(steps_of<AwaitQuorum>(made).size() == 1);
  CHECK(steps_of<CreateTree>(made).size() == 1);
  CHECK(steps_of<RegisterCloud>(made).size() == 1);
  CHECK(steps_of<MapNodes>(made).size() == 1);
  CHECK(steps_of<StartNode>(made).size() == 3);
  CHECK(made.hidden == 7);  // billing: registered, three mapped, three started
  CHECK(made.impact.size() == 1);
}

TEST_CASE("one host of a bare deployment: its server alone needs no others") {
  const DesiredState desired = a_spec().with_hosts(4).with_ensemble(3).build();
  const Plan made = only(desired, bare(desired), {"host:cache002.arcus"});
  CHECK(lines(made) == std::vector<std::string>{"configure ZooKeeper server 2 on cache002.arcus",
                                                "start ZooKeeper server 2 on cache002.arcus"});
  CHECK(made.hidden == 5);
}

TEST_CASE("one node brings its mapping alone") {
  const DesiredState desired = two_clouds();
  const Plan made = only(desired, bare(desired), {"node:10.0.0.2:11400"});
  REQUIRE(steps_of<MapNodes>(made).size() == 1);
  const auto& map = std::get<MapNodes>(made.steps[steps_of<MapNodes>(made)[0]].action);
  REQUIRE(map.nodes.size() == 1);
  CHECK(map.nodes[0].node == at("10.0.0.2:11400"));
  CHECK(map.hosts.size() == 1);
  REQUIRE(steps_of<StartNode>(made).size() == 1);
  CHECK(waits_for(made, steps_of<StartNode>(made)[0], steps_of<MapNodes>(made)[0]));
  CHECK(made.hidden == 7 + 4);
}

TEST_CASE("a node may be named by its host") {
  const DesiredState desired = two_clouds();
  const ObservedState observed = bare(desired);
  CHECK(only(desired, observed, {"node:cache002.arcus:11400"}) ==
        only(desired, observed, {"node:10.0.0.2:11400"}));
  CHECK(wrong("node:cache002.arcus:11400", desired, observed).empty());
}

TEST_CASE("of a chain of restarts the links that are not selected are neither run nor waited for") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired, 2);
  for (DesiredNode& node : desired.clouds[0].nodes) {
    node.config.threads = 8;
  }
  const Plan made = only(desired, observed, {"node:10.0.0.1:11211", "host:cache003.arcus"});
  REQUIRE(made.steps.size() == 3);
  CHECK(made.steps[0].after.empty());
  CHECK(made.steps[1].after == std::vector<StepId>{0});  // The order between those that stay.
  CHECK(made.steps[2].after == std::vector<StepId>{1});
  CHECK(made.hidden == 3);
  CHECK(made.impact.at(0).caches_lost == 3);
}

TEST_CASE("a cloud is unregistered only with all of its nodes") {
  const DesiredState before =
      a_spec().with_hosts(2).with_ensemble(1).with_cloud("old").with_nodes(1).build();
  const ObservedState observed = ideal(before);
  const DesiredState desired = a_spec().with_hosts(2).with_ensemble(1).build();
  const Plan one = only(desired, observed, {"host:cache001.arcus"});
  CHECK(steps_of<StopNode>(one).size() == 1);
  CHECK(steps_of<UnmapNodes>(one).size() == 1);
  CHECK(steps_of<UnregisterCloud>(one).empty());
  CHECK(one.hidden == 3);  // the other node stopped and unmapped, the cloud unregistered
  const Plan all = only(desired, observed, {"cloud:old"});
  CHECK(steps_of<UnregisterCloud>(all).size() == 1);
  CHECK(all.hidden == 0);
  CHECK(all == planned(desired, observed, {"old"}));
}

TEST_CASE("the limit of removals counts what is selected") {
  const DesiredState before =
      a_spec().with_hosts(2).with_ensemble(1).with_cloud("shop").with_nodes(4).build();
  const ObservedState observed = ideal(before);
  DesiredState desired = before;
  desired.clouds[0].nodes.erase(desired.clouds[0].nodes.begin() + 2,
                                desired.clouds[0].nodes.end() - 1);
  CHECK(held(only(desired, observed, {"cloud:shop"})) ==
        std::vector<std::string>{"refused: cloud shop"});  // 5 of 8, and 2 may go.
  const Plan two = only(desired, observed, {"node:10.0.0.1:11213", "node:cache002.arcus:11211"});
  CHECK(two.held.empty());
  CHECK(steps_of<StopNode>(two).size() == 2);
  CHECK(two.hidden == 6);  // three more to stop and to unmap
  const Plan three = only(desired, observed, {"host:cache002.arcus"});
  CHECK(held(three) == std::vector<std::string>{"refused: cloud shop"});
  CHECK(three.held.front().reason.find("3 of its 8 serving nodes") != std::string::npos);
  const Plan none = only(desired, observed, {"node:10.0.0.1:11211"});
  CHECK(none.converged());
  CHECK(none.hidden == 10);
}

TEST_CASE("the last nodes and a cloud in use are not emptied through a selection either") {
  const DesiredState before =
      a_spec().with_hosts(2).with_ensemble(1).with_cloud("shop").with_nodes(1).build();
  ObservedState observed = ideal(before);
  cloud_in(observed, "shop").clients = 3;
  const DesiredState desired = a_spec().with_hosts(2).with_ensemble(1).build();
  const std::vector<std::string> refused{"refused: cloud shop"};
  CHECK(held(only(desired, observed, {"cloud:shop"})) == refused);
  CHECK(held(only(desired, observed, {"host:cache001.arcus", "host:cache002.arcus"})) == refused);
  CHECK(only(desired, observed, {"host:cache001.arcus"}).held.empty());
}

TEST_CASE("servers are stopped only with everything else") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired, 2);
  desired.ensemble.state = RunState::stopped;
  const Plan made = only(desired, observed, {"host:cache001.arcus"});
  CHECK(steps_of<StopNode>(made).size() == 2);
  CHECK(steps_of<StopServer>(made).empty());
  CHECK(made.hidden == 7);
}

TEST_CASE("what is held counts when it is about the selection or about everything") {
  const DesiredState desired = two_clouds();
  ObservedState observed = ideal(desired, 2);
  lose_host(observed, desired, "cache003.arcus");
  kill_node(observed, "cache001.arcus", at("10.0.0.1:11300"));
  const Plan beside = only(desired, observed, {"host:cache001.arcus"});
  CHECK(lines(beside).size() == 1);
  CHECK(beside.held.empty());
  CHECK(beside.hidden > 0);
  const Plan in = only(desired, observed, {"cloud:billing"});
  CHECK(held(in) == std::vector<std::string>{"unknown: cache003.arcus"});
}

TEST_CASE("nothing is left to do when nothing selected differs") {
  const DesiredState desired = two_clouds();
  ObservedState observed = ideal(desired, 2);
  kill_node(observed, "cache001.arcus", at("10.0.0.1:11300"));
  const Plan made = only(desired, observed, {"cloud:search"});
  CHECK(made.converged());
  CHECK(made.hidden == 1);
}

TEST_CASE("while the tree is not readable, a cloud's selection gets its ensemble serving") {
  const DesiredState desired = two_clouds();
  ObservedState observed = ideal(desired, 2);
  for (int id = 1; id <= 3; ++id) {
    kill_server(observed, "cache00" + std::to_string(id) + ".arcus", id);
  }
  observed.tree = Observation<TreeFacts>::unknown("no quorum");
  const Plan made = only(desired, observed, {"cloud:search"});
  CHECK(steps_of<StartServer>(made).size() == 3);
  CHECK(steps_of<AwaitQuorum>(made).size() == 1);
  CHECK_FALSE(made.later.empty());
}

TEST_CASE("a name that is nowhere is an error that guesses what was meant") {
  const DesiredState desired = two_clouds();
  const ObservedState observed = ideal(desired, 2);
  CHECK(wrong("cloud:search", desired, observed).empty());
  CHECK(wrong("cloud:serch", desired, observed) ==
        "--only cloud:serch: neither the spec nor ZooKeeper knows it; did you mean cloud:search?");
  CHECK(wrong("cloud:cache001.arcus", desired, observed).find("did you mean host:cache001.arcus") !=
        std::string::npos);
  CHECK(wrong("node:10.0.0.1:11401", desired, observed).find("did you mean node:10.0.0.1:11400") !=
        std::string::npos);
  CHECK(wrong("host:elsewhere", desired, observed).find("`arcform status`") != std::string::npos);
}

TEST_CASE("what left the spec can still be named while ZooKeeper knows it") {
  const DesiredState before =
      a_spec().with_hosts(2).with_ensemble(1).with_cloud("old").with_nodes(1).build();
  ObservedState observed = ideal(before);
  const DesiredState desired = a_spec().with_hosts(1).with_ensemble(1).build();
  tree_in(observed).record.hosts["cache002.arcus"] = record_for(before.hosts[1]);
  CHECK(wrong("cloud:old", desired, observed).empty());
  CHECK(wrong("host:cache002.arcus", desired, observed).empty());
  CHECK(wrong("node:10.0.0.2:11211", desired, observed).empty());
  observed.tree = Observation<TreeFacts>::unknown("no quorum");
  CHECK(wrong("cloud:old", desired, observed).find("(not readable now)") != std::string::npos);
}
