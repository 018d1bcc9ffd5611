// SPDX-License-Identifier: Apache-2.0
// What people tell a watching controller: pauses, approvals, and their own applies.
#include "model/facts.h"
#include "model/pause.h"
#include "model/znodes.h"
#include "specs/watch_records.h"
#include "tests/unit/controller/watch_stage.h"

namespace arcform::sim {
namespace {

void pause(Stage& stage, Time after, const std::string& scope, seconds length) {
  stage.when(after, "pause " + scope, [scope, length](Cast& cast) {
    cast.command([scope, length](ZnodeSession& session, Request request) -> Awaitable<void> {
      const auto until =
          co_await pause_scope(session, std::move(request), scope, length, "new disks");
      CHECK(until);
    });
  });
}

void resume(Stage& stage, Time after, const std::string& scope) {
  stage.when(after, "resume " + scope, [scope](Cast& cast) {
    cast.command([scope](ZnodeSession& session, Request request) -> Awaitable<void> {
      const auto done = co_await resume_scope(session, std::move(request), scope);
      CHECK((done && *done));
    });
  });
}

/// Approves what is published at that moment.
void approve(Stage& stage, Time after, std::string* hash = nullptr) {
  stage.when(after, "approve", [&stage, hash](Cast& cast) {
    const TreeNode* const node = stage.world.tree().find(znodes::proposed("seoul-prod"));
    REQUIRE(node != nullptr);
    const auto proposal = read_proposal(node->data);
    REQUIRE(proposal);
    const std::string wanted = hash != nullptr && !hash->empty() ? *hash : proposal->hash;
    if (hash != nullptr) {
      *hash = proposal->hash;
    }
    cast.command([wanted](ZnodeSession& session, Request request) -> Awaitable<void> {
      const auto done = co_await approve_rollout(session, std::move(request), wanted);
      CHECK(done);
    });
  });
}

DesiredState asking(std::uint16_t threads, bool heal = true) {
  DesiredState desired = spec(threads);
  desired.watch.rollout = WatchPolicy::Rollout::approve;
  desired.watch.heal = heal;
  return desired;
}

TEST_CASE("pauses cover what they name, and end in time") {
  const auto [scope, covered, other] = GENERATE(table<std::string, std::string, std::string>(
      {{"node:10.0.0.2:11211", "10.0.0.2:11211", "10.0.0.2:11212"},
       {"host:cache002.arcus", "10.0.0.2:11211", "10.0.0.3:11211"},
       {"cloud:test-cloud", "10.0.0.2:11211", ""},
       {"all", "10.0.0.2:11211", ""}}));
  Stage stage;
  stage.story.length = minutes(6);
  pause(stage, seconds(60), scope, minutes(2));
  stage.kill(seconds(70), covered);
  if (!other.empty()) {
    stage.kill(seconds(80), other);
  }
  const Told& told = stage.tell();
  INFO(scope << stage.all);
  const Time healed = stage.since(told.first(Kind::action_started, covered));
  CHECK(healed >= seconds(180));
  CHECK(healed <= seconds(180 + 31));
  CHECK(told.count(Kind::paused) == 1);
  CHECK(stage.since(told.first(Kind::resumed, scope)) >= seconds(180));
  if (!other.empty()) {
    CHECK(stage.since(told.first(Kind::action_done, other)) <= seconds(85));
  }
  CHECK(stage.up() == 6);
}

TEST_CASE("a pause that a person ends is over at once") {
  Stage stage;
  stage.story.length = minutes(5);
  pause(stage, seconds(60), "cloud:test-cloud", std::chrono::hours(2));
  stage.kill(seconds(70), "10.0.0.2:11211");
  resume(stage, seconds(150), "cloud:test-cloud");
  const Told& told = stage.tell();
  INFO(stage.all);
  const Time healed = stage.since(told.first(Kind::action_started, "10.0.0.2:11211"));
  CHECK(healed >= seconds(150));
  CHECK(healed <= seconds(152));
  CHECK(told.count(Kind::paused) == 1);
  CHECK(stage.since(told.first(Kind::resumed, "cloud:test-cloud")) <= seconds(152));
}

TEST_CASE("a pause in the middle of a rollout holds the next step") {
  Stage stage;
  stage.story.length = minutes(6);
  const DesiredState next = spec(6);
  stage.edit(seconds(60), next);
  stage.when(seconds(60), "after the first", [](Cast&) {});
  pause(stage, seconds(66), "all", minutes(1));
  const Told& told = stage.tell();
  INFO(stage.all);
  std::size_t meanwhile = 0;
  for (const Time when : told.times(Kind::action_started, "^restart")) {
    meanwhile += when > stage.begun + seconds(67) && when < stage.begun + seconds(126) ? 1U : 0U;
  }
  CHECK(meanwhile == 0);
  CHECK(told.count(Kind::action_done, "^restart cache node") == 6);
}

TEST_CASE("an apply honours pauses") {
  Stage stage;
  SimWorld& world = stage.world;
  stage.story.length = seconds(5);
  stage.story.controllers = 0;
  pause(stage, seconds(1), "host:cache002.arcus", minutes(5));
  stage.kill(seconds(2), "10.0.0.2:11211");
  run_watch(world, stage.desired, stage.story);
  const ApplyRun run = run_apply(world, stage.desired);
  CHECK(run.result.outcome == Outcome::blocked);
  CHECK(world.node(at("10.0.0.2:11211")) == nullptr);
  world.advance(minutes(5));
  CHECK(run_apply(world, stage.desired).result.outcome == Outcome::converged);
}

TEST_CASE("a saved plan and a selection honour pauses") {
  Stage stage;
  SimWorld& world = stage.world;
  world.kill_node(at("10.0.0.2:11211"));
  world.kill_node(at("10.0.0.3:11211"));
  const Round round = run_look(world, stage.desired);
  REQUIRE(round.plan.steps.size() == 2);
  const PlanFacts facts = facts_of(round.plan, stage.desired, round.observed);
  stage.story.length = seconds(5);
  stage.story.controllers = 0;
  pause(stage, seconds(1), "host:cache002.arcus", minutes(5));
  run_watch(world, stage.desired, stage.story);
  ApplyRequest only;
  only.policy.only = {Selector{Selector::Kind::node, "10.0.0.2:11211"}};
  CHECK(run_apply(world, stage.desired, only).result.outcome == Outcome::blocked);
  ApplyRequest saved;
  saved.saved.emplace(PlanToApply{round.plan, facts});
  const ApplyRun run = run_apply(world, stage.desired, saved);
  CHECK(run.result.outcome == Outcome::pending);
  CHECK(world.node(at("10.0.0.2:11211")) == nullptr);
  CHECK(world.node(at("10.0.0.3:11211")) != nullptr);
}

TEST_CASE("a saved plan and a selection take turns with a watching controller") {
  const bool saved = GENERATE(false, true);
  Stage stage;
  stage.story.length = minutes(8);
  const DesiredState next = spec(6);
  stage.edit(seconds(60), next);
  stage.when(seconds(75), "bob applies", [&](Cast& cast) {
    CHECK(stage.world.tree().find(znodes::lock("seoul-prod")) != nullptr);
    Policy policy;
    policy.only = {Selector{Selector::Kind::node, "10.0.0.3:11212"}};
    if (saved) {
      cast.apply_saved(next, policy);
    } else {
      cast.apply(next, policy);
    }
  });
  std::size_t done = 0;
  stage.when(minutes(7), "look", [&done](Cast& cast) {
    REQUIRE(cast.applied.size() == 1);
    done = cast.applied[0].steps_done;
  });
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::waiting, "bob@desk pid 7") >= 1);
  CHECK(done == 1);
  CHECK(told.count(Kind::action_done, "^restart cache node") == 5);
  CHECK(stage.up() == 6);
}

TEST_CASE("watch.heal false: what breaks is shown, and what the spec changes is done") {
  DesiredState desired = spec();
  desired.watch.heal = false;
  Stage stage(desired);
  stage.story.length = minutes(6);
  stage.kill(seconds(60), "10.0.0.2:11211");
  stage.when(minutes(2), "bob applies", [&stage](Cast& cast) { cast.apply(stage.desired); });
  DesiredState next = spec(6);
  next.watch.heal = false;
  stage.edit(minutes(3), next);
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::withheld, "watch.heal is false") >= 1);
  CHECK(stage.since(told.first(Kind::action_started, "")) >= minutes(3));
  CHECK(told.count(Kind::action_done, "^restart cache node") == 6);
}

TEST_CASE("watch.rollout approve: published, and done once it is approved") {
  Stage stage(asking(4));
  stage.story.length = minutes(8);
  const DesiredState next = asking(6);
  stage.edit(seconds(60), next);
  stage.kill(seconds(90), "10.0.0.2:11211");
  approve(stage, minutes(3));
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::waiting, "wait for \"arcform approve ") >= 1);
  // What breaks meanwhile is healed all the same; with the new settings.
  CHECK(stage.since(told.first(Kind::action_done, "^start cache node 10.0.0.2:11211")) <=
        seconds(100));
  CHECK(stage.since(told.first(Kind::action_started, "^restart")) >= minutes(3));
  CHECK(stage.since(told.first(Kind::action_started, "^restart")) <= minutes(3) + seconds(2));
  CHECK(told.count(Kind::action_done, "^restart cache node") == 5);
  CHECK(stage.up() == 6);
}

TEST_CASE("an approval is of one plan: what comes to it needs another") {
  Stage stage(asking(4));
  stage.story.length = minutes(12);
  DesiredState next = asking(6);
  stage.edit(seconds(60), next);
  // One host cannot be looked at, so its nodes are not in what is approved.
  stage.when(seconds(50), "ssh fails",
             [&stage](Cast&) { stage.world.set_ssh("cache003.arcus", false); });
  approve(stage, minutes(2));
  stage.when(minutes(4), "ssh works",
             [&stage](Cast&) { stage.world.set_ssh("cache003.arcus", true); });
  approve(stage, minutes(9));
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(stage.since(told.first(Kind::action_started, "^restart")) >= minutes(2));
  CHECK(told.count(Kind::action_done, "^restart cache node 10.0.0.1") == 2);
  CHECK(told.count(Kind::action_done, "^restart cache node 10.0.0.2") == 2);
  CHECK(stage.since(told.first(Kind::action_started, "^restart cache node 10.0.0.3")) >=
        minutes(9));
  CHECK(told.count(Kind::action_done, "^restart cache node 10.0.0.3") == 2);
}

TEST_CASE("an approval of an earlier spec releases nothing of the next") {
  Stage stage(asking(4));
  stage.story.length = minutes(6);
  const DesiredState next = asking(6);
  const DesiredState later = asking(8);
  stage.edit(seconds(60), next);
  approve(stage, seconds(119));
  stage.edit(seconds(120), later);
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::action_started, "^restart", stage.begun + seconds(121)) == 0);
  CHECK(told.count(Kind::waiting, "arcform approve", stage.begun + seconds(119)) >= 1);
}

TEST_CASE("a person's apply goes first, in the middle of a rollout too") {
  Stage stage;
  stage.story.length = minutes(8);
  const DesiredState next = spec(6);
  const DesiredState theirs = spec(8);
  stage.edit(seconds(60), next);
  std::size_t done_before = 0;
  stage.when(seconds(75), "bob applies", [&](Cast& cast) {
    CHECK(stage.world.tree().find(znodes::lock("seoul-prod")) != nullptr);
    done_before =
        cast.watch(0).journal().state().counters.actions_done.at({"test-cloud", "restart node"});
    stage.rules.expect(theirs);
    cast.watch(0).follow_spec(theirs);  // They have edited the file that it follows.
    cast.apply(theirs);
  });
  bool waits = false;
  std::size_t finished = 0;
  for (int s = 76; s < 360; ++s) {
    stage.when(seconds(s), "look", [&](Cast& cast) {
      waits = waits || cast.watch(0).journal().state().waiting_for.find("bob@desk pid 7") !=
                           std::string::npos;
      finished += cast.applied.empty() ? 0U : 1U;
      CHECK((cast.applied.empty() || cast.applied.front().outcome == Outcome::converged));
    });
  }
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(waits);
  CHECK(finished > 0);
  CHECK(done_before < 6);
  CHECK(told.count(Kind::action_done, "^restart cache node") <= done_before);
  CHECK(stage.up() == 6);
}

}  // namespace
}  // namespace arcform::sim
