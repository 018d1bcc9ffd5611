// SPDX-License-Identifier: Apache-2.0
#include "model/damping.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"

namespace arcform {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Ten hosts with one node each, and their controller.
struct Watched {
  DesiredState desired =
      a_spec().with_hosts(10).with_ensemble(3).with_cloud("shop").with_nodes(1).build();
  ObservedState observed = ideal(desired);
  Damping memory;
  Mandate mandate;
  DampingLimits limits;
  Moment now = seconds(1000);

  Watched() {
    desired.digest = "one";
    tree_in(observed).record.revision = 3;
    mandate.approved = true;
  }
  void look(Moment later = seconds(1)) {
    now += later;
    memory = note_look(std::move(memory), sight(desired, observed), now, limits);
  }
  void trust() {
    look();
    look(limits.quarantine);
    look();
  }
  Permission permission() const {
    const Plan wanted = plan(desired, observed, {});
    return permit(memory, sight(desired, observed), wanted, mandate, now, limits);
  }
  /// Why the only step is not done.
  std::string why_not() const {
    const Permission out = permission();
    REQUIRE(out.why_not.size() == 1);
    return out.why_not.front();
  }
  void kill(int host, bool ephemeral_stands = true) {
    kill_node(observed, desired.hosts[static_cast<std::size_t>(host - 1)].name, node(host),
              ephemeral_stands);
  }
  static Endpoint node(int host) { return at("10.0.0." + std::to_string(host) + ":11211"); }
  void revive() {
    const std::uint64_t revision = tree_in(observed).record.revision;
    observed = ideal(desired);
    tree_in(observed).record.revision = revision;
  }
  /// Dies, is seen, is started again.
  void crash(int host) {
    kill(host);
    look();
    revive();
    memory = note_started(std::move(memory), node(host), now);
    look();
  }
};

TEST_CASE("the first death is healed at once") {
  Watched it;
  it.trust();
  it.kill(2);
  it.look();
  CHECK(it.why_not().empty());
}

TEST_CASE("a dead node is healed during the quarantine too") {
  Watched it;
  it.look();
  it.kill(2);
  it.look();
  CHECK(it.why_not().empty());
}

TEST_CASE("a crash loop backs off, twice as long each time, up to a cap") {
  const DampingLimits limits;
  CHECK(backoff(1, limits) == seconds(0));
  CHECK(backoff(2, limits) == seconds(10));
  CHECK(backoff(3, limits) == seconds(20));
  CHECK(backoff(4, limits) == seconds(40));
  CHECK(backoff(7, limits) == seconds(300));
  CHECK(backoff(1000, limits) == seconds(300));

  Watched it;
  it.trust();
  it.crash(2);
  it.kill(2);
  it.look();
  CHECK(it.why_not().find("backs off for 10 s after 2 failures") != std::string::npos);
  CHECK(it.permission().look_again == it.now + seconds(10));
  it.look(seconds(9));
  CHECK_FALSE(it.why_not().empty());
  it.look(seconds(1));
  CHECK(it.why_not().empty());
}

TEST_CASE("ten healthy minutes forgive") {
  Watched it;
  it.trust();
  it.crash(2);
  it.look(minutes(11));
  it.kill(2);
  it.look();
  CHECK(it.why_not().empty());
}

TEST_CASE("more than five failures in half an hour freeze a node") {
  Watched it;
  it.trust();
  for (int i = 0; i < 5; ++i) {
    it.crash(2);
    it.look(minutes(4));
  }
  it.kill(2);
  it.look(minutes(4));
  it.look(minutes(6));
  CHECK(it.why_not().find("frozen") != std::string::npos);
  CHECK(it.permission().alarms.size() == 1);
  SECTION("a person releases it") {
    it.memory = release(it.memory, "node:10.0.0.2:11211");
    CHECK(it.why_not().empty());
  }
  SECTION("releasing another does not") {
    it.memory = release(it.memory, "node:10.0.0.3:11211");
    CHECK_FALSE(it.why_not().empty());
  }
  SECTION("time does not") {
    it.look(minutes(100));
    CHECK_FALSE(it.why_not().empty());
  }
}

TEST_CASE("starts that fail count as failures") {
  Watched it;
  it.trust();
  it.kill(2);
  it.look();
  for (int i = 0; i < 5; ++i) {
    it.memory = note_start_failed(it.memory, Watched::node(2), it.now, it.limits);
  }
  it.look(minutes(6));
  CHECK(it.why_not().find("frozen") != std::string::npos);
}

TEST_CASE("a freeze recorded by an earlier leader holds") {
  Watched it;
  it.trust();
  it.kill(2);
  it.look();
  it.mandate.freezes = {{"node:10.0.0.2:11211", "", "6 failures", "bob", "", "one"}};
  CHECK(it.why_not().find("frozen: 6 failures") != std::string::npos);
}

TEST_CASE("when many nodes go at once, the view is suspect until two witnesses agree") {
  Watched it;
  it.trust();
  for (int host = 1; host <= 4; ++host) {
    it.kill(host);
  }
  it.look();
  const Permission suspect = it.permission();
  REQUIRE(suspect.why_not.size() == 4);
  for (const std::string& why : suspect.why_not) {
    CHECK(why.find("suspect") != std::string::npos);
  }
  CHECK(suspect.alarms.size() == 1);
  CHECK(suspect.look_again);
  for (int host = 1; host <= 4; ++host) {
    remove_join(it.observed, Watched::node(host));
  }
  it.look(seconds(30));
  for (const std::string& why : it.permission().why_not) {
    CHECK(why.empty());
  }
}

TEST_CASE("three of ten is no mass") {
  Watched it;
  it.trust();
  for (int host = 1; host <= 3; ++host) {
    it.kill(host);
    it.look();
  }
  for (const std::string& why : it.permission().why_not) {
    CHECK(why.empty());
  }
}

TEST_CASE("nodes that go one after the other within a minute are a mass too") {
  Watched it;
  it.trust();
  for (int host = 1; host <= 4; ++host) {
    it.kill(host);
    it.look(seconds(15));
  }
  CHECK_FALSE(it.permission().why_not.front().empty());
}

TEST_CASE("a second mass event within the cool-down is left to a person") {
  Watched it;
  it.trust();
  for (int round = 0; round < 2; ++round) {
    for (int host = 1; host <= 4; ++host) {
      it.kill(host, false);
    }
    it.look();
    if (round == 0) {
      CHECK(it.permission().why_not.front().empty());
      it.revive();
      it.look(minutes(20));
    }
  }
  it.look(minutes(10));
  CHECK(it.permission().why_not.front().find("left to a person") != std::string::npos);
  SECTION("who resumes") {
    it.memory = release(it.memory, "all");
    CHECK(it.permission().why_not.front().empty());
  }
  SECTION("until the cool-down is over") {
    it.look(minutes(51));
    CHECK(it.permission().why_not.front().empty());
  }
}

TEST_CASE("when many hosts cannot be reached, only what two witnesses agree on is done") {
  Watched it;
  it.trust();
  for (int host = 7; host <= 10; ++host) {
    lose_host(it.observed, it.desired, it.desired.hosts[static_cast<std::size_t>(host - 1)].name);
  }
  it.kill(1);
  it.kill(2, false);
  it.look();
  const Permission out = it.permission();
  REQUIRE(out.why_not.size() == 2);
  CHECK(out.why_not[0].find("suspect") != std::string::npos);
  CHECK(out.why_not[1].empty());
}

TEST_CASE("quarantine: nothing destructive before two whole looks half a minute apart") {
  Watched it;
  it.desired.clouds[0].nodes[0].config.threads = 7;
  it.look();
  CHECK(it.why_not().find("quarantine") != std::string::npos);
  CHECK(it.permission().look_again == it.now + seconds(30));
  it.look(seconds(29));
  CHECK_FALSE(it.why_not().empty());
  it.look(seconds(1));
  CHECK(it.why_not().empty());
  SECTION("and again after ZooKeeper could not be read") {
    const Observation<TreeFacts> tree = it.observed.tree;
    it.observed.tree = Observation<TreeFacts>::unknown("connection lost");
    it.look();
    it.observed.tree = tree;
    it.look();
    CHECK(it.why_not().find("quarantine") != std::string::npos);
  }
}

TEST_CASE("data that is gone from ZooKeeper is left to a person") {
  Watched it;
  it.trust();
  TreeFacts& tree = tree_in(it.observed);
  tree.record.revision = 0;
  tree.record.claims.clear();
  tree.clouds.clear();
  tree.mappings.clear();
  it.look();
  const Permission out = it.permission();
  REQUIRE_FALSE(out.why_not.empty());
  for (const std::string& why : out.why_not) {
    CHECK_FALSE(why.empty());
  }
  REQUIRE_FALSE(out.alarms.empty());
  CHECK(out.alarms.front().find("lost what was recorded") != std::string::npos);
  SECTION("who applies") {
    it.revive();
    tree_in(it.observed).record.revision = 1;
    it.look();
    CHECK(it.permission().alarms.empty());
  }
  SECTION("a controller that starts then sees it as well") {
    it.memory = Damping{};
    it.look();
    CHECK(it.permission().alarms.front().find("lost") != std::string::npos);
  }
}

TEST_CASE("watch.heal and watch.rollout are obeyed") {
  Watched it;
  it.trust();
  it.kill(2);
  it.look();
  it.mandate.policy.heal = false;
  CHECK(it.why_not().find("watch.heal") != std::string::npos);

  Watched other;
  other.desired.clouds[0].nodes[0].config.threads = 7;
  other.trust();
  other.mandate.policy.rollout = WatchPolicy::Rollout::approve;
  CHECK(other.why_not().empty());
  other.mandate.approved = false;
  CHECK(other.why_not().find("approval") != std::string::npos);
  CHECK(other.permission().to_approve == std::vector<StepId>{0});
  other.mandate.approved_steps = {0};
  CHECK(other.why_not().empty());
  CHECK(other.permission().to_approve.empty());
}

}  // namespace
}  // namespace arcform
