// SPDX-License-Identifier: Apache-2.0
// Clouds and cache nodes: each kind of drift from one edit of the ideal observation.
#include <catch2/catch.hpp>

#include "tests/support/builders.h"
#include "tests/unit/model/drift.h"

using namespace arcform;
using Kinds = std::vector<DriftKind>;

namespace {

ObservedProcess& process_of(ObservedState& observed, Endpoint node) {
  HostFacts& facts = host_in(observed, kFirstHost);
  const auto pid = facts.slot(node_slot(node.port))->identity->pid;
  return *std::find_if(facts.processes.begin(), facts.processes.end(),
                       [pid](const ObservedProcess& process) { return process.pid == pid; });
}

}  // namespace

TEST_CASE("a cloud that ZooKeeper does not have is unregistered, its nodes are unmapped") {
  const DesiredState desired =
      a_spec().with_hosts(1).with_ensemble(1).with_cloud("c").with_nodes(1).build();
  ObservedState observed = ideal(desired);
  kill_node(observed, kFirstHost, kFirstNode);
  tree_in(observed).clouds.clear();
  tree_in(observed).mappings.clear();
  tree_in(observed).record.claims.clear();
  CHECK(kinds(desired, observed) ==
        Kinds{DriftKind::cloud_unregistered, DriftKind::node_unmapped, DriftKind::node_down});
}

TEST_CASE("a cloud with half of its znodes is unregistered") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  cloud_in(observed, "test-cloud").client_list = false;
  CHECK(kinds(desired, observed) == Kinds{DriftKind::cloud_unregistered});
}

TEST_CASE("a cloud that others registered is foreign, and nothing else is said of it") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  cloud_in(observed, "test-cloud").claimed = false;
  kill_node(observed, kFirstHost, kFirstNode);
  CHECK(kinds(desired, observed) == Kinds{DriftKind::cloud_foreign});
}

TEST_CASE("a claimed cloud that the spec does not list is unlisted, with its nodes") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired);
  desired.clouds.clear();
  Kinds expected(6, DriftKind::node_unlisted);
  expected.push_back(DriftKind::cloud_unlisted);
  CHECK(kinds(desired, observed) == expected);
}

TEST_CASE("a cloud that is not claimed is not ours to remove") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.clouds.clear();
  tree_in(observed).record.claims.clear();
  for (auto& [name, facts] : observed.hosts) {
    facts.value().slots.erase("node-11211");
    facts.value().slots.erase("node-11212");
  }
  CHECK(kinds(desired, observed).empty());
}

TEST_CASE("a child that no node explains is foreign") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  ObservedCloud& cloud = cloud_in(observed, "test-cloud");
  cloud.joined.insert(cloud.joined.begin(), {"foo", std::nullopt, 0, 1});
  put_join(cloud, at("10.9.9.9:11211"), 5);
  CHECK(kinds(desired, observed) == Kinds{DriftKind::foreign_child, DriftKind::foreign_child});
}

TEST_CASE("a node's mapping is missing, empty or another cloud's") {
  const DesiredState desired = three_hosts();
  ObservedState missing = ideal(desired);
  tree_in(missing).mappings.erase(tree_in(missing).mappings.begin());
  CHECK(kinds(desired, missing) == Kinds{DriftKind::node_unmapped});
  ObservedState empty = ideal(desired);
  tree_in(empty).mappings.front().service_codes.clear();
  CHECK(kinds(desired, empty) == Kinds{DriftKind::node_unmapped});
  ObservedState moved = ideal(desired);
  tree_in(moved).mappings.front().service_codes = {"other"};
  CHECK(kinds(desired, moved) == Kinds{DriftKind::node_mapped_elsewhere});
  ObservedState twice = ideal(desired);
  tree_in(twice).mappings.front().service_codes = {"other", "test-cloud"};
  CHECK(kinds(desired, twice) == Kinds{DriftKind::node_mapped_elsewhere});
}

TEST_CASE("a node that the spec does not list, or a folder of one, is unlisted") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.clouds[0].nodes.pop_back();
  const auto drift = diff(desired, observed);
  REQUIRE(drift.size() == 1);
  CHECK(drift[0].kind == DriftKind::node_unlisted);
  CHECK(drift[0].host == "cache003.arcus");
  CHECK(drift[0].cloud == "test-cloud");
  kill_node(observed, "cache003.arcus", at("10.0.0.3:11212"));
  tree_in(observed).mappings.pop_back();
  const auto leftover = diff(desired, observed);
  REQUIRE(leftover.size() == 1);
  CHECK(leftover[0].kind == DriftKind::node_unlisted);
  CHECK(leftover[0].cloud == "");
}

TEST_CASE("a node's verdict becomes its drift") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  SECTION("down") {
    kill_node(observed, kFirstHost, kFirstNode);
    CHECK(kinds(desired, observed) == Kinds{DriftKind::node_down});
  }
  SECTION("crashed") {
    kill_node(observed, kFirstHost, kFirstNode, true);
    CHECK(kinds(desired, observed) == Kinds{DriftKind::node_crashed});
  }
  SECTION("paused") {
    pause_node(observed, kFirstNode);
    CHECK(kinds(desired, observed) == Kinds{DriftKind::node_paused});
  }
  SECTION("starting") {
    pause_node(observed, kFirstNode);
    observed.nodes[kFirstNode] = Observation<NodeAnswer>::absent();
    host_in(observed, kFirstHost).uptime_ticks = process_of(observed, kFirstNode).start_ticks + 500;
    CHECK(kinds(desired, observed) == Kinds{DriftKind::node_starting});
  }
  SECTION("silent") {
    observed.nodes[kFirstNode] = Observation<NodeAnswer>::absent();
    CHECK(kinds(desired, observed) == Kinds{DriftKind::node_silent});
  }
  SECTION("unknown") {
    observed.nodes[kFirstNode] = Observation<NodeAnswer>::unknown("no channel");
    CHECK(kinds(desired, observed) == Kinds{DriftKind::node_unknown});
  }
  SECTION("its port is taken") {
    kill_node(observed, kFirstHost, kFirstNode);
    host_in(observed, kFirstHost).listening = {2181, 11211, 11212};
    CHECK(kinds(desired, observed) == Kinds{DriftKind::node_port_taken});
  }
}

TEST_CASE("threads, session timeout and program need a restart; memlimit and connections do not") {
  const auto [change, kind, detail] =
      GENERATE(table<std::function<void(DesiredState&)>, DriftKind, std::string>({
          {[](DesiredState& d) { d.clouds[0].nodes[0].config.threads = 8; },
           DriftKind::node_outdated, "threads 6 → 8"},
          {[](DesiredState& d) { d.clouds[0].nodes[0].config.session_timeout_s = 20; },
           DriftKind::node_outdated, "session timeout 30 → 20"},
          {[](DesiredState& d) { d.clouds[0].nodes[0].config.memlimit_mb = 200; },
           DriftKind::node_untuned, "memlimit 100 → 200 MB"},
          {[](DesiredState& d) { d.clouds[0].nodes[0].config.connections = 10; },
           DriftKind::node_untuned, "connections 1000 → 10"},
          {[](DesiredState& d) {
             d.clouds[0].nodes[0].config = {200, 1000, 8, 30};
           },
           DriftKind::node_outdated, "threads 6 → 8, memlimit 100 → 200 MB"},
      }));
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired);
  change(desired);
  const auto drift = diff(desired, observed);
  REQUIRE(drift.size() == 1);
  CHECK(drift[0].kind == kind);
  CHECK(drift[0].detail == detail);
}

TEST_CASE("a node of a stopped cloud should not run, and is unknown with its host") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  desired.clouds[0].state = RunState::stopped;
  CHECK(kinds(desired, observed) == Kinds(6, DriftKind::node_running));
  lose_host(observed, desired, "cache001.arcus");
  CHECK(has_kind(desired, observed, DriftKind::node_unknown));
}

TEST_CASE("an unknown host makes its nodes unknown, never down") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  lose_host(observed, desired, "cache001.arcus");
  remove_join(observed, kFirstNode);
  for (const DriftKind kind : kinds(desired, observed)) {
    CHECK((kind == DriftKind::host_unknown || kind == DriftKind::server_unknown ||
           kind == DriftKind::node_unknown));
  }
}

TEST_CASE("while the ensemble is wanted stopped, nothing is missed in ZooKeeper") {
  DesiredState desired = three_hosts();
  desired.ensemble.state = RunState::stopped;
  CHECK(kinds(desired, bare(desired)).empty());
}
