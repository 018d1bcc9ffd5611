// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "model/answers.h"
#include "model/compare_settings.h"
#include "model/status_report.h"
#include "tests/support/builders.h"
#include "tests/unit/model/drift.h"
#include "tests/unit/model/steps.h"

using namespace arcform;

namespace {

NodeConfig& config_of(DesiredState& desired) {
  return desired.clouds[0].nodes[0].config;
}

NodeAnswer& answer_of(ObservedState& observed) {
  return observed.nodes.at(kFirstNode).value();
}

}  // namespace

TEST_CASE("a node is asked once what it is, what it has and how it can be changed") {
  const auto arcus = parse_node_answer(
      "memlimit 100\r\nEND\r\nzkfailstop on\r\nEND\r\nERROR unknown command\r\n"
      "STAT maxbytes 104857600\r\nSTAT maxconns 200\r\nSTAT sticky_limit 0\r\n"
      "STAT hb_timeout 10000\r\nEND\r\nVERSION 1.15.0-unknown\r\n");
  REQUIRE(arcus);
  CHECK(arcus->version == "1.15.0-unknown");
  CHECK(arcus->admin == AdminProtocol::config);
  CHECK(arcus->settings.get(NodeSetting::memlimit) == 100);
  CHECK(arcus->settings.get(NodeSetting::connections) == 200);
  CHECK(arcus->settings.get(NodeSetting::sticky_limit) == 0);
  CHECK(arcus->settings.get(NodeSetting::hb_timeout) == 10000);
  CHECK(arcus->settings.get(NodeSetting::zk_failstop) == 1);
  CHECK_FALSE(arcus->settings.get(NodeSetting::scrub_count));

  const auto stock = parse_node_answer(
      "ERROR\r\nERROR\r\nMEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n"
      "STAT maxbytes 67108864\r\nSTAT maxconns 1024\r\nEND\r\nVERSION 1.6.18\r\n");
  REQUIRE(stock);
  CHECK(stock->admin == AdminProtocol::cache_memlimit);
  CHECK(stock->settings.get(NodeSetting::memlimit) == 64);

  const auto other = parse_node_answer("ERROR\r\nERROR\r\nERROR\r\nERROR\r\nVERSION 1.4.0\r\n");
  REQUIRE(other);
  CHECK(other->admin == AdminProtocol::none);
  CHECK(other->settings.empty());
  CHECK_FALSE(parse_node_answer("ERROR\r\n"));
  const auto secured = parse_node_answer("CLIENT_ERROR unauthorized\r\nVERSION 1.15.0\r\n");
  REQUIRE(secured);
  CHECK(secured->admin == AdminProtocol::none);
}

TEST_CASE("hits and misses, and the age of a leader") {
  const auto counters = parse_node_counters(
      "STAT pid 4711\r\nSTAT get_hits 90\r\nSTAT get_misses 10\r\nSTAT engine_malloced 5\r\nEND");
  REQUIRE(counters);
  CHECK(counters->pid == 4711);
  CHECK(counters->hits == 90);
  CHECK(counters->misses == 10);
  CHECK(counters->malloced == 5);
  CHECK_FALSE(parse_node_counters("ERROR\r\n"));
  CHECK(parse_leader_age("zk_server_state\tleader\nzk_leader_uptime\t2500\n") ==
        std::chrono::milliseconds(2500));
  CHECK(parse_leader_age("zk_server_state\tstandalone\nzk_uptime\t70\n") ==
        std::chrono::milliseconds(70));
  CHECK_FALSE(parse_leader_age("zk_server_state\tfollower\nzk_uptime\t70\n"));
  CHECK_FALSE(parse_leader_age("mntr is not executed because it is not in the whitelist.\n"));
}

TEST_CASE("what a server can be told while it runs is told, and nothing is restarted") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired);
  config_of(desired).memlimit_mb = 200;
  config_of(desired).connections = 900;
  const Plan plan = planned(desired, observed);
  REQUIRE(lines(plan) ==
          std::vector<std::string>{"tune cache node 10.0.0.1:11211 on " + kFirstHost});
  const auto& tune = std::get<TuneNode>(plan.steps[0].action);
  CHECK(tune.changes == std::vector<Tuning>{{NodeSetting::memlimit, 100, 200},
                                            {NodeSetting::connections, 1000, 900}});
  CHECK(tune.admin == AdminProtocol::config);
  CHECK(tune.process == *host_in(const_cast<ObservedState&>(observed), kFirstHost)
                             .slot(node_slot(kFirstNode.port))
                             ->identity);
  CHECK(plan.steps[0].after.empty());
  CHECK_FALSE(plan.steps[0].settle);
  CHECK(plan.steps[0].reason == "memlimit 100 → 200 MB, connections 1000 → 900");
  CHECK(plan.held.empty());
}

TEST_CASE("a tuned node whose start line lags is in debt, and left alone") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  config_of(desired).memlimit_mb = 200;
  answer_of(observed).settings.set(NodeSetting::memlimit, 200);
  CHECK(kinds(desired, observed) == std::vector<DriftKind>{DriftKind::node_restart_debt});
  CHECK(status_report(desired, observed).converged);
  const Plan plan = planned(desired, observed);
  CHECK(plan.steps.empty());
  CHECK(plan.converged());
  CHECK(plan.debts == std::vector<std::string>{"10.0.0.1:11211 on " + kFirstHost +
                                               ": memlimit 200 MB (started with 100)"});
}

TEST_CASE("a value that somebody changed by hand is set back") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  answer_of(observed).settings.set(NodeSetting::connections, 50);
  CHECK(kinds(desired, observed) == std::vector<DriftKind>{DriftKind::node_untuned});
}

TEST_CASE("a stock node takes another memlimit, and is restarted for its connections") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  answer_of(observed) = just_started_as_stock(config_of(desired));
  config_of(desired).memlimit_mb = 200;
  REQUIRE(planned(desired, observed).steps.size() == 1);
  CHECK(std::get<TuneNode>(planned(desired, observed).steps[0].action).admin ==
        AdminProtocol::cache_memlimit);
  config_of(desired).connections = 2000;
  const Plan plan = planned(desired, observed);
  REQUIRE(lines(plan) ==
          std::vector<std::string>{"restart cache node 10.0.0.1:11211 on " + kFirstHost});
  CHECK(plan.steps[0].reason ==
        "connections 1000 → 2000 (this server cannot change it while it runs), "
        "memlimit 100 → 200 MB");
}

TEST_CASE("what a stock server makes of its start line is not held against it") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  answer_of(observed) = just_started_as_stock(config_of(desired));
  answer_of(observed).settings.set(NodeSetting::connections, 1040);
  CHECK(kinds(desired, observed).empty());
}

TEST_CASE("memory in use is only given back by a restart") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  config_of(desired).memlimit_mb = 50;
  answer_of(observed).held_mb = 45;
  CHECK(kinds(desired, observed) == std::vector<DriftKind>{DriftKind::node_untuned});
  answer_of(observed).held_mb = 46;  // A tenth more must fit.
  CHECK(kinds(desired, observed) == std::vector<DriftKind>{DriftKind::node_outdated});
  CHECK(diff(desired, observed)[0].detail ==
        "memlimit 100 → 50 MB (46 MB are in use, and a server gives no memory back while it runs)");
}

TEST_CASE("settings that no start line holds are set while the node runs") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  config_of(desired).set_online(NodeSetting::max_list_size, 100'000);
  config_of(desired).set_online(NodeSetting::zk_failstop, 0);
  CHECK(diff(desired, observed).at(0).detail ==
        "max list size 50000 → 100000, ZooKeeper failstop on → off");
  answer_of(observed).settings.set(NodeSetting::zk_failstop, 0);
  answer_of(observed).settings.set(NodeSetting::max_list_size, 200'000);
  CHECK(kinds(desired, observed) == std::vector<DriftKind>{DriftKind::node_outdated});
  CHECK(diff(desired, observed).at(0).detail ==
        "max list size 200000 → 100000 (it can only be raised while a server runs)");
  answer_of(observed) = just_started_as_stock(config_of(desired));
  CHECK(kinds(desired, observed) == std::vector<DriftKind>{DriftKind::node_untunable});
  const Plan plan = planned(desired, observed);
  REQUIRE(plan.held.size() == 1);
  CHECK(plan.held[0].reason ==
        "its server does not know how to change \"maxListSize\", \"zkFailstop\"; take that out of "
        "its \"config\"");
}

TEST_CASE("changes come in an order in which every one of them is allowed") {
  NodeConfig wanted;
  NodeAnswer answer = just_started(wanted);
  const auto order = [&] {
    std::vector<NodeSetting> settings;
    for (const Tuning& change : compare_settings(wanted, NodeConfig{}, &answer).tune) {
      settings.push_back(change.setting);
    }
    return settings;
  };
  wanted.memlimit_mb = 200;
  wanted.set_online(NodeSetting::sticky_limit, 100);
  wanted.set_online(NodeSetting::hb_timeout, 70'000);
  wanted.set_online(NodeSetting::hb_failstop, 100'000);
  CHECK(order() == std::vector<NodeSetting>{NodeSetting::memlimit, NodeSetting::hb_failstop,
                                            NodeSetting::sticky_limit, NodeSetting::hb_timeout});
  answer.settings.set(NodeSetting::memlimit, 400);
  answer.settings.set(NodeSetting::sticky_limit, 300);
  answer.settings.set(NodeSetting::hb_timeout, 150'000);
  answer.settings.set(NodeSetting::hb_failstop, 200'000);
  CHECK(order() == std::vector<NodeSetting>{NodeSetting::sticky_limit, NodeSetting::hb_timeout,
                                            NodeSetting::hb_failstop, NodeSetting::memlimit});
}
