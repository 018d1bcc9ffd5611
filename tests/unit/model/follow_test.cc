// SPDX-License-Identifier: Apache-2.0
// Cache nodes and the list of the ensemble's servers that they go by.
#include <catch2/catch.hpp>

#include "model/answers.h"
#include "model/follow_ensemble.h"
#include "model/membership.h"
#include "model/node_arguments.h"
#include "tests/support/builders.h"
#include "tests/unit/model/drift.h"
#include "tests/unit/model/steps.h"

using namespace arcform;

namespace {

using Servers = std::vector<Endpoint>;

Servers servers(std::initializer_list<int> hosts) {
  Servers out;
  for (const int host : hosts) {
    out.push_back({0x0a000000 + static_cast<std::uint32_t>(host), 2181});
  }
  return out;
}

/// What a node that was started with `started` differs in from the servers of `wanted`.
EnsembleDifference compared(std::initializer_list<int> started, std::initializer_list<int> wanted,
                            std::initializer_list<int> told = {}) {
  NodeAnswer answer = just_started({});
  answer.servers = servers(told);
  return compare_ensemble(servers(wanted), text_of(servers(started)), &answer);
}

/// One node on each of five hosts, whose servers are on `hosts`.
DesiredState members(std::initializer_list<int> hosts) {
  DesiredState desired =
      a_spec().with_hosts(5).with_ensemble(5).with_cloud("c").with_nodes(1).build();
  std::erase_if(desired.ensemble.servers, [&](const DesiredServer& server) {
    return std::count(hosts.begin(), hosts.end(), server.id) == 0;
  });
  desired.ensemble.config["reconfigEnabled"] = "true";
  return desired;
}

/// The ensemble is as `now` has it, and the nodes still go by the servers of `before`.
ObservedState left_behind(const DesiredState& now, const DesiredState& before, bool stock) {
  ObservedState observed = ideal(now);
  for (auto& [id, answer] : observed.servers) {
    if (answer.is_present()) {
      answer.value().members = wanted_members(now);
      answer.value().members_version = 7;
    }
  }
  for (const DesiredHost& host : now.hosts) {
    for (ObservedProcess& process : host_in(observed, host.name).processes) {
      auto words = process.argv.words();
      const auto z = std::find(words.begin(), words.end(), "-z");
      if (z != words.end()) {
        *std::next(z) = connect_string(before);
      }
      process.argv = words;
    }
  }
  for (auto& [node, answer] : observed.nodes) {
    answer.value().servers = stock ? Servers() : *parse_servers(connect_string(before));
  }
  return observed;
}

}  // namespace

TEST_CASE("a list of servers is read as a set, and a name in it may be anybody") {
  CHECK(parse_servers("10.0.0.2:2181,10.0.0.1:2181,10.0.0.2:2181") == servers({1, 2}));
  CHECK_FALSE(parse_servers(""));
  CHECK_FALSE(parse_servers("10.0.0.1:2181,zk2:2181"));
  CHECK(parse_known_servers("10.0.0.2:2181 10.0.0.1:2181 \r\n\n\r\n") == servers({1, 2}));
  CHECK(parse_known_servers("ERROR not using ZooKeeper\r\n").empty());
  CHECK(parse_known_servers("ERROR\r\n").empty());
  CHECK(ensemble_argument({"memcached", "-p", "1", "-z", "a:1"}) == "a:1");
  CHECK(ensemble_argument({"memcached", "-z"}).empty());
  CHECK(ensemble_argument({"memcached"}).empty());
}

TEST_CASE("a node that says which servers it goes by is told of others") {
  CHECK(compared({1, 2, 3}, {1, 2, 3}, {1, 2, 3}).empty());
  CHECK(compared({1, 2, 3}, {1, 2, 3, 4, 5}, {1, 2, 3}).tell ==
        "ensemble: new 10.0.0.4:2181, 10.0.0.5:2181");
  CHECK(compared({1, 2, 3}, {2, 3, 4}, {1, 2, 3}).tell ==
        "ensemble: new 10.0.0.4:2181; gone 10.0.0.1:2181");
  CHECK(compared({1}, {1, 2, 3}, {1, 2, 3}).debt ==
        "ensemble 10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181 (started with 10.0.0.1:2181)");
}

TEST_CASE("one that cannot be told is restarted unless it knows one of any majority") {
  CHECK(compared({1, 2, 3}, {1, 2, 3, 4, 5}).debt ==
        "ensemble: new 10.0.0.4:2181, 10.0.0.5:2181 (it knows 3 of 5 servers, so one of any "
        "majority)");
  CHECK(compared({1, 2, 3, 4, 5}, {1, 2, 3}).debt ==
        "ensemble: gone 10.0.0.4:2181, 10.0.0.5:2181 (it knows 3 of 3 servers, so one of any "
        "majority)");
  CHECK_FALSE(compared({1, 2, 3}, {2, 3, 4}).debt.empty());
  CHECK_FALSE(compared({1, 2}, {1, 2, 3, 4}).debt.empty());
  CHECK(compared({1}, {1, 2, 3}).restart ==
        "ensemble: new 10.0.0.2:2181, 10.0.0.3:2181 (it knows 1 of 3 servers, and cannot be told "
        "while it runs)");
  CHECK_FALSE(compared({1, 2}, {1, 3, 4, 5, 2}).restart.empty());
  CHECK_FALSE(compared({1, 2, 3}, {4, 5, 6}).restart.empty());
  CHECK(compare_ensemble(servers({1, 2, 3}), "zk1:2181", nullptr).empty());
  CHECK(compare_ensemble({}, "10.0.0.1:2181", nullptr).empty());
}

TEST_CASE("nodes are told at once, and that costs them nothing") {
  const DesiredState now = members({1, 2, 3, 4, 5});
  const Plan plan = planned(now, left_behind(now, members({1, 2, 3}), false));
  REQUIRE(steps_of<TuneNode>(plan).size() == 5);
  CHECK(plan.steps.size() == 5);
  for (const Step& step : plan.steps) {
    CHECK(step.after.empty());
    CHECK(disruption(step.action) == Disruption::none);
    const auto& tune = std::get<TuneNode>(step.action);
    CHECK(tune.changes.empty());
    CHECK(tune.servers->before == "10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181");
    CHECK(tune.servers->after == connect_string(now));
  }
}

TEST_CASE("what a node was told counts, not what it was started with") {
  const DesiredState now = members({1, 2, 3});
  ObservedState observed = left_behind(now, now, false);
  for (auto& [node, answer] : observed.nodes) {
    answer.value().servers = servers({1, 2, 3, 4, 5});
  }
  const Plan plan = planned(now, observed);
  REQUIRE(steps_of<TuneNode>(plan).size() == 5);
  CHECK(plan.steps[0].reason == "ensemble: gone 10.0.0.4:2181, 10.0.0.5:2181");
  for (auto& [node, answer] : observed.nodes) {
    answer.value().servers = servers({2, 3});
  }
  CHECK(held(planned(members({1, 4, 5}), observed)) ==
        std::vector<std::string>{"waiting: ensemble"});
}

TEST_CASE("restarts for a new list go one after the other, and debts wait") {
  const DesiredState now = members({1, 4, 5});
  const ObservedState observed = left_behind(now, members({1, 2, 3}), true);
  CHECK(kinds(now, observed) == std::vector<DriftKind>(5, DriftKind::node_behind));
  const Plan plan = planned(now, observed);
  const auto restarts = steps_of<RestartNode>(plan);
  REQUIRE(restarts.size() == 5);
  CHECK(plan.steps.size() == 5);
  for (std::size_t i = 1; i < restarts.size(); ++i) {
    CHECK(waits_for(plan, restarts[i], restarts[i - 1]));
  }
  CHECK(
      plan.launches.at(std::get<RestartNode>(plan.steps[0].action).start->launch).connect_string ==
      connect_string(now));

  const DesiredState five = members({1, 2, 3, 4, 5});
  const Plan harmless = planned(five, left_behind(five, members({1, 2, 3}), true));
  CHECK(harmless.steps.empty());
  CHECK(harmless.converged());
  CHECK(harmless.debts.size() == 5);
}

TEST_CASE("nodes move when the new members are in, and members leave when the nodes have moved") {
  const DesiredState before = members({1, 2, 3});
  const DesiredState after = members({3, 4, 5});
  ObservedState observed = left_behind(before, before, false);
  Plan plan = planned(after, observed);
  const auto changes = steps_of<ReconfigureEnsemble>(plan);
  REQUIRE(changes.size() == 4);  // All know server 3, which stays: those two may leave.
  REQUIRE(steps_of<TuneNode>(plan).size() == 5);
  for (const StepId tune : steps_of<TuneNode>(plan)) {
    CHECK(plan.steps[tune].after == std::vector<StepId>{changes[1]});
  }

  observed = left_behind(before, members({1, 2}), true);
  plan = planned(after, observed);
  CHECK(steps_of<ReconfigureEnsemble>(plan).size() == 2);  // The two that join.
  CHECK(steps_of<RetireServer>(plan).empty());
  CHECK(held(plan) == std::vector<std::string>{"waiting: ensemble"});
  for (const StepId restart : steps_of<RestartNode>(plan)) {
    CHECK(waits_for(plan, restart, steps_of<ReconfigureEnsemble>(plan).back()));
  }
}

TEST_CASE("nobody moves to members that do not come") {
  const DesiredState before = members({1, 2, 3});
  ObservedState observed = left_behind(before, before, true);
  observed.hosts["cache004.arcus"] = Observation<HostFacts>::unknown("no route");
  const Plan plan = planned(members({1, 4, 5}), observed);
  CHECK(steps_of<RestartNode>(plan).empty());
  CHECK(std::count(plan.later.begin(), plan.later.end(),
                   "cloud c: 4 cache nodes go by other servers of the ensemble than the spec's, "
                   "and follow when its members have, 4 by a restart") == 1);
}
