// SPDX-License-Identifier: Apache-2.0
// The life of a cache node as arcus-memcached 1.15.0 was seen to live it.
#include <catch2/catch.hpp>

#include "model/znodes.h"
#include "tests/unit/sim/sim_fixture.h"

namespace arcform::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kJoined = "/arcus/cache_list/test/10.0.0.1:11211-h1";

/// Ended with this status; the log says so.
bool ended_with(const Deployment& lab, int status) {
  return !lab.world.log_with("(memcached) ended: status " + std::to_string(status)).empty();
}

TEST_CASE("a node joins about 20 ms after its start and serves a little later") {
  Deployment lab;
  lab.start_ensemble();
  lab.create_tree();
  REQUIRE(lab.start_node(1));
  CHECK(lab.world.joined("test").empty());
  lab.world.advance(milliseconds(22));
  REQUIRE(lab.world.tree().find(kJoined) != nullptr);
  CHECK(lab.world.tree().find(kJoined)->data == "100MB");
  CHECK(lab.world.tree().find(kJoined)->owner != 0);
  lab.world.advance(milliseconds(15));
  CHECK(lab.ask_node(1));
  CHECK(lab.world.tree().find("/arcus/cache_server_log/2026-01-31")->children.size() == 1);
}

TEST_CASE("a node that cannot join ends with 76 and says why") {
  Deployment lab;
  lab.start_ensemble();
  lab.create_tree();
  std::string words;
  SECTION("no mapping") {
    lab.world.delete_znode(znodes::mapping_key(lab.endpoint(1)));
    words = "Failed to read the server mapping";
  }
  SECTION("two mappings") {
    lab.world.create_znode(znodes::mapping(lab.endpoint(1), "other"), "");
    words = "has 2(!= 1)";
  }
  SECTION("an empty key hides a good one") {
    lab.world.delete_znode(znodes::mapping(lab.endpoint(1), "test"));
    lab.world.create_znode("/arcus/cache_server_mapping/10.0.0.1/test", "");
    words = "has 0(!= 1)";
  }
  SECTION("no cache_list") {
    lab.world.delete_znode("/arcus/cache_list/test");
    words = "no node";
  }
  REQUIRE(lab.start_node(1));
  lab.world.advance(seconds(1));
  CHECK(ended_with(lab, 76));
  CHECK(lab.world.run(lab.world.host("h1").last_words("node-11211"))->find(words) !=
        std::string::npos);
}

TEST_CASE("a node that finds its port taken ends with 71") {
  Deployment lab;
  lab.start_ensemble();
  lab.create_tree();
  StartRequest request;
  request.slot = "node-11211";
  request.argv = {"/opt/arcus/bin/memcached", "-p", "11211", "-z", "10.0.0.1:2181"};
  lab.world.add_foreign_process("h1", 11211);
  REQUIRE(lab.world.run(lab.world.host("h1").start(request)));
  lab.world.advance(seconds(1));
  CHECK(ended_with(lab, 71));
}

TEST_CASE("a node waits for ZooKeeper as long as its session timeout") {
  Deployment lab;
  REQUIRE(lab.start_node(1, 10));
  lab.world.advance(seconds(9));
  const auto silent = lab.ask_node(1);
  REQUIRE_FALSE(silent);
  CHECK(silent.error().code == ErrorCode::deadline_exceeded);  // it listens, and serves nothing
  CHECK(lab.world.node(lab.endpoint(1)) != nullptr);
  lab.world.advance(seconds(2));
  CHECK(lab.world.node(lab.endpoint(1)) == nullptr);
  CHECK(ended_with(lab, 76));
  CHECK(lab.ask_node(1).error().code == ErrorCode::not_found);
}

TEST_CASE("SIGTERM: the node leaves, then ends within a second") {
  Deployment lab;
  lab.start_all();
  const auto facts = lab.world.run(lab.world.host("h1").probe({}));
  StopRequest request;
  request.slot = "node-11211";
  request.process = *facts->slot("node-11211")->identity;
  const Time before = lab.world.clock().now();
  const auto outcome = lab.world.run(lab.world.host("h1").stop(request));
  REQUIRE(outcome);
  CHECK(*outcome == StopOutcome::gone);
  CHECK(lab.world.clock().now() - before < milliseconds(1100));
  CHECK(lab.world.tree().find(kJoined) == nullptr);
  CHECK(ended_with(lab, 0));
}

TEST_CASE("SIGKILL: the ephemeral stands until it expires, and blocks a successor") {
  Deployment lab;
  lab.start_all();
  lab.world.kill_node(lab.endpoint(1));
  lab.world.advance(milliseconds(100));
  const auto owner = lab.world.tree().find(kJoined)->owner;
  REQUIRE(lab.start_node(1));
  lab.world.advance(milliseconds(100));
  CHECK(ended_with(lab, 76));
  CHECK(lab.world.tree().find(kJoined)->owner == owner);
  lab.world.advance(seconds(25));
  CHECK(lab.world.tree().find(kJoined) != nullptr);
  lab.world.advance(seconds(12));
  CHECK(lab.world.tree().find(kJoined) == nullptr);
}

TEST_CASE("deleting the stale ephemeral lets a successor in, and it outlives the old session") {
  Deployment lab;
  lab.start_all();
  lab.world.kill_node(lab.endpoint(1));
  const auto old_owner = lab.world.tree().find(kJoined)->owner;
  lab.world.delete_znode(kJoined);
  REQUIRE(lab.start_node(1));
  lab.world.advance(seconds(60));
  REQUIRE(lab.world.tree().find(kJoined) != nullptr);
  CHECK(lab.world.tree().find(kJoined)->owner != old_owner);
  CHECK(lab.world.node(lab.endpoint(1)) != nullptr);
}

TEST_CASE("a node whose ephemeral is deleted pauses: alive, answering, never back") {
  Deployment lab;
  lab.start_all();
  lab.world.delete_znode(kJoined);
  lab.world.advance(seconds(120));
  CHECK(lab.world.tree().find(kJoined) == nullptr);
  CHECK(lab.world.node(lab.endpoint(1)) != nullptr);
  CHECK(lab.ask_node(1));
}

TEST_CASE("a node cut off longer than its timeout serves on, and exits 75 when it is back") {
  Deployment lab;
  lab.start_all();
  lab.world.core().cut("h1");
  lab.world.ensemble().refresh();
  lab.world.advance(seconds(60));
  CHECK(lab.world.tree().find(kJoined) == nullptr);
  CHECK(lab.world.node(lab.endpoint(1)) != nullptr);
  CHECK_FALSE(ended_with(lab, 75));
  lab.world.mend("h1");
  lab.world.advance(seconds(2));
  CHECK(lab.world.node(lab.endpoint(1)) == nullptr);
  CHECK(ended_with(lab, 75));
}

TEST_CASE("a stopped and continued node exits 75 when it slept too long") {
  Deployment lab;
  lab.start_all();
  lab.world.freeze_node(lab.endpoint(1), true);
  CHECK(lab.ask_node(1).error().code == ErrorCode::deadline_exceeded);
  lab.world.advance(seconds(45));
  CHECK(lab.world.tree().find(kJoined) == nullptr);
  lab.world.freeze_node(lab.endpoint(1), false);
  lab.world.advance(seconds(1));
  CHECK(ended_with(lab, 75));
}

TEST_CASE("a running node never notices a changed mapping, nor a ZooKeeper that restarts") {
  Deployment lab;
  lab.start_all();
  const auto owner = lab.world.tree().find(kJoined)->owner;
  lab.world.delete_znode(znodes::mapping_key(lab.endpoint(1)));
  for (int i = 1; i <= 3; ++i) {
    lab.world.kill_server(host_name(i));
  }
  lab.world.advance(seconds(90));
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(lab.start_server(i));
  }
  lab.world.advance(seconds(60));
  REQUIRE(lab.world.joined("test").size() == 3);
  CHECK(lab.world.tree().find(kJoined)->owner == owner);
}

TEST_CASE("nodes of a wiped ensemble stay alive and are joined nowhere") {
  Deployment lab;
  lab.start_all();
  for (int i = 1; i <= 3; ++i) {
    lab.world.kill_server(host_name(i));
    lab.world.remove_data(host_name(i));
    REQUIRE(lab.configure(i));
    REQUIRE(lab.start_server(i));
  }
  lab.world.advance(seconds(60));
  REQUIRE(lab.world.ensemble().has_leader());
  CHECK(lab.world.joined("test").empty());
  CHECK(lab.world.node(lab.endpoint(1)) != nullptr);
  CHECK(lab.ask_node(1));
}

}  // namespace
}  // namespace arcform::sim
