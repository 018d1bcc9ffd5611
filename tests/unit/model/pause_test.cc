// SPDX-License-Identifier: Apache-2.0
#include "model/pause.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"

namespace arcform {
namespace {

Pause pause_of(const std::string& scope) {
  return {scope, "2026-01-31T12:00:00Z", "maintenance", "ann", "2026-01-31T10:00:00Z", ""};
}

Plan plan_with_two_dead() {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  kill_node(observed, "cache001.arcus", at("10.0.0.1:11211"));
  kill_node(observed, "cache002.arcus", at("10.0.0.2:11211"));
  return plan(desired, observed, {});
}

TEST_CASE("a scope is all, a cloud, a host or a node") {
  for (const char* const scope :
       {"all", "cloud:shop", "host:cache001.arcus", "node:10.0.0.1:11211"}) {
    CHECK(is_pause_scope(scope));
  }
  for (const char* const scope : {"", "cloud", "cloud:", "cloud:a/b", "host:", "node:10.0.0.1",
                                  "shop", "all ", "node:10.0.0.1:11211/x"}) {
    CHECK_FALSE(is_pause_scope(scope));
  }
}

TEST_CASE("a pause holds what it covers and says who asked for it") {
  REQUIRE(plan_with_two_dead().steps.size() == 2);
  for (const auto& [scope, left] : std::map<std::string, std::size_t>{{"all", 0},
                                                                      {"cloud:test-cloud", 0},
                                                                      {"cloud:other", 2},
                                                                      {"host:cache001.arcus", 1},
                                                                      {"node:10.0.0.2:11211", 1},
                                                                      {"node:10.0.0.2:11212", 2}}) {
    INFO(scope);
    const Plan held = hold_paused(plan_with_two_dead(), {pause_of(scope)}, three_hosts());
    CHECK(held.steps.size() == left);
    CHECK(held.held.size() == 2 - left);
    CHECK(held.impact.empty() == (left == 0));
    for (const Held& one : held.held) {
      CHECK(one.hold == Hold::guard);
      CHECK(one.reason.find("ann") != std::string::npos);
      CHECK(one.reason.find("arcform resume " + scope) != std::string::npos);
    }
  }
}

TEST_CASE("what comes after a paused step is held too") {
  Plan chain = plan_with_two_dead();
  chain.steps[1].after = std::vector<StepId>{0};
  const Plan held =
      hold_paused(chain, {pause_of("node:" + subject(chain.steps[0].action))}, three_hosts());
  CHECK(held.steps.empty());
  CHECK(held.held.size() == 2);
}

TEST_CASE("a pause never outlives its time, a freeze never its spec") {
  Pause freeze = pause_of("node:10.0.0.1:11211");
  freeze.until.clear();
  freeze.spec_digest = "one";
  const std::vector<Pause> pauses{pause_of("all"), freeze};
  CHECK(holding(pauses, "2026-01-31T11:59:59Z", "one").size() == 2);
  CHECK(holding(pauses, "2026-01-31T12:00:00Z", "one").size() == 1);
  CHECK(holding(pauses, "2026-01-31T12:00:00Z", "two").empty());
}

}  // namespace
}  // namespace arcform
