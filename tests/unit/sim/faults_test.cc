// SPDX-License-Identifier: Apache-2.0
// Every fault, armed by hand: what is done, what the caller is told.
#include <catch2/catch.hpp>

#include "tests/unit/sim/sim_fixture.h"

namespace arcform::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a commit fails before or after it is done; the caller cannot tell which") {
  Deployment lab;
  lab.start_ensemble();
  const auto session = lab.connect();
  const auto fault = GENERATE(Fault::zk_error_before, Fault::zk_error_after);
  lab.world.faults().arm(fault, "create /a");
  const auto result = lab.commit(*session, {create("/a")});
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::unavailable);
  CHECK(result.error().message.find("/a") != std::string::npos);
  CHECK((lab.world.tree().find("/a") != nullptr) == (fault == Fault::zk_error_after));
  CHECK(lab.commit(*session, {create("/b")}));
}

TEST_CASE("a fault waits for its subject, its turn and its number of times") {
  Deployment lab;
  lab.start_ensemble();
  const auto session = lab.connect();
  lab.world.faults().arm(Fault::zk_error_before, "/x", 2, 1);
  CHECK(lab.commit(*session, {create("/a")}));
  CHECK(lab.commit(*session, {create("/x")}));
  CHECK_FALSE(lab.commit(*session, {create("/x/1")}));
  CHECK_FALSE(lab.commit(*session, {create("/x/1")}));
  CHECK(lab.commit(*session, {create("/x/1")}));
  CHECK(lab.world.log_with("fault zk_error_before").size() == 2);
}

TEST_CASE("a stale read misses another's last write until sync") {
  Deployment lab;
  lab.start_ensemble();
  const auto mine = lab.connect();
  const auto other = lab.connect();
  REQUIRE(lab.commit(*mine, {create("/a", "old")}));
  REQUIRE(lab.commit(*other, {set("/a", "new")}));
  lab.world.faults().arm(Fault::zk_stale_read, "read /a", 100);
  CHECK((*lab.world.run(mine->read("/a")))->data == "old");
  CHECK((*lab.world.run(other->read("/a")))->data == "new");  // its own write
  REQUIRE(lab.world.run(mine->sync()));
  CHECK((*lab.world.run(mine->read("/a")))->data == "new");
}

TEST_CASE("an expired session is over, its ephemerals are gone, another one works") {
  Deployment lab;
  lab.start_ensemble();
  const auto session = lab.connect();
  REQUIRE(lab.commit(*session, {create_ephemeral("/e")}));
  SECTION("by a fault") {
    lab.world.faults().arm(Fault::zk_expire);
    CHECK_FALSE(lab.commit(*session, {create("/a")}));
  }
  SECTION("by hand") {
    lab.world.expire_sessions();
  }
  CHECK_FALSE(session->alive());
  CHECK(lab.world.tree().find("/e") == nullptr);
  CHECK(lab.world.tree().find("/a") == nullptr);
  CHECK_FALSE(lab.world.run(session->read("/zookeeper")));
  CHECK(lab.commit(*lab.connect(), {create("/b")}));
}

TEST_CASE("somebody else writes between our read and our commit") {
  Deployment lab;
  lab.start_ensemble();
  const auto session = lab.connect();
  lab.world.faults().arm(Fault::foreign_write);
  CHECK(lab.commit(*session, {create("/a")}));
  CHECK(lab.world.log_with("operator:").size() == 1);
}

TEST_CASE("a host command fails before or after it is done") {
  Deployment lab;
  const auto fault = GENERATE(Fault::host_error_before, Fault::host_error_after);
  lab.world.faults().arm(fault, "host h1 start node-11211");
  const auto started = lab.start_node(1);
  REQUIRE_FALSE(started);
  CHECK(started.error().code == ErrorCode::unavailable);
  CHECK(started.error().message.find("h1") != std::string::npos);
  const bool done = fault == Fault::host_error_after;
  CHECK((lab.world.machine("h1").processes().size() == 1) == done);
  const auto again = lab.start_node(1);
  REQUIRE(again);
  CHECK(lab.world.machine("h1").processes().size() == 1);
}

TEST_CASE("a host that is cut off answers nothing, and what runs there runs on") {
  Deployment lab;
  lab.start_all();
  SECTION("from everything") {
    lab.world.cut("h1");
  }
  SECTION("for our commands only") {
    lab.world.set_ssh("h1", false);
  }
  const auto facts = lab.world.run(lab.world.host("h1").probe({}));
  REQUIRE_FALSE(facts);
  CHECK(facts.error().code == ErrorCode::unavailable);
  CHECK(lab.world.node(lab.endpoint(1)) != nullptr);
  lab.world.mend("h1");
  lab.world.set_ssh("h1", true);
  CHECK(lab.world.run(lab.world.host("h1").probe({})));
}

TEST_CASE("a partition ends by itself, or when the world heals") {
  Deployment lab;
  lab.start_all();
  lab.world.faults().arm(Fault::partition, "h2");
  CHECK_FALSE(lab.world.run(lab.world.host("h2").probe({})));
  SECTION("by itself") {
    lab.world.advance(seconds(61));
  }
  SECTION("healed") {
    lab.world.heal();
  }
  CHECK(lab.world.run(lab.world.host("h2").probe({})));
}

TEST_CASE("a full disk refuses files and starts, and leaves no half") {
  Deployment lab;
  lab.world.machine("h1").disk_full = true;
  const auto written = lab.configure(1);
  REQUIRE_FALSE(written);
  CHECK(written.error().code == ErrorCode::resource_exhausted);
  CHECK(lab.world.machine("h1").files.empty());
  CHECK(lab.start_node(1).error().code == ErrorCode::resource_exhausted);
  lab.world.machine("h1").disk_full = false;
  CHECK(lab.configure(1));
}

TEST_CASE("a probe fails, a process starts slowly, a process dies at once") {
  Deployment lab;
  lab.start_ensemble();
  lab.create_tree();
  SECTION("probe") {
    lab.world.faults().arm(Fault::probe_fails, "h1");
    const auto facts = lab.world.run(lab.world.host("h1").probe({}));
    REQUIRE_FALSE(facts);
    CHECK(facts.error().code == ErrorCode::deadline_exceeded);
  }
  SECTION("slow start") {
    lab.world.faults().arm(Fault::slow_start, "h1");
    REQUIRE(lab.start_node(1));
    lab.world.advance(seconds(4));
    CHECK(lab.world.joined("test").empty());
    lab.world.advance(seconds(20));
    CHECK(lab.world.joined("test").size() == 1);
  }
  SECTION("death") {
    lab.world.faults().arm(Fault::dies_at_once, "h1");
    const auto identity = lab.start_node(1);
    REQUIRE(identity);
    lab.world.advance(seconds(1));
    CHECK_FALSE(*lab.world.run(lab.world.host("h1").is_alive(*identity)));
    CHECK(lab.world.joined("test").empty());
  }
}

TEST_CASE("a controller that slept longer than its session timeout lost its session") {
  Deployment lab;
  lab.start_all();
  const auto session = lab.connect();
  REQUIRE(lab.commit(*session, {create_ephemeral("/lock")}));
  lab.world.suspend(seconds(60));
  CHECK_FALSE(session->alive());
  CHECK(lab.world.tree().find("/lock") == nullptr);
  CHECK(lab.world.joined("test").size() == 3);
  const auto late = lab.commit(*session, {create("/late")});
  CHECK_FALSE(late);
}

TEST_CASE("stopping outlives the connection: the script on the host goes on") {
  Deployment lab;
  lab.start_all();
  const auto facts = lab.world.run(lab.world.host("h1").probe({}));
  StopRequest request;
  request.slot = "node-11211";
  request.process = *facts->slot("node-11211")->identity;
  lab.world.core().clock().after(milliseconds(15), "a cut", [&lab] { lab.world.cut("h1"); });
  const auto outcome = lab.world.run(lab.world.host("h1").stop(request));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == ErrorCode::unavailable);
  lab.world.advance(seconds(20));
  CHECK(lab.world.node(lab.endpoint(1)) == nullptr);
}

TEST_CASE("a request outlives the session object that sent it") {
  Deployment lab;
  lab.start_ensemble();
  auto session = lab.connect();
  Awaitable<Result<void>> request = session->commit({create("/a")});
  session.reset();
  const auto result = lab.world.run(std::move(request));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::unavailable);
}

}  // namespace
}  // namespace arcform::sim
