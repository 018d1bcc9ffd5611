// SPDX-License-Identifier: Apache-2.0
// The controller is killed after every single effect of several reference runs; the next one must
// finish the work.
#include <catch2/catch.hpp>

#include "tests/sim/invariants.h"
#include "tests/sim/run_loop.h"
#include "tests/support/builders.h"

namespace arcform::sim {
namespace {

using std::chrono::seconds;
using Trouble = std::function<void(SimWorld&)>;

/// From a converged `before` (nothing: bare machines), with this trouble, to `after`.
struct Reference {
  std::string name;
  std::optional<DesiredState> before;
  Trouble trouble;
  DesiredState after;
};

DesiredState lab() {
  DesiredState desired =
      a_spec().with_hosts(3).with_ensemble(3).with_cloud("shop").with_nodes(1).build();
  for (DesiredNode& node : desired.clouds[0].nodes) {
    node.config.session_timeout_s = 10;
  }
  desired.digest = "lab";
  return desired;
}

DesiredState edited(const std::string& name, const std::function<void(DesiredState&)>& edit) {
  DesiredState desired = lab();
  desired.digest = name;
  edit(desired);
  return desired;
}

std::vector<Reference> references() {
  const Trouble none = [](SimWorld&) {};
  const auto kill = [](SimWorld& world) {
    world.kill_node(at("10.0.0.2:11211"));
    world.kill_server("cache001.arcus");
  };
  return {
      {"from nothing", std::nullopt, none, lab()},
      {"threads change", lab(), none,
       edited("threads",
              [](DesiredState& desired) {
                for (DesiredNode& node : desired.clouds[0].nodes) {
                  node.config.threads = 8;
                }
              })},
      {"the servers' configuration changes", lab(), none,
       edited("tick", [](DesiredState& desired) { desired.ensemble.config["tickTime"] = "3000"; })},
      {"the cloud goes", lab(), none,
       edited("gone", [](DesiredState& desired) { desired.clouds.clear(); })},
      {"a node goes", lab(), none,
       edited("fewer", [](DesiredState& desired) { desired.clouds[0].nodes.pop_back(); })},
      {"everything stops", lab(), none,
       edited("stopped",
              [](DesiredState& desired) { desired.ensemble.state = RunState::stopped; })},
      {"a node and a server die", lab(), kill, lab()},
  };
}

ApplyRequest allowed() {
  ApplyRequest request;
  request.policy.allow_removal = {lab().clouds[0].service_code};
  return request;
}

std::unique_ptr<SimWorld> prepared(const Reference& reference) {
  auto world = std::make_unique<SimWorld>(lab(), 1);
  if (reference.before) {
    REQUIRE(run_apply(*world, *reference.before).result.outcome == Outcome::converged);
    world->advance(seconds(20));
  }
  reference.trouble(*world);
  return world;
}

std::size_t effects_of(const Reference& reference) {
  const auto world = prepared(reference);
  std::size_t effects = 0;
  world->set_invariants([&effects](const SimWorld&) { ++effects; });
  REQUIRE(run_apply(*world, reference.after, allowed()).result.outcome == Outcome::converged);
  world->set_invariants([](const SimWorld&) {});
  return effects;
}

void crash_at(const Reference& reference, std::size_t effect) {
  const auto world = prepared(reference);
  Invariants rules(*world);
  rules.expect(reference.after);
  ApplyRequest request = allowed();
  request.crash_after = effect;
  REQUIRE_THROWS_AS(run_apply(*world, reference.after, request), Crash);
  Outcome outcome = Outcome::failed;
  for (int round = 0; round < 3 && outcome != Outcome::converged; ++round) {
    const ApplyRun run = run_apply(*world, reference.after, allowed());
    outcome = run.result.outcome;
    for (const std::string& line : run.lines) {
      UNSCOPED_INFO(line);
    }
    for (const Held& held : run.result.last.plan.held) {
      UNSCOPED_INFO("held: " + held.subject + ": " + held.reason);
    }
    world->advance(seconds(15));
  }
  REQUIRE(outcome == Outcome::converged);
  const std::uint64_t before = world->mutations();
  REQUIRE(run_apply(*world, reference.after, allowed()).result.outcome == Outcome::converged);
  REQUIRE(world->mutations() == before);
}

TEST_CASE("a controller that is killed after any effect is finished by the next one") {
  for (const Reference& reference : references()) {
    const std::size_t effects = effects_of(reference);
    CAPTURE(reference.name, effects);
    REQUIRE(effects > 2);
    // The last effect is the end of the lock's session.
    for (std::size_t effect = 1; effect + 1 < effects; ++effect) {
      CAPTURE(effect);
      crash_at(reference, effect);
    }
  }
}

}  // namespace
}  // namespace arcform::sim
