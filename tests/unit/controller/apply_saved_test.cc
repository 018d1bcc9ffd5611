// SPDX-License-Identifier: Apache-2.0
// Saved plans in the simulated world: done as they say, or not at all.
#include "controller/apply_saved.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/sim/run_loop.h"
#include "tests/support/builders.h"

namespace arcform::sim {
namespace {

using std::chrono::seconds;

/// A plan that was made in this world.
struct Made {
  DesiredState desired;
  Plan plan;
  PlanFacts facts;

  Made(SimWorld& world, DesiredState desired_in) : desired(std::move(desired_in)) {
    const Round round = run_look(world, desired);
    plan = round.plan;
    facts = facts_of(plan, desired, round.observed);
  }
  ApplyRun apply(SimWorld& world, ApplyRequest request = {}) const {
    request.saved.emplace(PlanToApply{plan, facts});
    return run_apply(world, desired, std::move(request));
  }
};

std::size_t done(const ApplyRun& run) {
  return static_cast<std::size_t>(
      std::count_if(run.lines.begin(), run.lines.end(),
                    [](const std::string& line) { return line.starts_with("done: "); }));
}

TEST_CASE("a saved plan brings a bare deployment up, and is stale the second time") {
  SimWorld world(three_hosts_with_threads(4));
  const Made made(world, three_hosts_with_threads(4));
  const ApplyRun run = made.apply(world);
  CHECK(run.result.outcome == Outcome::converged);
  CHECK(done(run) == made.plan.steps.size());
  CHECK(world.joined("test-cloud").size() == 6);
  const std::uint64_t before = world.mutations();
  const ApplyRun again = made.apply(world);
  CHECK(again.result.outcome == Outcome::stale);
  CHECK_FALSE(again.moved.empty());
  CHECK(world.mutations() == before);
}

TEST_CASE("a saved plan does what it shows and nothing else") {
  SimWorld world(three_hosts_with_threads(4));
  REQUIRE(run_apply(world, three_hosts_with_threads(4)).result.outcome == Outcome::converged);
  world.kill_node(at("10.0.0.1:11211"));
  const Made made(world, three_hosts_with_threads(4));
  REQUIRE(made.plan.steps.size() == 1);
  world.kill_node(at("10.0.0.2:11211"));  // After the plan: it is not in it.
  const ApplyRun run = made.apply(world);
  CHECK(run.result.outcome == Outcome::pending);
  CHECK(run.lines ==
        std::vector<std::string>{"done: start cache node 10.0.0.1:11211 on cache001.arcus"});
  CHECK(run.result.last.plan.steps.size() == 1);
}

TEST_CASE("what moved under a saved plan is named and nothing is done") {
  SimWorld world(three_hosts_with_threads(4));
  REQUIRE(run_apply(world, three_hosts_with_threads(4)).result.outcome == Outcome::converged);
  const Made made(world, three_hosts_with_threads(6));
  REQUIRE(made.plan.steps.size() == 6);
  world.kill_node(at("10.0.0.1:11211"));
  const std::uint64_t before = world.mutations();
  const ApplyRun run = made.apply(world);
  CHECK(run.result.outcome == Outcome::stale);
  REQUIRE_FALSE(run.moved.empty());
  CHECK(std::any_of(run.moved.begin(), run.moved.end(), [](const MovedFact& fact) {
    return fact.subject == "cache node 10.0.0.1:11211 on cache001.arcus: process";
  }));
  CHECK(world.mutations() == before);
}

TEST_CASE("a saved plan of an older spec than the last applied one is stale") {
  SimWorld world(three_hosts_with_threads(4));
  REQUIRE(run_apply(world, three_hosts_with_threads(4)).result.outcome == Outcome::converged);
  world.kill_node(at("10.0.0.1:11211"));
  DesiredState wider = three_hosts_with_threads(4);
  wider.clouds[0].rollout.max_unavailable = 2;
  wider.digest = "wider";
  const Made made(world, three_hosts_with_threads(4));
  REQUIRE(run_apply(world, wider).result.outcome == Outcome::converged);
  world.kill_node(at("10.0.0.1:11211"));
  const ApplyRun run = made.apply(world);
  CHECK(run.result.outcome == Outcome::stale);
  CHECK(std::any_of(run.moved.begin(), run.moved.end(), [](const MovedFact& fact) {
    return fact.subject == "/arcform/seoul-prod/applied" && fact.step.empty();
  }));
}

TEST_CASE("a saved plan outlives its session, whenever that expires") {
  for (int after = 0; after < 200; after += 3) {
    INFO("expired after " << after << " ms");
    SimWorld world(three_hosts_with_threads(4));
    REQUIRE(run_apply(world, three_hosts_with_threads(4)).result.outcome == Outcome::converged);
    DesiredState larger = three_hosts_with_threads(4);
    larger.digest = "larger";
    for (DesiredNode& node : larger.clouds[0].nodes) {
      node.config.memlimit_mb += 100;  // Tuned on the hosts: the ensemble is not asked.
    }
    const Made made(world, larger);
    world.core().clock().after(std::chrono::milliseconds(after), "expire",
                               [&world] { world.expire_sessions(); });
    const ApplyRun run = made.apply(world);
    INFO(name_of(run.result.outcome) << ": " << run.result.error);
    if (run.result.steps_done == 0) {  // It expired with the first look, or with taking the lock.
      CHECK((run.result.outcome == Outcome::unknown || !run.result.error.empty()));
    } else {  // Or with the last look, which then does not know.
      CHECK(run.result.steps_done == 6);
      CHECK((run.result.outcome == Outcome::converged || run.result.outcome == Outcome::pending));
    }
  }
}

TEST_CASE("a saved plan is not done when nobody says yes, or when the time is up") {
  SimWorld world(three_hosts_with_threads(4));
  REQUIRE(run_apply(world, three_hosts_with_threads(4)).result.outcome == Outcome::converged);
  const Made made(world, three_hosts_with_threads(6));
  ApplyRequest request;
  SECTION("no") {
    request.confirm = [](const Round&) { return false; };
    const std::uint64_t before = world.mutations();
    CHECK(made.apply(world, request).result.outcome == Outcome::declined);
    CHECK(world.mutations() == before);
  }
  SECTION("late") {
    request.timeout = seconds(40);
    CHECK(made.apply(world, request).result.outcome == Outcome::timed_out);
  }
  SECTION("interrupted") {
    request.interrupt_at = world.now() + seconds(10);
    CHECK(made.apply(world, request).result.outcome == Outcome::interrupted);
  }
}

}  // namespace
}  // namespace arcform::sim
