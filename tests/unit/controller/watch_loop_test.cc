// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <catch2/catch.hpp>

#include "model/znodes.h"
#include "specs/watch_records.h"
#include "tests/unit/controller/watch_stage.h"

namespace arcform::sim {
namespace {

WatchStory::Happening kills(SimWorld& world, Time after, const std::string& node) {
  return {after, "kill " + node, [&world, node](Cast&) { world.kill_node(at(node)); }};
}

TEST_CASE("a node that is killed is back within a second and a half") {
  Stage stage;
  WatchStory story;
  story.happenings.push_back(kills(stage.world, seconds(40), "10.0.0.2:11211"));
  const Time begun = stage.world.now();
  const Told told = run_watch(stage.world, stage.desired, story).front();
  INFO(told.text());
  const Time killed = begun + seconds(40);
  CHECK(told.first(Kind::node_gone, "10.0.0.2:11211") - killed <= seconds(1));
  CHECK(told.first(Kind::action_done, "start cache node 10.0.0.2:11211") - killed <=
        milliseconds(1500));
  CHECK(stage.world.joined("test-cloud").size() == 6);
  CHECK(told.count(Kind::action_failed) == 0);
}

TEST_CASE("a host that has fallen silent is not asked again until it is back") {
  Stage stage;
  const std::string host = "cache003.arcus";
  std::string why;
  stage.story.length = minutes(5);
  // Our commands alone: the ensemble keeps its servers, and the watcher its session.
  stage.when(seconds(40), "silent", [&](Cast&) { stage.world.set_ssh(host, false); });
  stage.kill(seconds(90), "10.0.0.1:11211");
  stage.when(seconds(100), "look", [&](Cast& cast) {
    const ObservedState& seen = cast.watch(0).journal().state().last->observed;
    why = seen.hosts.at(host).is_unknown() ? seen.hosts.at(host).why() : "known";
  });
  stage.when(seconds(150), "back", [&](Cast&) { stage.world.set_ssh(host, true); });
  const Told& told = stage.tell();
  INFO(told.text());
  CHECK(why.ends_with("; it is looked at again once it answers"));
  CHECK(told.first(Kind::action_done, "start cache node 10.0.0.1:11211") - stage.begun <=
        seconds(90) + milliseconds(1500));
  CHECK(told.state().counters.triggers.at("host is back") == 1);
  CHECK(told.state().last->plan.converged());
  CHECK(told.count(Kind::action_failed) == 0);
}

TEST_CASE("a watcher leaves neither lock nor place in the election") {
  Stage stage;
  const Told told = run_watch(stage.world, stage.desired, {}).front();
  INFO(told.text());
  CHECK(told.state().counters.elections_won == 1);
  CHECK(told.count(Kind::action_started) == 0);
  CHECK(stage.world.tree().find(znodes::lock("seoul-prod")) == nullptr);
  CHECK(stage.world.tree().find(znodes::controllers("seoul-prod"))->children.empty());
}

TEST_CASE("a world that is as it should be is looked at once per period and never changed") {
  Stage stage;
  WatchStory story;
  story.length = minutes(30);
  const std::uint64_t before = stage.world.mutations();
  const Told told = run_watch(stage.world, stage.desired, story).front();
  INFO(told.text());
  // Its place in the election and its epoch; nothing else.
  CHECK(stage.world.mutations() - before <= 5);
  CHECK(told.state().counters.rounds >= 59);
  CHECK(told.state().counters.rounds <= 66);
}

TEST_CASE("a changed spec rolls out, one node at a time") {
  Stage stage;
  WatchStory story;
  story.length = minutes(5);
  const DesiredState next = spec(6);
  story.happenings.push_back({seconds(40), "edit", [&](Cast& cast) {
                                stage.rules.expect(next);
                                cast.leader().follow_spec(next);
                              }});
  const Told told = run_watch(stage.world, stage.desired, story).front();
  INFO(told.text());
  CHECK(told.count(Kind::action_done, "^restart cache node") == 6);
  CHECK(told.count(Kind::node_gone) == 0);
  CHECK(told.count(Kind::spec_changed) == 1);
}

TEST_CASE("a dead node is healed in the middle of a rollout") {
  Stage stage;
  WatchStory story;
  story.length = minutes(6);
  const DesiredState next = spec(6);
  story.happenings.push_back({seconds(40), "edit", [&](Cast& cast) {
                                stage.rules.expect(next);
                                cast.leader().follow_spec(next);
                              }});
  story.happenings.push_back(kills(stage.world, seconds(50), "10.0.0.3:11212"));
  const Time begun = stage.world.now();
  const Told told = run_watch(stage.world, stage.desired, story).front();
  INFO(told.text());
  CHECK(told.first(Kind::action_done, "start cache node 10.0.0.3:11212") - begun <= seconds(53));
  CHECK(stage.world.joined("test-cloud").size() == 6);
}

TEST_CASE("nothing destructive happens in the first half minute") {
  Stage stage;
  const DesiredState next = spec(6);
  stage.rules.expect(next);
  WatchStory story;
  story.length = minutes(1);
  const Time begun = stage.world.now();
  const Told told = run_watch(stage.world, next, story).front();
  INFO(told.text());
  CHECK(told.count(Kind::withheld, "quarantine") > 0);
  CHECK(told.first(Kind::action_started, "^restart") - begun >= seconds(30));
  CHECK(told.first(Kind::action_started, "^restart") - begun <= seconds(35));
}

TEST_CASE("without a quorum a watcher only looks, and goes on by itself") {
  Stage stage;
  WatchStory story;
  story.length = minutes(4);
  story.happenings.push_back({seconds(40), "cut", [&](Cast&) { stage.world.cut_controller(); }});
  story.happenings.push_back({seconds(100), "mend", [&](Cast&) { stage.world.mend_controller(); }});
  story.happenings.push_back(kills(stage.world, seconds(60), "10.0.0.2:11211"));
  const Told told = run_watch(stage.world, stage.desired, story).front();
  INFO(told.text());
  CHECK(told.count(Kind::mode_changed, "observing") >= 1);
  CHECK(told.first(Kind::action_done, "start cache node 10.0.0.2:11211") != Time::max());
  CHECK(stage.world.joined("test-cloud").size() == 6);
}

TEST_CASE("a watcher whose session hangs looks less and less often") {
  Stage stage;
  std::uint64_t before = 0;
  stage.when(seconds(60), "cut off", [&](Cast& cast) {
    before = cast.watch(0).journal().state().counters.rounds;
    cast.cut_off(0, true);
  });
  stage.when(seconds(90), "and back", [&](Cast& cast) {
    CHECK(cast.watch(0).journal().state().counters.rounds - before <= 10);
    cast.cut_off(0, false);
  });
  stage.kill(seconds(100), "10.0.0.2:11211");
  const Told& told = stage.tell();
  INFO(told.text());
  CHECK(told.count(Kind::mode_changed, "observing") == 1);
  CHECK(stage.up() == 6);
}

TEST_CASE("a spec of another deployment is refused, and the one that is watched goes on") {
  Stage stage;
  stage.story.controllers = 2;
  DesiredState other = spec(6);
  other.deployment = "other";
  std::string refused;
  stage.when(seconds(60), "edit", [&](Cast& cast) {
    cast.leader().follow_spec(other);
    refused = cast.leader().journal().state().spec_error;
  });
  stage.kill(seconds(70), "10.0.0.2:11211");
  stage.tell();
  INFO(stage.all);
  CHECK(refused.find("deployment \"other\"") != std::string::npos);
  CHECK(stage.told[0].count(Kind::spec_refused, "restart the watcher") == 1);
  CHECK(stage.told[0].count(Kind::action_done, "^start cache node 10.0.0.2:11211") == 1);
  CHECK(stage.up() == 6);
}

TEST_CASE("a second controller stands by and takes over") {
  Stage stage;
  WatchStory story;
  story.controllers = 2;
  story.length = minutes(2);
  story.happenings.push_back(
      {seconds(40), "stop the leader", [](Cast& cast) { cast.leader().stop(); }});
  story.happenings.push_back(kills(stage.world, seconds(60), "10.0.0.2:11211"));
  const std::vector<Told> told = run_watch(stage.world, stage.desired, story);
  INFO(told[0].text() << "----\n" << told[1].text());
  CHECK(told[0].count(Kind::mode_changed, "leading") +
            told[1].count(Kind::mode_changed, "leading") ==
        2);
  CHECK(told[0].count(Kind::action_done) + told[1].count(Kind::action_done) == 1);
  CHECK(stage.world.joined("test-cloud").size() == 6);
}

}  // namespace
}  // namespace arcform::sim
