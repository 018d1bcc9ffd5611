// SPDX-License-Identifier: Apache-2.0
// Random specs and what befalls them, without faults: it converges, and then it is quiet.
#include <catch2/catch.hpp>

#include "tests/sim/invariants.h"
#include "tests/sim/random_spec.h"
#include "tests/sim/run_loop.h"

namespace arcform::sim {
namespace {

using std::chrono::seconds;

ApplyRequest permitted() {
  ApplyRequest request;
  request.policy = SpecShape::anything_may_go();
  request.planned = [](const Round& round) { Invariants::check_plan(round); };
  return request;
}

/// How it ended, and what it said and held, for messages.
std::string apply_and_tell(SimWorld& world, const DesiredState& desired) {
  const ApplyRun run = run_apply(world, desired, permitted());
  std::string text = name_of(run.result.outcome);
  if (run.result.outcome != Outcome::converged) {
    for (const std::string& line : run.lines) {
      text += "\n" + line;
    }
    for (const Held& held : run.result.last.plan.held) {
      text += "\nheld: " + held.subject + ": " + held.reason;
    }
  }
  return text;
}

/// What is under way by itself may need a little time: sessions of dead nodes expire.
Outcome apply_until_converged(SimWorld& world, const DesiredState& desired) {
  Outcome outcome = Outcome::failed;
  for (int round = 0; round < 5 && outcome != Outcome::converged; ++round) {
    outcome = run_apply(world, desired, permitted()).result.outcome;
    world.advance(seconds(15));
  }
  return outcome;
}

void check_quiet(SimWorld& world, const DesiredState& desired) {
  const std::uint64_t before = world.mutations();
  for (int round = 0; round < 3; ++round) {
    CHECK(run_apply(world, desired, permitted()).result.outcome == Outcome::converged);
    CHECK(run_look(world, desired).plan.steps.empty());
    world.advance(seconds(40));
  }
  CHECK(world.mutations() == before);
}

TEST_CASE("every bare world converges in one apply, and then nothing is done") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const DesiredState desired = SpecShape::random(random).build();
    SimWorld world(desired, seed);
    Invariants rules(world);
    rules.expect(desired);
    REQUIRE(apply_and_tell(world, desired) == "converged");
    check_quiet(world, desired);
  }
}

TEST_CASE("every edit of a spec converges, one after the other") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    SpecShape shape = SpecShape::random(random);
    DesiredState desired = shape.build();
    SimWorld world(desired, seed);
    Invariants rules(world);
    for (int edit = 0; edit < 6; ++edit) {
      CAPTURE(edit);
      rules.expect(desired);
      REQUIRE(apply_until_converged(world, desired) == Outcome::converged);
      check_quiet(world, desired);
      shape.edit(random);
      desired = shape.build();
    }
  }
}

TEST_CASE("whatever people do to a converged world is repaired") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const DesiredState desired = SpecShape::random(random).build();
    SimWorld world(desired, seed);
    Invariants rules(world);
    rules.expect(desired);
    REQUIRE(apply_until_converged(world, desired) == Outcome::converged);
    for (std::size_t i = pick(random, 1, 4); i > 0; --i) {
      mischief(world, desired, random);
    }
    run_apply(world, desired, permitted());
    world.advance(seconds(60));
    world.heal();
    REQUIRE(apply_until_converged(world, desired) == Outcome::converged);
    check_quiet(world, desired);
  }
}

}  // namespace
}  // namespace arcform::sim
