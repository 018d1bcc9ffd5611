// SPDX-License-Identifier: Apache-2.0
// An apply and its people: who takes long to answer, who applies at the same time, who pauses.
#include "model/facts.h"
#include "model/znodes.h"
#include "specs/watch_records.h"
#include "tests/unit/controller/watch_stage.h"

namespace arcform::sim {
namespace {

void pause_at(Stage& stage, Time after, const std::string& scope) {
  stage.when(after, "pause " + scope, [scope](Cast& cast) {
    cast.command([scope](ZnodeSession& session, Request request) -> Awaitable<void> {
      const auto until =
          co_await pause_scope(session, std::move(request), scope, minutes(30), "new disks");
      CHECK(until);
    });
  });
}

DesiredState without_last_node() {
  DesiredState fewer = spec();
  fewer.digest = "fewer";
  fewer.clouds[0].nodes.pop_back();
  return fewer;
}

TEST_CASE("a late yes to what is not so any more is no yes") {
  SimWorld world(spec());
  REQUIRE(run_apply(world, spec()).result.outcome == Outcome::converged);
  std::vector<std::size_t> asked;
  ApplyRequest request;
  request.confirm = [&world, &asked](const Round& round) {
    asked.push_back(round.plan.steps.size());
    if (asked.size() > 1) {
      return false;
    }
    for (const char* const node : {"10.0.0.1:11211", "10.0.0.1:11212", "10.0.0.2:11211",
                                   "10.0.0.2:11212", "10.0.0.3:11211"}) {
      world.terminate_node(at(node));
    }
    world.advance(minutes(20));
    return true;
  };
  const ApplyRun run = run_apply(world, without_last_node(), request);
  CHECK(run.result.outcome == Outcome::declined);
  CHECK(asked == std::vector<std::size_t>{2, 5});  // By then the others have to be started first.
  CHECK(world.joined("test-cloud").size() == 1);
}

TEST_CASE("a late yes to what is still so is one, and the time it took is not the apply's") {
  SimWorld world(spec());
  REQUIRE(run_apply(world, spec()).result.outcome == Outcome::converged);
  int asked = 0;
  ApplyRequest request;
  request.timeout = minutes(10);
  request.confirm = [&world, &asked](const Round&) {
    ++asked;
    world.advance(minutes(20));
    return true;
  };
  SECTION("apply") {
    CHECK(run_apply(world, without_last_node(), request).result.outcome == Outcome::converged);
  }
  SECTION("apply PLAN") {
    const DesiredState fewer = without_last_node();
    const Round round = run_look(world, fewer);
    const PlanFacts facts = facts_of(round.plan, fewer, round.observed);
    request.saved.emplace(PlanToApply{round.plan, facts});
    CHECK(run_apply(world, fewer, request).result.outcome == Outcome::converged);
  }
  CHECK(asked == 1);
  CHECK(world.joined("test-cloud").size() == 5);
}

TEST_CASE("a late yes meets a pause that was set meanwhile") {
  SimWorld world(spec());
  REQUIRE(run_apply(world, spec()).result.outcome == Outcome::converged);
  ApplyRequest request;
  request.confirm = [&world](const Round&) {
    world.create_znode(
        znodes::pause("seoul-prod", "all"),
        write_pause({"all", "2026-02-28T10:00:00Z", "disks", "ann", "2026-01-31T10:00:00Z", ""}));
    world.advance(minutes(1));
    return true;
  };
  CHECK(run_apply(world, without_last_node(), request).result.outcome == Outcome::blocked);
  CHECK(world.joined("test-cloud").size() == 6);
}

TEST_CASE("of two who take the lock at the same moment one waits for the other") {
  const bool saved = GENERATE(false, true);
  for (int apart = 0; apart < 40; ++apart) {
    Stage stage;
    stage.story.controllers = 0;
    stage.story.length = seconds(60);
    stage.kill(seconds(1), "10.0.0.1:11211");
    stage.kill(seconds(1), "10.0.0.2:11211");
    const auto apply = [&stage, saved](Cast& cast) {
      saved ? cast.apply_saved(stage.desired) : cast.apply(stage.desired);
    };
    stage.when(seconds(2), "one", apply);
    stage.when(seconds(2) + milliseconds(apart), "the other", apply);
    std::vector<ReconcileResult> applied;
    stage.when(seconds(59), "both have ended", [&applied](Cast& cast) { applied = cast.applied; });
    stage.tell();
    INFO(apart << " ms apart");
    REQUIRE(applied.size() == 2);
    for (const ReconcileResult& result : applied) {
      INFO(name_of(result.outcome) << ": " << result.error);
      CHECK((result.outcome == Outcome::converged || result.outcome == Outcome::stale));
    }
    CHECK(stage.up() == 6);
  }
}

TEST_CASE("a pause stops an apply that runs") {
  const bool saved = GENERATE(false, true);
  const auto [scope, restarted] = GENERATE(table<std::string, std::size_t>(
      {{"all", 1}, {"cloud:test-cloud", 1}, {"node:10.0.0.3:11211", 4}}));
  Stage stage;
  stage.story.controllers = 0;
  stage.story.length = minutes(8);
  const DesiredState next = spec(6);
  stage.rules.expect(next);
  stage.when(seconds(60), "apply",
             [&next, saved](Cast& cast) { saved ? cast.apply_saved(next) : cast.apply(next); });
  pause_at(stage, seconds(70), scope);
  std::vector<ReconcileResult> applied;
  stage.when(minutes(7), "it has ended", [&applied](Cast& cast) { applied = cast.applied; });
  stage.tell();
  INFO(scope << (saved ? " saved" : ""));
  REQUIRE(applied.size() == 1);
  CHECK(applied[0].outcome == (saved ? Outcome::pending : Outcome::blocked));
  CHECK(applied[0].steps_done == restarted);
  CHECK(applied[0].failures.empty());
  CHECK(applied[0].last.plan.steps.empty());
  CHECK(applied[0].last.plan.held.size() == 6 - restarted);
}

}  // namespace
}  // namespace arcform::sim
