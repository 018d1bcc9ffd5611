// SPDX-License-Identifier: Apache-2.0
// Several controllers: one leads, and one that only believes it does can do no harm.
#include "model/znodes.h"
#include "tests/unit/controller/watch_stage.h"

namespace arcform::sim {
namespace {

constexpr seconds kSessionTimeout{10};

std::size_t starts(const SimWorld& world, const std::string& slot, const std::string& host) {
  return world.log_with("host " + host + " start " + slot).size();
}

TEST_CASE("of three controllers one leads; the next takes over within the session timeout") {
  Stage stage;
  stage.story.controllers = 3;
  stage.story.length = minutes(3);
  std::size_t first = 0;
  stage.when(seconds(60), "the leader is killed", [&first](Cast& cast) {
    first = cast.leading();
    cast.freeze(first);
  });
  stage.kill(seconds(61), "10.0.0.2:11211");
  stage.tell();
  INFO(stage.all);
  CHECK(stage.told[first].state().mode == WatchMode::leading);  // As far as it knew.
  CHECK(stage.told[first].count(Kind::action_started) == 0);
  std::vector<Time> all;
  std::size_t healed = 0;
  for (const Told& told : stage.told) {
    const std::vector<Time> led = told.times(Kind::mode_changed, "leading");
    all.insert(all.end(), led.begin(), led.end());
    healed += told.count(Kind::action_done, "10.0.0.2:11211");
  }
  REQUIRE(all.size() == 2);
  const Time taken = std::max(all[0], all[1]);
  CHECK(healed == 1);
  for (const Told& told : stage.told) {  // Who stands by leaves the dead node alone until then.
    CHECK(told.first(Kind::action_started, "") >= taken);
  }
  // The leader of the ensemble looks for expired sessions once per tick.
  CHECK(stage.since(taken) <= seconds(60) + kSessionTimeout + seconds(2));
  CHECK(stage.up() == 6);
}

TEST_CASE("those who stand by change nothing") {
  Stage stage;
  stage.story.controllers = 2;
  stage.story.length = minutes(3);
  stage.kill(seconds(60), "10.0.0.2:11211");
  stage.tell();
  INFO(stage.all);
  CHECK(stage.told[0].count(Kind::action_done) == 1);
  CHECK(stage.told[1].count(Kind::action_started) == 0);
  CHECK(starts(stage.world, "node-11211", "cache002.arcus") == 2);
}

TEST_CASE("after a change of the leader nothing destructive happens for half a minute") {
  Stage stage;
  stage.story.controllers = 2;
  stage.story.length = minutes(5);
  const DesiredState next = spec(6);
  stage.when(seconds(60), "stop the leader", [](Cast& cast) { cast.leader().stop(); });
  stage.edit(seconds(61), next);
  stage.tell();
  INFO(stage.all);
  const Time taken = stage.told[1].first(Kind::mode_changed, "leading");
  CHECK(stage.since(taken) <= seconds(62));
  CHECK(stage.told[1].first(Kind::action_started, "^restart") - taken >= seconds(30));
  CHECK(stage.told[1].count(Kind::action_done, "^restart cache node") >= 5);
}

TEST_CASE("who leads again has forgotten what it saw the first time") {
  Stage stage;
  stage.story.controllers = 2;
  stage.story.length = minutes(6);
  const DesiredState next = spec(6);
  stage.when(seconds(60), "ZooKeeper is cut off", [](Cast& cast) { cast.cut_off(0, true); });
  stage.when(seconds(80), "and back", [](Cast& cast) { cast.cut_off(0, false); });
  stage.when(seconds(120), "stop the leader", [](Cast& cast) { cast.watch(1).stop(); });
  stage.edit(seconds(121), next);
  stage.tell();
  INFO(stage.all);
  CHECK(stage.told[0].count(Kind::mode_changed, "observing") == 1);
  CHECK(stage.since(stage.told[1].first(Kind::mode_changed, "leading")) <= seconds(73));
  const Time again = stage.told[0].first(Kind::mode_changed, "leading", stage.begun + seconds(90));
  CHECK(stage.since(again) <= seconds(122));
  CHECK(stage.told[0].first(Kind::action_started, "^restart") - again >= seconds(30));
}

/// The leader stops for good in the middle of a rollout, and a node of a host on which a step of
/// it was on its way dies. Then it goes on.
void freeze_in_a_rollout(Stage& stage, const DesiredState& next, Time frozen, Time let_go) {
  stage.story.controllers = 2;
  stage.story.length = let_go + minutes(6);
  stage.edit(seconds(60), next);
  stage.when(frozen, "the leader stops", [](Cast& cast) { cast.freeze(0); });
  stage.when(let_go, "and goes on", [](Cast& cast) { cast.let_go(0); });
}

TEST_CASE("a leader that was stopped in a rollout does nothing when it goes on") {
  std::size_t refused = 0;
  std::size_t refused_early = 0;
  // At whatever moment of its first step, and often while that changes the host.
  for (int ms = 0; ms < 420; ms += ms >= 33 && ms < 81 ? 3 : 11) {
    Stage stage;
    const DesiredState next = spec(6);
    const Time frozen = seconds(60) + milliseconds(40 + ms);
    // Late, or as soon as another leads, before that one has done anything.
    const Time asleep = ms % 2 == 0 ? Time(minutes(2)) : Time(seconds(13));
    freeze_in_a_rollout(stage, next, frozen, frozen + asleep);
    stage.tell();
    INFO("stopped at " << seconds_text(stage.begun + frozen) << stage.all);
    const Time gone = stage.begun + frozen;
    CHECK(stage.told[1].first(Kind::mode_changed, "leading") - gone <=
          kSessionTimeout + seconds(2));
    CHECK(stage.told[0].count(Kind::action_started, "", gone) == 0);
    CHECK(stage.told[0].count(Kind::mode_changed, "standby", gone) == 1);
    const std::size_t no =
        stage.told[0].count(Kind::action_failed, "a later holder of the lock", gone);
    refused += no;
    refused_early += asleep < minutes(1) ? no : 0;
    // Every node was started when it was set up and once with the changed spec.
    for (const char* const host : {"cache001.arcus", "cache002.arcus", "cache003.arcus"}) {
      CHECK(starts(stage.world, "node-11211", host) == 2);
      CHECK(starts(stage.world, "node-11212", host) == 2);
    }
    CHECK(stage.up() == 6);
  }
  CHECK(refused > 5);
  CHECK(refused_early > 2);
}

TEST_CASE("a write of a leader whose epoch is over is refused by its check") {
  Stage stage;
  const DesiredState before = spec();
  DesiredState next = before;
  next.digest = "more";
  for (DesiredNode node : before.clouds[0].nodes) {
    if (node.endpoint.port == 11212) {
      node.endpoint.port = 11213;
      next.clouds[0].nodes.push_back(node);
    }
  }
  std::sort(next.clouds[0].nodes.begin(), next.clouds[0].nodes.end(),
            [](const DesiredNode& a, const DesiredNode& b) { return a.endpoint < b.endpoint; });
  stage.story.controllers = 2;
  stage.story.length = minutes(4);
  stage.edit(seconds(60), next);
  // Its lock is held, the mappings are on their way: its session lives, and somebody takes its
  // lock and its place away meanwhile, so that nothing but the check of the epoch is left.
  bool caught = false;
  for (int ms = 60'000; ms < 61'000; ++ms) {
    stage.when(milliseconds(ms), "perhaps", [&](Cast& cast) {
      const auto& doing = cast.watch(0).journal().state().doing;
      if (caught || doing.empty()) {
        return;
      }
      caught = true;
      CHECK(doing.front().text.find("map") != std::string::npos);
      cast.freeze(0);
      stage.world.delete_znode(znodes::lock("seoul-prod"));
      const std::string all = znodes::controllers("seoul-prod");
      const std::set<std::string> places = stage.world.tree().find(all)->children;
      for (const std::string& place : places) {
        const std::string path = all + "/" + place;
        if (stage.world.tree().find(path)->data.find("ann@ops1 ") != std::string::npos) {
          stage.world.delete_znode(path);
        }
      }
      stage.world.core().clock().after(seconds(5), "goes on", [&cast] { cast.let_go(0); });
    });
  }
  stage.tell();
  INFO(stage.all);
  REQUIRE(caught);
  CHECK(stage.told[0].count(Kind::action_done, "^start") == 0);
  CHECK(stage.told[0].count(Kind::action_failed, "the lock is lost: somebody else") == 1);
  CHECK(stage.told[0].count(Kind::mode_changed, "standby") == 1);
  CHECK(stage.told[1].count(Kind::action_done, "^start cache node") == 3);
  CHECK(stage.up() == 9);
}

TEST_CASE("a controller that slept is not trusted at once") {
  Stage stage;
  stage.story.length = minutes(4);
  const DesiredState next = spec(6);
  stage.when(seconds(60), "sleep", [](Cast& cast) { cast.freeze(0); });
  stage.when(seconds(120), "wake", [](Cast& cast) { cast.let_go(0); });
  stage.edit(seconds(121), next);
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::mode_changed, "leading", stage.begun + seconds(119)) == 1);
  CHECK(stage.since(told.first(Kind::action_started, "^restart")) >= seconds(150));
}

}  // namespace
}  // namespace arcform::sim
