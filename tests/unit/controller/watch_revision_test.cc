// SPDX-License-Identifier: Apache-2.0
// A person applies another spec than the one that controllers watch.
#include <algorithm>

#include "model/znodes.h"
#include "specs/records.h"
#include "specs/watch_records.h"
#include "tests/unit/controller/watch_stage.h"

namespace arcform::sim {
namespace {

constexpr const char* kAlarm = "another spec than this controller's was applied";

/// What a person has applied is the rule from then on.
void apply(Stage& stage, Time after, const DesiredState& theirs) {
  stage.when(after, "bob applies", [&stage, &theirs](Cast& cast) {
    stage.rules.expect(theirs);
    cast.apply(theirs);
  });
}

/// When the story is there, the spec of the last applied revision.
void read_digest(Stage& stage, Time after, std::string& digest) {
  stage.when(after, "read", [&stage, &digest](Cast&) {
    const auto record = read_applied(stage.world.tree().find(znodes::applied("seoul-prod"))->data);
    REQUIRE(record);
    digest = record->spec_digest;
  });
}

std::size_t nodes_with(Stage& stage, int threads) {
  const std::string wanted = std::to_string(threads);
  std::size_t count = 0;
  for (const DesiredNode& node : stage.desired.clouds[0].nodes) {
    const auto* const running = stage.world.node(node.endpoint);
    if (running != nullptr) {
      const std::vector<std::string>& argv = running->argv;
      const auto flag = std::find(argv.begin(), argv.end(), "-t");
      count += flag != argv.end() && flag + 1 != argv.end() && *(flag + 1) == wanted ? 1U : 0U;
    }
  }
  return count;
}

TEST_CASE("what a person applied later is not driven back to the watcher's file") {
  Stage stage;
  stage.story.length = minutes(20);
  const DesiredState theirs = spec(6);
  apply(stage, seconds(60), theirs);
  stage.kill(minutes(10), "10.0.0.2:11211");
  std::string digest;
  read_digest(stage, minutes(19), digest);
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::alarm, kAlarm) == 1);
  CHECK(told.count(Kind::alarm, "by bob@desk pid 7, at ") == 1);
  CHECK(told.count(Kind::withheld, "another spec was applied since: revision ") >= 6);
  CHECK(told.count(Kind::action_started) == 0);
  CHECK(digest == theirs.digest);
  CHECK(nodes_with(stage, 6) == 5);
  CHECK(stage.up() == 5);
}

TEST_CASE("it goes on when its file is edited after that") {
  Stage stage;
  stage.story.length = minutes(30);
  const DesiredState theirs = spec(6);
  const DesiredState next = spec(8);
  apply(stage, seconds(60), theirs);
  stage.edit(minutes(12), next);
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::alarm, kAlarm) == 1);
  CHECK(stage.since(told.first(Kind::action_started, "")) >= minutes(12));
  CHECK(told.count(Kind::action_done, "^restart cache node") == 6);
  CHECK(told.state().alarms.empty());
  CHECK(nodes_with(stage, 8) == 6);
}

TEST_CASE("it goes on when its own spec is applied again") {
  Stage stage;
  stage.story.length = minutes(30);
  const DesiredState theirs = spec(6);
  const DesiredState ours = stage.desired;
  apply(stage, seconds(60), theirs);
  apply(stage, minutes(10), ours);
  stage.kill(minutes(25), "10.0.0.2:11211");
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::alarm, kAlarm) == 1);
  CHECK(told.state().alarms.empty());
  CHECK(stage.since(told.first(Kind::action_started, "")) >= minutes(25));
  CHECK(stage.up() == 6);
  CHECK(nodes_with(stage, 4) == 6);
}

TEST_CASE("it goes on when a person approves that") {
  Stage stage;
  stage.story.length = minutes(30);
  const DesiredState theirs = spec(6);
  apply(stage, seconds(60), theirs);
  std::string digest;
  stage.when(minutes(12), "approve", [&stage](Cast& cast) {
    const TreeNode* const node = stage.world.tree().find(znodes::proposed("seoul-prod"));
    REQUIRE(node != nullptr);
    const auto proposal = read_proposal(node->data);
    REQUIRE(proposal);
    stage.rules.expect(stage.desired);
    cast.command(
        [hash = proposal->hash](ZnodeSession& session, Request request) -> Awaitable<void> {
          const auto done = co_await approve_rollout(session, std::move(request), hash);
          CHECK(done);
        });
  });
  read_digest(stage, minutes(29), digest);
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::waiting, "wait for \"arcform approve ") >= 1);
  CHECK(stage.since(told.first(Kind::action_started, "")) >= minutes(12));
  CHECK(told.count(Kind::action_done, "^restart cache node") == 6);
  CHECK(told.state().alarms.empty());
  CHECK(digest == stage.desired.digest);
}

TEST_CASE("whoever leads next holds it too") {
  Stage stage;
  stage.story.length = minutes(20);
  stage.story.controllers = 2;
  const DesiredState theirs = spec(6);
  apply(stage, seconds(60), theirs);
  std::size_t first = 0;
  stage.when(minutes(12), "the leader dies", [&first](Cast& cast) {
    first = cast.leading();
    cast.freeze(first);
  });
  stage.tell();
  INFO(stage.all);
  const Told& next = stage.told.at(1 - first);
  CHECK(next.count(Kind::alarm, kAlarm) == 1);
  CHECK(next.count(Kind::action_started) == 0);
  CHECK(nodes_with(stage, 6) == 6);
}

TEST_CASE("what another controller wrote under the same file is not another person's") {
  Stage stage;
  stage.story.length = minutes(20);
  stage.story.controllers = 2;
  const DesiredState next = spec(6);
  stage.edit(seconds(60), next);
  std::size_t first = 0;
  stage.when(minutes(12), "the leader dies", [&first](Cast& cast) {
    first = cast.leading();
    cast.freeze(first);
  });
  stage.kill(minutes(15), "10.0.0.2:11211");
  stage.tell();
  INFO(stage.all);
  const Told& heir = stage.told.at(1 - first);
  CHECK(heir.count(Kind::alarm) == 0);
  CHECK(heir.count(Kind::action_done, "^start cache node 10.0.0.2:11211") == 1);
}

TEST_CASE("a controller that is started on another revision follows its file, as apply does") {
  Stage stage;
  stage.desired = spec(6);
  stage.rules.expect(stage.desired);
  stage.story.length = minutes(10);
  const Told& told = stage.tell();
  INFO(stage.all);
  CHECK(told.count(Kind::alarm) == 0);
  CHECK(nodes_with(stage, 6) == 6);
}

}  // namespace
}  // namespace arcform::sim
