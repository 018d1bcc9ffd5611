// SPDX-License-Identifier: Apache-2.0
// Goal: a saved plan is stale when, and only when, something moved that its steps rely on.
#include "model/facts.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/support/builders.h"

using namespace arcform;

namespace {

constexpr const char* kFirst = "cache node 10.0.0.1:11211 on cache001.arcus: process";

/// three_hosts() where 10.0.0.1:11211 has died: the plan starts it.
struct Died {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired, 2);
  Plan planned;
  PlanFacts facts;

  Died() {
    kill_node(observed, "cache001.arcus", at("10.0.0.1:11211"), true);
    planned = plan(desired, observed, {});
    facts = facts_of(planned, desired, observed);
  }
  std::vector<std::string> moved(const ObservedState& now) const {
    std::vector<std::string> subjects;
    for (const MovedFact& fact : moved_facts(planned, facts, desired, now)) {
      subjects.push_back(fact.subject);
    }
    return subjects;
  }
};

using Subjects = std::vector<std::string>;

}  // namespace

TEST_CASE("a step relies on the process, the znode, the mapping and the package of its node") {
  const Died it;
  REQUIRE(it.planned.steps.size() == 1);
  Subjects subjects;
  for (const std::uint32_t fact : it.facts.of_steps.at(0)) {
    subjects.push_back(it.facts.facts.at(fact).subject);
  }
  CHECK(subjects == Subjects{"/arcus/cache_list/test-cloud/10.0.0.1:11211",
                             "/arcus/cache_server_mapping/10.0.0.1:11211",
                             "/opt/arcus on cache001.arcus", kFirst});
  CHECK(it.moved(it.observed).empty());
}

TEST_CASE("what the steps do not rely on may change") {
  const Died it;
  ObservedState now = it.observed;
  kill_node(now, "cache002.arcus", at("10.0.0.2:11211"));
  pause_node(now, at("10.0.0.3:11211"));
  kill_server(now, "cache001.arcus", 1);
  tree_in(now).service_codes.push_back("another");
  tree_in(now).record.lock_holder = "bob";
  ++tree_in(now).record.epoch_version;
  cloud_in(now, "test-cloud").clients = 7;
  host_in(now, "cache001.arcus").uptime_ticks += 1000;
  CHECK(it.moved(now).empty());
}

TEST_CASE("each fact that has moved is named") {
  const Died it;
  ObservedState now = it.observed;
  SECTION("the node was started by somebody") {
    put_process(host_in(now, "cache001.arcus"), "node-11211", 4711, "memcached", {"memcached"},
                11211);
    CHECK(it.moved(now) == Subjects{kFirst});
  }
  SECTION("its znode went") {
    remove_join(now, at("10.0.0.1:11211"));
    CHECK(it.moved(now) == Subjects{"/arcus/cache_list/test-cloud/10.0.0.1:11211"});
  }
  SECTION("its mapping names another cloud") {
    for (ObservedMapping& mapping : tree_in(now).mappings) {
      if (mapping.node == at("10.0.0.1:11211")) {
        mapping.service_codes = {"other"};
      }
    }
    CHECK(it.moved(now) == Subjects{"/arcus/cache_server_mapping/10.0.0.1:11211"});
  }
  SECTION("another spec was applied") {
    tree_in(now).record.spec_digest = "other";
    CHECK(it.moved(now) == Subjects{"/arcform/seoul-prod/applied"});
  }
  SECTION("it is another ensemble") {
    tree_in(now).record.epoch_czxid = 99;
    CHECK(it.moved(now) == Subjects{"/arcform/seoul-prod/epoch"});
  }
  SECTION("the package is gone") {
    host_in(now, "cache001.arcus").packages.clear();
    CHECK(it.moved(now) == Subjects{"/opt/arcus on cache001.arcus"});
  }
}

TEST_CASE("what cannot be seen any more is unknown, not moved") {
  const Died it;
  ObservedState now = it.observed;
  lose_host(now, it.desired, "cache001.arcus");
  const std::vector<MovedFact> moved = moved_facts(it.planned, it.facts, it.desired, now);
  REQUIRE(moved.size() == 2);
  CHECK(moved[0].unknown());
  CHECK(moved[1].unknown());
  CHECK(moved[1].step == "start cache node 10.0.0.1:11211 on cache001.arcus");
}

TEST_CASE("a restart relies on the other nodes of its cloud") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired, 2);
  desired.clouds[0].nodes[0].config.threads = 9;
  const Plan planned = plan(desired, observed, {});
  const PlanFacts facts = facts_of(planned, desired, observed);
  ObservedState now = observed;
  kill_node(now, "cache003.arcus", at("10.0.0.3:11212"));
  const std::vector<MovedFact> moved = moved_facts(planned, facts, desired, now);
  REQUIRE(moved.size() == 1);
  CHECK(moved[0].subject == "cloud test-cloud: nodes that have not joined");
  CHECK(moved[0].before == "none");
  CHECK(moved[0].now == "10.0.0.3:11212");
}

TEST_CASE("restarts of servers rely on who leads") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired, 2);
  desired.ensemble.config["tickTime"] = "3000";
  const Plan planned = plan(desired, observed, {});
  const PlanFacts facts = facts_of(planned, desired, observed);
  const std::vector<MovedFact> moved = moved_facts(planned, facts, desired, ideal(desired, 3));
  CHECK(std::count_if(moved.begin(), moved.end(),
                      [](const MovedFact& fact) { return fact.subject.ends_with(": mode"); }) == 2);
}

TEST_CASE("a plan without steps relies on nothing") {
  const DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired);
  const PlanFacts facts = facts_of(plan(desired, observed, {}), desired, observed);
  CHECK(facts.facts.empty());
  CHECK(facts.of_plan.empty());
}
