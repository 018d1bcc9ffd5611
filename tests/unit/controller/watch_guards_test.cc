// SPDX-License-Identifier: Apache-2.0
// What a watching controller does not do, however things look: see the table in README.md here.
#include "model/znodes.h"
#include "tests/unit/controller/watch_stage.h"

namespace arcform::sim {
namespace {

void kill_three(Stage& stage, Time after) {
  stage.kill(after, "10.0.0.1:11211");
  stage.kill(after, "10.0.0.2:11211");
  stage.kill(after, "10.0.0.3:11211");
}

/// Kills the node whenever it is up, for so long.
void keeps_dying(Stage& stage, Time from, Time until, const std::string& node) {
  for (Time t = from; t < until; t += seconds(1)) {
    stage.when(t, "crash " + node, [&stage, node](Cast&) {
      if (stage.world.node(at(node)) != nullptr) {
        stage.world.kill_node(at(node));
      }
    });
  }
}

TEST_CASE("when half of the nodes go at once, only what two witnesses agree on is done") {
  Stage stage;
  stage.story.length = minutes(5);
  kill_three(stage, seconds(60));
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::alarm, "3 nodes went away together") == 1);
  CHECK(told.first(Kind::alarm, "went away together") - stage.begun <= seconds(62));
  // Their sessions live on for up to 30 s: until then ZooKeeper contradicts the hosts.
  const Time started = told.first(Kind::action_started, "^start cache node");
  CHECK(stage.since(started) >= seconds(80));
  CHECK(stage.since(started) <= seconds(60 + 30 + 25));
  CHECK(told.count(Kind::action_done, "^start cache node") == 3);
  CHECK(stage.up() == 6);
}

TEST_CASE("while the view is suspect, a changed spec waits") {
  Stage stage;
  stage.story.length = minutes(8);
  kill_three(stage, seconds(60));
  const DesiredState next = spec(6);
  stage.edit(seconds(62), next);
  const Told& told = stage.tell();
  INFO(stage.all);
  const Time last = told.times(Kind::action_done, "^start cache node").back();
  CHECK(told.first(Kind::action_started, "^restart cache node") >= last + seconds(30));
  CHECK(told.count(Kind::action_done, "^restart cache node") >= 3);
  CHECK(stage.up() == 6);
}

TEST_CASE("a second mass event within an hour is left to a person") {
  Stage stage;
  stage.story.length = minutes(20);
  kill_three(stage, seconds(60));
  kill_three(stage, minutes(8));
  stage.when(minutes(14), "resume", [](Cast& cast) {
    cast.command([](ZnodeSession& session, Request request) -> Awaitable<void> {
      const auto done = co_await resume_scope(session, std::move(request), "all");
      CHECK(done);
    });
  });
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::alarm, "left to a person") == 1);
  CHECK(told.count(Kind::action_started, "^start cache node", stage.begun + minutes(8)) == 3);
  CHECK(stage.since(told.first(Kind::action_started, "", stage.begun + minutes(8))) >= minutes(14));
  CHECK(stage.up() == 6);
}

TEST_CASE("when most hosts cannot be reached, the view is suspect") {
  Stage stage;
  stage.story.length = minutes(6);
  const DesiredState next = spec(6);
  stage.when(seconds(60), "ssh fails", [&stage](Cast&) {
    stage.world.set_ssh("cache002.arcus", false);
    stage.world.set_ssh("cache003.arcus", false);
  });
  stage.edit(seconds(70), next);
  stage.when(minutes(3), "ssh works", [&stage](Cast&) {
    stage.world.set_ssh("cache002.arcus", true);
    stage.world.set_ssh("cache003.arcus", true);
  });
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::alarm, "too many hosts cannot be reached") == 1);
  CHECK(stage.since(told.first(Kind::action_started, "")) >= minutes(3) + seconds(30));
  CHECK(told.count(Kind::action_done, "^restart cache node") >= 1);
}

TEST_CASE("what a host that cannot be reached runs is unknown, not stopped") {
  Stage stage;
  stage.story.length = minutes(5);
  stage.when(seconds(60), "ssh fails",
             [&stage](Cast&) { stage.world.set_ssh("cache002.arcus", false); });
  stage.kill(seconds(70), "10.0.0.2:11211");
  stage.kill(seconds(71), "10.0.0.3:11211");
  stage.when(minutes(3), "ssh works",
             [&stage](Cast&) { stage.world.set_ssh("cache002.arcus", true); });
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(stage.since(told.first(Kind::action_done, "10.0.0.3:11211")) <= seconds(75));
  CHECK(stage.since(told.first(Kind::action_started, "10.0.0.2:11211")) >= minutes(3));
  CHECK(told.count(Kind::action_started) == 2);
  CHECK(stage.up() == 6);
}

TEST_CASE("a crash loop backs off, then is frozen until a person resumes it") {
  Stage stage;
  stage.story.length = minutes(30);
  const std::string node = "10.0.0.2:11211";
  keeps_dying(stage, seconds(60), minutes(20), node);
  stage.when(minutes(22), "resume", [](Cast& cast) {
    cast.command([](ZnodeSession& session, Request request) -> Awaitable<void> {
      const auto done = co_await resume_scope(session, std::move(request), "node:10.0.0.2:11211");
      CHECK((done && *done));
    });
  });
  const Told& told = stage.tell();
  INFO(stage.all);
  const std::vector<Time> starts = told.times(Kind::action_started, "^start cache node " + node);
  REQUIRE(starts.size() == 6);
  for (std::size_t i = 1; i < 5; ++i) {  // 10, 20, 40, 80 s after it died.
    CHECK(starts[i] - starts[i - 1] >= seconds(10 << (i - 1)));
    // And the 10 s that a start waits for a node that died before it answered.
    CHECK(starts[i] - starts[i - 1] <= seconds((10 << (i - 1)) + 16));
  }
  CHECK(told.count(Kind::alarm, "node 10.0.0.2:11211 is frozen") == 1);
  CHECK(stage.since(starts[5]) >= minutes(22));
  CHECK(stage.since(starts[5]) <= minutes(22) + seconds(5));
  CHECK(stage.up() == 6);
}

TEST_CASE("a changed spec releases a frozen node") {
  Stage stage;
  stage.story.length = minutes(25);
  const std::string node = "10.0.0.2:11211";
  const DesiredState next = spec(6);
  keeps_dying(stage, seconds(60), minutes(15), node);
  stage.edit(minutes(17), next);
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::alarm, "node 10.0.0.2:11211 is frozen") == 1);
  CHECK(stage.since(told.first(Kind::action_done, "^start cache node " + node,
                               stage.begun + minutes(15))) <= minutes(17) + seconds(40));
  CHECK(stage.up() == 6);
}

TEST_CASE("who leads next leaves a frozen node alone too") {
  Stage stage;
  stage.story.length = minutes(25);
  stage.story.controllers = 2;
  const std::string node = "10.0.0.2:11211";
  keeps_dying(stage, seconds(60), minutes(15), node);
  stage.when(minutes(17), "stop the leader", [](Cast& cast) { cast.leader().stop(); });
  stage.tell();
  INFO(stage.all);
  CHECK(stage.told[0].count(Kind::action_started) == 5);
  CHECK(stage.told[1].count(Kind::mode_changed, "leading") == 1);
  CHECK(stage.told[1].count(Kind::action_started) == 0);
  CHECK(stage.told[1].count(Kind::withheld, "frozen: ") >= 1);
  CHECK(stage.up() == 5);
}

TEST_CASE("without a quorum nothing is done until a person has brought it back") {
  Stage stage;
  stage.story.length = minutes(6);
  stage.when(seconds(60), "two of three servers die", [&stage](Cast&) {
    stage.world.kill_server("cache001.arcus");
    stage.world.kill_server("cache002.arcus");
  });
  stage.kill(seconds(70), "10.0.0.3:11212");
  stage.when(minutes(3), "bob applies", [&stage](Cast& cast) { cast.apply(stage.desired); });
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::mode_changed, "observing") >= 1);
  CHECK(stage.since(told.first(Kind::action_started, "")) >= minutes(3));
  const Time back = told.first(Kind::mode_changed, "leading", stage.begun + minutes(3));
  CHECK(stage.since(back) <= minutes(4));
  CHECK(told.state().mode == WatchMode::stopping);
  CHECK(stage.up() == 6);
}

TEST_CASE("ZooKeeper's data wiped: alarm and plan, nothing is done without a person") {
  Stage stage;
  stage.story.length = minutes(8);
  std::uint64_t before = 0;
  stage.when(seconds(60), "wipe", [&](Cast&) {
    stage.world.delete_znode("/arcform");
    stage.world.delete_znode("/arcus");
    before = stage.world.log_with(" start ").size();
  });
  std::size_t actions = 0;
  stage.when(minutes(4), "bob applies", [&](Cast& cast) {
    actions = cast.watch(0).journal().state().last->plan.steps.size();
    CHECK(stage.world.log_with(" start ").size() == before);
    CHECK(cast.watch(0).journal().state().counters.actions_done.empty());
    cast.apply(stage.desired);
  });
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::alarm, "lost what was recorded") == 1);
  CHECK(actions > 0);
  CHECK(stage.since(told.first(Kind::action_started, "")) >= minutes(4));
  CHECK(stage.up() == 6);
}

TEST_CASE("a record that went back in time is another ensemble's") {
  Stage stage;
  stage.desired.digest = "threads-4";
  const DesiredState next = spec(6);
  stage.rules.expect(next);
  const std::string applied = znodes::applied("seoul-prod");
  const std::string old = stage.world.tree().find(applied)->data;
  REQUIRE(run_apply(stage.world, next).result.outcome == Outcome::converged);
  stage.desired = next;
  stage.begun = stage.world.now();
  stage.story.length = minutes(4);
  stage.when(seconds(60), "restored from a backup",
             [&](Cast&) { stage.world.set_znode(applied, old); });
  stage.kill(seconds(90), "10.0.0.2:11211");
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::alarm, "lost what was recorded") == 1);
  CHECK(told.count(Kind::action_started) == 0);
}

TEST_CASE("a rollout ends at the node that does not stay up") {
  Stage stage;
  stage.story.length = minutes(15);
  const DesiredState next = spec(6);
  stage.edit(seconds(60), next);
  keeps_dying(stage, seconds(61), minutes(14), "10.0.0.1:11211");
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::action_started, "^restart cache node 10.0.0.1:11211") == 1);
  CHECK(told.count(Kind::action_started, "^restart cache node") == 1);
  CHECK(told.count(Kind::alarm, "node 10.0.0.1:11211 is frozen") == 1);
  CHECK(stage.up() == 5);
}

TEST_CASE("a server that dies is brought back while the others keep the quorum") {
  Stage stage;
  stage.story.length = minutes(4);
  stage.when(seconds(60), "a server dies",
             [&stage](Cast&) { stage.world.kill_server("cache002.arcus"); });
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::action_started, "^start") == 1);
  CHECK(told.count(Kind::action_done, "cache002.arcus") == 1);
  CHECK(stage.up() == 6);
}

TEST_CASE("a spec that lists much less removes nothing by itself") {
  Stage stage;
  stage.story.length = minutes(4);
  DesiredState next = spec();
  next.digest = "fewer";
  next.clouds[0].nodes.resize(2);
  stage.edit(seconds(60), next);
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::action_started) == 0);
  CHECK(told.state().last->plan.holds(Hold::guard));
  CHECK(stage.up() == 6);
}

TEST_CASE("a stranger on a node's port is left alone") {
  Stage stage;
  stage.story.length = minutes(4);
  stage.when(seconds(60), "a stranger takes the port", [&stage](Cast&) {
    stage.world.kill_node(at("10.0.0.2:11211"));
    stage.world.add_foreign_process("cache002.arcus", 11211);
  });
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::action_started) == 0);
  CHECK(told.state().last->plan.holds(Hold::foreign));
  const Process* const there = stage.world.machine("cache002.arcus").listener(11211);
  REQUIRE(there != nullptr);
  CHECK(there->argv.front() == "/usr/bin/nc");
}

TEST_CASE("what fails again and again is tried less and less often") {
  Stage stage;
  stage.story.length = minutes(20);
  const DesiredState next = spec(6);
  stage.when(seconds(50), "a disk fills up",
             [&stage](Cast&) { stage.world.machine("cache002.arcus").disk_full = true; });
  stage.edit(seconds(60), next);
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::action_failed) >= 2);
  CHECK(told.state().counters.rounds <= 20 * 2 + 60);
}

TEST_CASE("a wall clock that jumps changes nothing") {
  Stage stage;
  stage.story.length = minutes(5);
  const DesiredState next = spec(6);
  stage.when(seconds(10), "an hour back", [&stage](Cast&) {
    stage.world.core().clock().move_wall_clock(-std::chrono::hours(1));
  });
  stage.edit(seconds(12), next);
  stage.when(seconds(20), "two hours on", [&stage](Cast&) {
    stage.world.core().clock().move_wall_clock(std::chrono::hours(2));
  });
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(stage.since(told.first(Kind::action_started, "^restart")) >= seconds(30));
  CHECK(told.count(Kind::action_done, "^restart cache node") == 6);
}

}  // namespace
}  // namespace arcform::sim
