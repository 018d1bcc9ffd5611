// SPDX-License-Identifier: Apache-2.0
// Hosts and the ensemble: each kind of drift from one edit of the ideal observation.
#include <catch2/catch.hpp>

#include "model/membership.h"
#include "model/zoo_cfg.h"
#include "tests/support/builders.h"
#include "tests/unit/model/drift.h"

using namespace arcform;
using Kinds = std::vector<DriftKind>;

TEST_CASE("nothing differs from the ideal") {
  CHECK(kinds(three_hosts(), ideal(three_hosts())).empty());
  DesiredState stopped = three_hosts();
  stopped.ensemble.state = RunState::stopped;
  CHECK(kinds(stopped, ideal(stopped)).empty());
  DesiredState resting = three_hosts();
  resting.clouds[0].state = RunState::stopped;
  CHECK(kinds(resting, ideal(resting)).empty());
  const DesiredState external =
      a_spec().with_hosts(2).with_external("z:2181").with_cloud("c").with_nodes(1).build();
  CHECK(kinds(external, ideal(external)).empty());
}

TEST_CASE("a host that could not be observed is drift, and so is one that was not asked") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  lose_host(observed, desired, "cache003.arcus");
  const Drift drift = diff(desired, observed).front();
  CHECK(drift.kind == DriftKind::host_unknown);
  CHECK(drift.host == "cache003.arcus");
  CHECK(drift.detail == "ssh: connection timed out");
  observed.hosts.erase("cache003.arcus");
  CHECK(diff(desired, observed).front().kind == DriftKind::host_unknown);
}

TEST_CASE("a folder that cannot be written is drift only where something is wanted") {
  DesiredState desired = a_spec().with_hosts(2).with_ensemble(1).build();
  ObservedState observed = ideal(desired);
  host_in(observed, "cache001.arcus").directory_writable = false;
  host_in(observed, "cache002.arcus").directory_writable = false;
  CHECK(kinds(desired, observed) == Kinds{DriftKind::directory_not_writable});
}

TEST_CASE("a prefix without its program, or without its engine, is a missing package") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  host_in(observed, "cache001.arcus").packages["/opt/arcus"].cache_node = false;
  host_in(observed, "cache002.arcus").packages["/opt/arcus"].engine = "";
  host_in(observed, "cache003.arcus").packages.clear();
  const auto drift = diff(desired, observed);
  REQUIRE(drift.size() == 4);
  CHECK(drift[0].detail == "package \"arcus\": no bin/memcached in /opt/arcus");
  CHECK(drift[1].detail == "package \"arcus\": no lib/default_engine.so in /opt/arcus");
  CHECK(drift[3].detail == "package \"zookeeper\": no ZooKeeper server in /usr/share/zookeeper");
}

TEST_CASE("an archive is a package that is not there yet") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired);
  desired.packages[0].installed = "";
  desired.packages[0].archive = "arcus-1.16.1.tar.gz";
  desired.packages[0].sha256 = std::string(64, 'a');
  Kinds expected(3, DriftKind::package_missing);
  expected.insert(expected.end(), 6, DriftKind::node_outdated);  // They run from another place.
  CHECK(kinds(desired, observed) == expected);
}

TEST_CASE("a ZooKeeper server needs java") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  host_in(observed, "cache002.arcus").java = false;
  CHECK(kinds(desired, observed) == Kinds{DriftKind::java_missing});
}

TEST_CASE("a server without zoo.cfg and myid is not configured") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  kill_server(observed, "cache001.arcus", 1);
  host_in(observed, "cache001.arcus").slots.erase("server-1");
  host_in(observed, "cache001.arcus").data = {};
  CHECK(kinds(desired, observed) ==
        Kinds{DriftKind::server_not_configured, DriftKind::server_down});
}

TEST_CASE("a missing myid or zoo.cfg is a configuration that differs") {
  const DesiredState desired = three_hosts();
  ObservedState no_myid = ideal(desired);
  host_in(no_myid, "cache001.arcus").data.myid = "";
  CHECK(kinds(desired, no_myid) == Kinds{DriftKind::server_config_differs});
  ObservedState no_config = ideal(desired);
  host_in(no_config, "cache001.arcus").slots["server-1"].config = "";
  CHECK(kinds(desired, no_config) == Kinds{DriftKind::server_config_differs});
}

TEST_CASE("a changed setting is told before and after, for the file and for the process") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired);
  desired.ensemble.config["tickTime"] = "3000";
  const auto drift = diff(desired, observed);
  REQUIRE(drift.size() == 6);
  CHECK(drift[0].kind == DriftKind::server_config_differs);
  CHECK(drift[0].detail == "tickTime 2000 → 3000");
  CHECK(drift[1].kind == DriftKind::server_outdated);
}

TEST_CASE("the same settings in another order are no drift") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  std::string& config = host_in(observed, "cache001.arcus").slots["server-1"].config;
  std::string turned = "# rewritten by the server\n";
  for (const auto& [key, value] : zoo_settings(config)) {
    turned.insert(0, key + " = " + value + "\n");
  }
  config = turned;
  CHECK(kinds(desired, observed).empty());
}

TEST_CASE("a data directory of another server is foreign, and nothing else is said of it") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  host_in(observed, "cache001.arcus").data.myid = "9";
  CHECK(kinds(desired, observed) == Kinds{DriftKind::server_data_foreign});
}

TEST_CASE("a server is down, its port is taken, it does not serve, or nobody knows") {
  const DesiredState desired = three_hosts();
  ObservedState down = ideal(desired);
  kill_server(down, "cache001.arcus", 1);
  CHECK(kinds(desired, down) == Kinds{DriftKind::server_down});
  host_in(down, "cache001.arcus")
      .listening.insert(host_in(down, "cache001.arcus").listening.begin(), 2181);
  CHECK(kinds(desired, down) == Kinds{DriftKind::server_port_taken});
  ObservedState silent = ideal(desired);
  silent.servers[2] = Observation<ServerAnswer>::absent();
  silent.servers[3] = Observation<ServerAnswer>::present({});
  CHECK(kinds(desired, silent) ==
        Kinds{DriftKind::server_not_serving, DriftKind::server_not_serving});
  silent.servers[2] = Observation<ServerAnswer>::unknown("no channel");
  silent.servers.erase(3);
  CHECK(kinds(desired, silent) == Kinds{DriftKind::server_unknown, DriftKind::server_unknown});
}

TEST_CASE("while the ensemble is wanted stopped, running servers and nodes are drift") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired);
  desired.ensemble.state = RunState::stopped;
  CHECK(kinds(desired, observed) ==
        Kinds{DriftKind::server_running, DriftKind::server_running, DriftKind::server_running,
              DriftKind::node_running, DriftKind::node_running, DriftKind::node_running,
              DriftKind::node_running, DriftKind::node_running, DriftKind::node_running});
}

TEST_CASE("an unreadable tree is unknown; an ensemble that never held anything is empty") {
  const DesiredState desired = three_hosts();
  ObservedState unreadable = ideal(desired);
  unreadable.tree = Observation<TreeFacts>::unknown("connection refused");
  CHECK(has_kind(desired, unreadable, DriftKind::ensemble_unknown));
  CHECK_FALSE(has_kind(desired, unreadable, DriftKind::tree_missing));
  ObservedState fresh = bare(desired);
  fresh.tree = Observation<TreeFacts>::unknown("connection refused");
  CHECK(has_kind(desired, fresh, DriftKind::tree_missing));
  CHECK_FALSE(has_kind(desired, fresh, DriftKind::ensemble_unknown));
}

TEST_CASE("an ensemble without the Arcus tree misses it") {
  const DesiredState desired = a_spec().with_hosts(3).with_ensemble(3).build();
  ObservedState observed = ideal(desired);
  tree_in(observed).arcus_tree = false;
  CHECK(kinds(desired, observed) == Kinds{DriftKind::tree_missing});
}

TEST_CASE("two servers that say they lead are not settled yet") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  for (auto& [id, answer] : observed.servers) {
    ServerAnswer leads = answer.value();
    leads.mode = id < 3 ? ServerMode::leader : ServerMode::follower;
    answer = Observation<ServerAnswer>::present(leads);
  }
  CHECK(kinds(desired, observed) ==
        Kinds{DriftKind::server_not_serving, DriftKind::server_not_serving});
  CHECK(diff(desired, observed).front().detail == "2 servers say that they lead");
}

TEST_CASE("other members are told from a file that somebody edited") {
  const DesiredState desired = three_hosts();
  DesiredState fewer = desired;
  fewer.ensemble.servers.pop_back();
  ObservedState observed = ideal(desired);
  const auto last_started_with = [&](const DesiredState& with, const std::string& config) {
    const std::string digest = zoo_digest(zoo_cfg(with));
    for (auto& [id, answer] : observed.servers) {
      answer.value().members = wanted_members(with);
    }
    for (auto& [name, facts] : observed.hosts) {
      for (auto& [slot_name, slot] : facts.value().slots) {
        if (slot_name.starts_with("server-")) {
          slot.config = config;
          slot.digest = digest;
        }
      }
    }
  };
  last_started_with(fewer, zoo_cfg(fewer));
  CHECK(diff(desired, observed).front().kind == DriftKind::ensemble_membership);
  last_started_with(desired, zoo_cfg(fewer));
  CHECK(diff(desired, observed).front().kind == DriftKind::server_config_differs);
  last_started_with(desired, "tickTime=1\n");
  CHECK(diff(desired, observed).front().kind == DriftKind::server_config_differs);
}

TEST_CASE("one package may be the servers' and the nodes': each host needs what it runs") {
  DesiredState desired =
      a_spec().with_hosts(4).with_ensemble(3).with_cloud("c").with_nodes(1).build();
  ObservedState observed = ideal(desired);
  desired.ensemble.package = "arcus";
  for (auto& [name, facts] : observed.hosts) {
    facts.value().packages["/opt/arcus"].zookeeper_classpath = "/opt/arcus/zookeeper.jar";
  }
  HostFacts& fourth = host_in(observed, "cache004.arcus");
  SECTION("a host without servers needs no java, and no ZooKeeper") {
    fourth.java = false;
    fourth.packages["/opt/arcus"].zookeeper_classpath = "";
    CHECK_FALSE(has_kind(desired, observed, DriftKind::java_missing));
    CHECK_FALSE(has_kind(desired, observed, DriftKind::package_missing));
  }
  SECTION("every host with nodes needs memcached") {
    host_in(observed, "cache001.arcus").packages["/opt/arcus"].cache_node = false;
    fourth.packages["/opt/arcus"].engine = "";
    const auto drift = diff(desired, observed);
    REQUIRE(drift.size() >= 2);
    CHECK(drift[0].detail == "package \"arcus\": no bin/memcached in /opt/arcus");
    CHECK((drift[0].host == "cache001.arcus" && drift[1].host == "cache004.arcus"));
    CHECK(drift[1].detail == "package \"arcus\": no lib/default_engine.so in /opt/arcus");
  }
}
