// SPDX-License-Identifier: Apache-2.0
// What comes between the steps of a rollout: hosts that are lost, other people, other trouble.
#include <memory>

#include "controller/watch_view.h"
#include "tests/unit/controller/watch_stage.h"

namespace arcform::sim {
namespace {

constexpr const char* kFirst = "10.0.0.1:11211";

/// Ends the way to the first node's host as soon as the rollout that begins at `from` has stopped
/// that node: it is down because of us, and nobody can say so.
void lose_first_when_down(Stage& stage, Time from) {
  const auto lost = std::make_shared<bool>(false);
  for (Time t = from; t < from + minutes(2); t += milliseconds(10)) {
    stage.when(t, "perhaps", [&stage, lost](Cast&) {
      if (!*lost && stage.world.node(at(kFirst)) == nullptr) {
        *lost = true;
        stage.world.set_ssh("cache001.arcus", false);
      }
    });
  }
}

/// How many nodes this world has been told to stop so far.
std::size_t stops(const Stage& stage) {
  return stage.world.log_with(" stop node-").size();
}

TEST_CASE("a node that was stopped and cannot be reached since is not forgotten by an apply") {
  Stage stage;
  stage.story.controllers = 0;
  stage.story.length = minutes(10);
  const DesiredState next = spec(6);
  stage.rules.expect(next);
  std::vector<ReconcileResult> applied;
  stage.when(seconds(60), "bob applies", [&](Cast& cast) { cast.apply(next); });
  lose_first_when_down(stage, seconds(60));
  stage.when(minutes(4), "what came of it", [&](Cast& cast) {
    applied = cast.applied;
    CHECK(stops(stage) == 1);
    CHECK(stage.up() == 5);
  });
  // Another run knows of it too.
  stage.when(minutes(4), "bob applies again", [&](Cast& cast) { cast.apply(next); });
  stage.when(minutes(5), "ssh works", [&](Cast& cast) {
    CHECK(cast.applied.size() == 2);
    CHECK(stops(stage) == 1);
    stage.world.set_ssh("cache001.arcus", true);
    cast.apply(next);
  });
  stage.tell();
  REQUIRE(applied.size() == 1);
  CHECK(applied[0].outcome == Outcome::failed);
  REQUIRE_FALSE(applied[0].failures.empty());
  CHECK(applied[0].failures.back().find("10.0.0.1:11211 was taken down by us") !=
        std::string::npos);
  CHECK(stage.up() == 6);
  CHECK(run_look(stage.world, next).plan.converged());
}

TEST_CASE("a node that was stopped and cannot be reached since holds up a watcher's rollout") {
  Stage stage;
  stage.story.controllers = 2;
  stage.story.length = minutes(14);
  const DesiredState next = spec(6);
  stage.edit(seconds(60), next);
  lose_first_when_down(stage, seconds(60));
  stage.when(minutes(4), "the leader goes", [&](Cast& cast) {
    CHECK(stops(stage) == 1);
    cast.leader().stop();
  });
  stage.when(minutes(8), "ssh works", [&](Cast&) {
    CHECK(stops(stage) == 1);
    stage.world.set_ssh("cache001.arcus", true);
  });
  stage.tell();
  INFO(stage.all);
  CHECK(stage.told[1].count(Kind::action_done, "^start cache node 10.0.0.1:11211") == 1);
  CHECK(stage.told[1].count(Kind::action_done, "^restart cache node") == 5);
  // The others were never touched: no failure of theirs.
  CHECK(stage.all.find("is frozen") == std::string::npos);
  CHECK(stage.up() == 6);
}

TEST_CASE("a watcher's rollout honours what a person's apply has just restarted") {
  Stage stage;
  stage.story.length = minutes(8);
  const DesiredState next = spec(6);
  stage.edit(seconds(60), next);
  Time bobs = Time::max();
  stage.when(seconds(75), "bob applies", [&](Cast& cast) {
    Policy policy;
    policy.only = {Selector{Selector::Kind::node, "10.0.0.3:11212"}};
    cast.apply(next, policy);
  });
  for (Time t = seconds(75); t < minutes(4); t += milliseconds(100)) {
    stage.when(t, "perhaps", [&](Cast& cast) {
      if (bobs == Time::max() && !cast.applied.empty()) {
        CHECK(cast.applied[0].outcome == Outcome::converged);
        bobs = stage.world.now();
      }
    });
  }
  const Told& told = stage.tell();
  INFO(stage.all);
  REQUIRE(bobs != Time::max());
  const Time after = told.first(Kind::action_started, "^restart cache node", bobs);
  CHECK(after - bobs >= seconds(29));
  CHECK(told.count(Kind::action_done, "^restart cache node") == 5);
}

TEST_CASE("a host that boots in the middle of a rollout has its nodes back before that goes on") {
  Stage stage;
  stage.story.length = minutes(10);
  const DesiredState next = spec(6);
  stage.edit(seconds(60), next);
  stage.when(seconds(70), "boot", [&](Cast&) { stage.world.reboot("cache003.arcus"); });
  const Told& told = stage.tell();
  INFO(stage.all);
  for (const char* const node : {"10.0.0.3:11211", "10.0.0.3:11212"}) {
    const std::string start = std::string("^start cache node ") + node;
    CHECK(stage.since(told.first(Kind::action_done, start)) <= seconds(110));
  }
  CHECK(told.count(Kind::action_done, "^restart cache node") >= 4);
  CHECK(stage.up() == 6);
}

/// Deletes the ephemeral of a node that lives: it stays out until it is started again.
void throw_out(Stage& stage, const std::string& node) {
  const std::string all = "/arcus/cache_list/test-cloud";
  const std::set<std::string> names = stage.world.tree().find(all)->children;
  for (const std::string& name : names) {
    if (name.starts_with(node)) {
      stage.world.delete_znode(all + "/" + name);
    }
  }
}

TEST_CASE("while a rollout waits, a watcher looks, heals and is ready") {
  Stage stage;
  stage.story.length = minutes(8);
  DesiredState next = spec(6);
  next.clouds[0].rollout.min_ready_s = 600;
  next.digest = "slow";
  stage.edit(seconds(60), next);
  stage.when(seconds(200), "thrown out", [&](Cast&) { throw_out(stage, "10.0.0.3:11211"); });
  for (Time t = seconds(30); t < minutes(8); t += seconds(10)) {
    stage.when(t, "ready?", [](Cast& cast) {
      CHECK(unready(cast.watch(0).journal().state(), cast.world().now(), seconds(30)).empty());
    });
  }
  const Told& told = stage.tell();
  INFO(stage.all);
  const std::string back = "^restart cache node 10.0.0.3:11211";
  CHECK(stage.since(told.first(Kind::action_done, back)) <= seconds(235));
  CHECK(told.count(Kind::action_done, "^restart cache node") == 2);
  // Steps that only wait are not told of again and again; these are those of the stop at the end.
  CHECK(stage.since(told.first(Kind::action_skipped, "")) >= stage.story.length);
  CHECK(stage.up() == 6);
}

TEST_CASE("a death that a failed step did not cause is told") {
  Stage stage;
  stage.story.length = minutes(3);
  const DesiredState before = spec();
  const DesiredState next = spec(6);
  stage.edit(seconds(60), next);
  const auto cut = std::make_shared<bool>(false);
  for (Time t = seconds(60); t < seconds(61); t += milliseconds(1)) {
    stage.when(t, "perhaps", [&stage, cut](Cast& cast) {
      if (!*cut && !cast.watch(0).journal().state().doing.empty()) {
        *cut = true;
        stage.world.set_ssh("cache001.arcus", false);
      }
    });
  }
  stage.edit(seconds(62), before);
  stage.when(seconds(65), "ssh works", [&](Cast&) {
    CHECK(stops(stage) == 0);
    stage.world.set_ssh("cache001.arcus", true);
  });
  stage.kill(seconds(120), kFirst);
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::action_failed, "^restart cache node 10.0.0.1:11211") == 1);
  CHECK(told.count(Kind::node_gone, kFirst) == 1);
}

}  // namespace
}  // namespace arcform::sim
