// SPDX-License-Identifier: Apache-2.0
// The text of ping, of status without a spec, of one cloud's status and of narrowed plans.
#include <catch2/catch.hpp>

#include "model/ping.h"
#include "model/select.h"
#include "model/zookeeper_view.h"
#include "tests/support/builders.h"
#include "tests/support/golden.h"

using namespace arcform;

namespace {

using State = PingAnswer::State;

RenderOptions plain() {
  RenderOptions options;
  options.elapsed = "0.2 s";
  return options;
}

PingReport all_well(const DesiredState& desired) {
  PingReport report;
  report.hosts.assign(desired.hosts.size(), {State::answered, 41.25, 3.5, ""});
  report.servers.assign(desired.ensemble.servers.size(),
                        {State::answered, std::nullopt, 1.04, "follower"});
  report.session = {State::answered, std::nullopt, 12.0, "opened"};
  for (const DesiredCloud& cloud : desired.clouds) {
    report.nodes.emplace_back(cloud.nodes.size(),
                              PingAnswer{State::answered, std::nullopt, 0.96, "version 1.13.4"});
  }
  return report;
}

}  // namespace

TEST_CASE("a ping that everything answers") {
  const DesiredState desired = three_hosts();
  const PingReport report = all_well(desired);
  CHECK_FALSE(report.has(State::silent));
  CHECK(compare_golden("render/ping_well.txt", render_ping(desired, report, plain())) == "");
}

TEST_CASE("a ping with silence in it") {
  const DesiredState desired = three_hosts();
  PingReport report = all_well(desired);
  report.hosts[2] = {State::silent, std::nullopt, std::nullopt,
                     "run a command: ssh to x: no\x1b[2J answer"};
  report.servers[2] = {State::unasked, std::nullopt, std::nullopt, "its host was not reached"};
  report.nodes[0][0] = {State::silent, std::nullopt, std::nullopt, "connection refused"};
  report.nodes[0][4] = {State::unasked, std::nullopt, std::nullopt, "its host was not reached"};
  report.nodes[0][5] = {State::skipped, std::nullopt, std::nullopt, ""};
  CHECK(report.has(State::silent));
  CHECK(report.has(State::unasked));
  CHECK(compare_golden("render/ping_silence.txt", render_ping(desired, report, plain())) == "");
}

TEST_CASE("what ZooKeeper says of its clouds") {
  const DesiredState desired =
      a_spec().with_hosts(3).with_ensemble(3).with_cloud("shop").with_nodes(1).build();
  ObservedState observed = ideal(desired, 2);
  ZookeeperView view;
  view.connect_string = "zk1,zk2,zk3:2182";
  view.servers = {{"zk1:2181", observed.servers[1]},
                  {"zk2:2181", observed.servers[2]},
                  {"zk3:2182", Observation<ServerAnswer>::unknown("connection refused")}};
  remove_join(observed, at("10.0.0.2:11211"));
  put_join(cloud_in(observed, "shop"), at("10.0.0.9:11211"), 77);
  tree_in(observed).clouds["empty"].cache_list = true;
  tree_in(observed).service_codes = {"empty", "shop"};
  tree_in(observed).unusual_mappings = {"shop"};
  view.tree = observed.tree;
  CHECK(compare_golden("render/zookeeper.txt", render_zookeeper(view, plain())) == "");
  view.tree = Observation<TreeFacts>::unknown("no quorum");
  CHECK(render_zookeeper(view, plain()).find("? no quorum\n") != std::string::npos);
}

TEST_CASE("the status of one cloud leaves out the others") {
  const DesiredState desired = a_spec()
                                   .with_hosts(2)
                                   .with_ensemble(1)
                                   .with_cloud("a")
                                   .with_nodes(1)
                                   .with_cloud("b")
                                   .with_nodes(1, 12000)
                                   .build();
  ObservedState observed = ideal(desired);
  tree_in(observed).service_codes.push_back("foreign");
  kill_node(observed, "cache001.arcus", at("10.0.0.1:11211"));
  RenderOptions options = plain();
  options.clouds = {"b"};
  CHECK(compare_golden("render/status_one_cloud.txt", render_status(desired, observed, options)) ==
        "");
}

TEST_CASE("a narrowed plan says how much it hides") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired, 2);
  kill_node(observed, "cache001.arcus", at("10.0.0.1:11211"));
  kill_node(observed, "cache002.arcus", at("10.0.0.2:11211"));
  Policy policy;
  policy.only = {*parse_selector("host:cache001.arcus")};
  CHECK(compare_golden("render/plan_only.txt", render_plan(plan(desired, observed, policy), desired,
                                                           observed, plain())) == "");
  policy.only = {*parse_selector("host:cache003.arcus")};
  CHECK(render_plan(plan(desired, observed, policy), desired, observed, plain())
            .find("No changes are selected. 2 changes hidden by --only.\n") != std::string::npos);
}
