// SPDX-License-Identifier: Apache-2.0
#include "model/key_shares.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"
#include "tests/unit/model/steps.h"

using namespace arcform;

namespace {

Ring ring_of(const DesiredCloud& cloud) {
  std::vector<Endpoint> nodes;
  for (const DesiredNode& node : cloud.nodes) {
    nodes.push_back(node.endpoint);
  }
  Ring ring = Ring::of(nodes).value();
  for (const Endpoint node : nodes) {
    ring.join(node);
  }
  return ring;
}

DesiredState one_more_node() {
  return a_spec()
      .with_hosts(3)
      .with_ensemble(3)
      .with_cloud("test-cloud")
      .with_nodes(2)
      .with_node("cache003.arcus", 11213)
      .build();
}

}  // namespace

TEST_CASE("a new node's share is what moves") {
  const DesiredState desired = one_more_node();
  const ObservedState observed = ideal(three_hosts());
  const Plan plan = planned(desired, observed);
  const KeyShares shares = key_shares(plan, observed);
  const auto starts = steps_of<StartNode>(plan);
  REQUIRE(starts.size() == 1);
  const Ring::Share expected = ring_of(desired.clouds[0]).share_of(at("10.0.0.3:11213"));
  CHECK(shares.of_step[starts[0]] == expected);
  CHECK(shares.remapped.at("test-cloud") == expected);
}

TEST_CASE("a restarted node's keys stay its own") {
  DesiredState desired = three_hosts();
  desired.clouds[0].nodes[5].config.threads = 8;
  const ObservedState observed = ideal(three_hosts());
  const Plan plan = planned(desired, observed);
  const KeyShares shares = key_shares(plan, observed);
  REQUIRE(steps_of<RestartNode>(plan) == std::vector<StepId>{0});
  CHECK(shares.of_step[0] == ring_of(desired.clouds[0]).share_of(kLastNode));
  CHECK(shares.remapped.at("test-cloud") == 0);
}

TEST_CASE("a removed node's keys move to the others") {
  DesiredState desired = three_hosts();
  desired.clouds[0].nodes.pop_back();
  const ObservedState observed = ideal(three_hosts());
  const Plan plan = planned(desired, observed);
  const KeyShares shares = key_shares(plan, observed);
  const auto stops = steps_of<StopNode>(plan);
  REQUIRE(stops.size() == 1);
  const Ring::Share expected = ring_of(three_hosts().clouds[0]).share_of(kLastNode);
  CHECK(shares.of_step[stops[0]] == expected);
  CHECK(shares.remapped.at("test-cloud") == expected);
}

TEST_CASE("a crashed node gets its keys back, whether or not its znode still stands") {
  const bool stands = GENERATE(true, false);
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  kill_node(observed, "cache003.arcus", kLastNode, stands);
  const Plan plan = planned(desired, observed);
  const KeyShares shares = key_shares(plan, observed);
  const auto starts = steps_of<StartNode>(plan);
  REQUIRE(starts.size() == 1);
  const Ring::Share expected = ring_of(desired.clouds[0]).share_of(kLastNode);
  CHECK(shares.of_step[starts[0]] == expected);
  CHECK(shares.remapped.at("test-cloud") == (stands ? 0 : expected));
}

TEST_CASE("a cloud that nobody has joined has no keys to move") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  for (const DesiredNode& node : desired.clouds[0].nodes) {
    kill_node(observed, desired.hosts[node.host].name, node.endpoint);
  }
  const Plan plan = planned(desired, observed);
  const KeyShares shares = key_shares(plan, observed);
  CHECK(shares.remapped.empty());
  CHECK(shares.of_step == std::vector<Ring::Share>(plan.steps.size(), 0));
}

TEST_CASE("an unknown tree has no shares") {
  const DesiredState desired = three_hosts();
  const ObservedState observed = bare(desired);
  CHECK(key_shares(planned(desired, observed), observed).remapped.empty());
}

TEST_CASE("shares are told with one digit, and never as nothing") {
  CHECK(percent_text(Ring::kWhole / 7) == "14.3 %");
  CHECK(percent_text(Ring::kWhole) == "100.0 %");
  CHECK(percent_text(0) == "0.0 %");
  CHECK(percent_text(Ring::kWhole / 10000) == "less than 0.1 %");
}
