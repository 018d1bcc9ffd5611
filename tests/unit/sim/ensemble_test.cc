// SPDX-License-Identifier: Apache-2.0
// Elections, what a quorum means for requests and sessions, transactions, and lost data.
#include <catch2/catch.hpp>

#include "tests/unit/sim/sim_fixture.h"

namespace arcform::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string leader_host(const Deployment& lab) {
  return host_name(*lab.world.ensemble().leader_id());
}

std::string follower_host(const Deployment& lab) {
  return host_name(*lab.world.ensemble().leader_id() == 1 ? 2 : 1);
}

TEST_CASE("three servers started together serve after about 3 s") {
  Deployment lab;
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(lab.configure(i));
    REQUIRE(lab.start_server(i));
  }
  lab.world.advance(milliseconds(1900));
  CHECK_FALSE(lab.world.ensemble().has_leader());
  CHECK(*lab.ask_server(1, "srvr") ==
        "This ZooKeeper instance is not currently serving requests\n");
  CHECK(*lab.ask_server(1, "ruok") == "imok");
  lab.world.advance(milliseconds(1700));
  CHECK(lab.world.ensemble().leader_id() == 3);  // same data: the highest id
  CHECK(lab.world.ensemble().synced_followers() == 2);
  CHECK(lab.ask_server(3, "srvr")->find("\nMode: leader\n") != std::string::npos);
  CHECK(lab.ask_server(1, "srvr")->find("\nMode: follower\n") != std::string::npos);
  CHECK(lab.ask_server(3, "mntr")->find("zk_synced_followers\t2\n") != std::string::npos);
  CHECK(*lab.ask_server(1, "isro") == "isro is not executed because it is not in the whitelist.\n");
}

TEST_CASE("one server of three is no quorum") {
  Deployment lab;
  REQUIRE(lab.configure(1));
  REQUIRE(lab.start_server(1));
  lab.world.advance(seconds(60));
  CHECK_FALSE(lab.world.ensemble().has_leader());
  const auto session = lab.world.run(lab.world.zookeeper().connect("10.0.0.1:2181", seconds(2)));
  REQUIRE_FALSE(session);
  CHECK(session.error().code == ErrorCode::unavailable);
  CHECK(session.error().message.find("10.0.0.1:2181") != std::string::npos);
}

TEST_CASE("a dead leader is replaced within half a second; sessions live on") {
  Deployment lab;
  lab.start_ensemble();
  const auto session = lab.connect();
  REQUIRE(lab.commit(*session, {create("/a"), create_ephemeral("/e")}));
  const auto zxid = lab.world.tree().zxid;
  lab.world.kill_server(leader_host(lab));
  const auto refused = lab.commit(*session, {create("/b")});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(session->alive());
  lab.world.advance(milliseconds(600));
  CHECK(lab.world.ensemble().leader_id() == 2);
  CHECK(lab.world.tree().zxid > zxid);
  CHECK(lab.commit(*session, {create("/b")}));
  lab.world.advance(seconds(60));
  CHECK(lab.world.tree().find("/e") != nullptr);
}

TEST_CASE("without a leader nothing expires") {
  Deployment lab;
  lab.start_ensemble();
  const auto session = lab.connect();
  REQUIRE(lab.commit(*session, {create_ephemeral("/e")}));
  const std::string leader = leader_host(lab);
  lab.world.kill_server(follower_host(lab));
  lab.world.cut(leader);
  lab.world.advance(seconds(120));
  CHECK_FALSE(lab.world.ensemble().has_leader());
  CHECK(lab.world.tree().find("/e") != nullptr);
  CHECK_FALSE(session->alive());  // we had no proof of life for the session timeout
  lab.world.mend(leader);
  lab.world.advance(seconds(1));
  CHECK(lab.world.ensemble().has_leader());
  CHECK_FALSE(session->alive());
  CHECK_FALSE(lab.commit(*session, {create("/late")}));
}

TEST_CASE("a cut off session expires after its timeout, and we know before") {
  Deployment lab;
  lab.start_ensemble();
  const auto session = lab.connect();
  CHECK(session->session_timeout() == seconds(10));
  REQUIRE(lab.commit(*session, {create_ephemeral("/e")}));
  lab.world.cut_controller();
  lab.world.advance(seconds(7));
  CHECK(session->alive());
  CHECK(lab.world.tree().find("/e") != nullptr);
  while (lab.world.tree().find("/e") != nullptr) {
    lab.world.advance(milliseconds(50));
  }
  CHECK_FALSE(session->alive());
  CHECK(lab.world.clock().now() < seconds(20));
  lab.world.mend_controller();
  CHECK_FALSE(lab.world.run(session->read("/")));
  CHECK_FALSE(lab.world.run(session->read("/zookeeper")));
}

TEST_CASE("a short cut is survived") {
  Deployment lab;
  lab.start_ensemble();
  const auto session = lab.connect();
  lab.world.cut_controller();
  lab.world.advance(seconds(5));
  CHECK_FALSE(lab.world.run(session->read("/zookeeper")));
  lab.world.mend_controller();
  CHECK(lab.world.run(session->read("/zookeeper")));
  lab.world.advance(seconds(60));
  CHECK(session->alive());
}

TEST_CASE("a transaction is all or nothing and names the operation that failed") {
  Deployment lab;
  lab.start_ensemble();
  const auto session = lab.connect();
  REQUIRE(lab.commit(*session, {create("/a", "1"), create("/a/b")}));
  struct Row {
    ZnodeChange change;
    ErrorCode code;
  };
  const auto row = GENERATE(
      Row{set("/a", "2", 7), ErrorCode::aborted}, Row{create("/a"), ErrorCode::already_exists},
      Row{create("/none/b"), ErrorCode::not_found}, Row{remove("/none"), ErrorCode::not_found},
      Row{remove("/a"), ErrorCode::failed_precondition});
  const auto paths = lab.world.tree().paths();
  const auto result = lab.commit(*session, {create("/x"), set("/a", "3"), row.change});
  REQUIRE_FALSE(result);
  CHECK(result.error().code == row.code);
  CHECK(result.error().message.find(row.change.path + ":") != std::string::npos);
  CHECK(result.error().message.find("(operation 3 of 3)") != std::string::npos);
  CHECK(lab.world.tree().paths() == paths);
  CHECK(lab.world.tree().find("/a")->data == "1");
  CHECK(lab.world.tree().find("/a")->version == 0);
}

TEST_CASE("a transaction sees its own earlier operations") {
  Deployment lab;
  lab.start_ensemble();
  const auto session = lab.connect();
  REQUIRE(lab.commit(*session, {create("/a"),
                                create("/a/b"),
                                set("/a", "x", 0),
                                {ZnodeChange::Kind::check, "/a", "", 1},
                                remove("/a/b"),
                                create("/a/c")}));
  const auto names = lab.world.run(session->children("/a"));
  REQUIRE((names && *names));
  CHECK(**names == std::vector<std::string>{"c"});
}

TEST_CASE("closing a session removes its ephemerals at once") {
  Deployment lab;
  lab.start_ensemble();
  auto session = lab.connect();
  REQUIRE(lab.commit(*session, {create_ephemeral("/e")}));
  SECTION("by close") {
    lab.world.run(session->close());
  }
  SECTION("by dropping it") {
    session.reset();
  }
  CHECK(lab.world.tree().find("/e") == nullptr);
}

TEST_CASE("data survives as long as its directories do") {
  Deployment lab;
  lab.start_ensemble();
  REQUIRE(lab.commit(*lab.connect(), {create("/kept")}));
  const bool wiped = GENERATE(false, true);
  for (int i = 1; i <= 3; ++i) {
    lab.world.reboot(host_name(i));
    if (wiped) {
      lab.world.remove_data(host_name(i));
    }
  }
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(lab.configure(i));
    REQUIRE(lab.start_server(i));
  }
  lab.world.advance(seconds(5));
  REQUIRE(lab.world.ensemble().has_leader());
  CHECK((lab.world.tree().find("/kept") == nullptr) == wiped);
}

TEST_CASE("the server with the newest data leads") {
  Deployment lab;
  lab.start_ensemble();
  REQUIRE(lab.world.ensemble().leader_id() == 3);
  lab.world.kill_server("h3");
  lab.world.advance(seconds(1));
  REQUIRE(lab.commit(*lab.connect(), {create("/new")}));
  lab.world.kill_server("h1");
  lab.world.advance(seconds(1));
  REQUIRE(lab.start_server(3));
  lab.world.advance(seconds(5));
  CHECK(lab.world.ensemble().leader_id() == 2);
  CHECK(lab.world.tree().find("/new") != nullptr);
}

TEST_CASE("a server without java, zoo.cfg or myid does not run") {
  Deployment lab;
  SECTION("no java") {
    lab.world.machine("h1").java = false;
    const auto started = lab.start_server(1);
    REQUIRE_FALSE(started);
    CHECK(started.error().code == ErrorCode::not_found);
  }
  SECTION("no zoo.cfg") {
    REQUIRE(lab.start_server(1));
    lab.world.advance(seconds(2));
    CHECK(lab.world.machine("h1").processes().empty());
    CHECK(lab.world.run(lab.world.host("h1").last_words("server-1"))->find("Invalid config") !=
          std::string::npos);
  }
  SECTION("another's myid") {
    REQUIRE(lab.configure(1));
    lab.world.edit_file("h1", "/data/zk/myid", "9\n");
    REQUIRE(lab.start_server(1));
    lab.world.advance(seconds(2));
    CHECK(lab.world.machine("h1").processes().empty());
  }
}

}  // namespace
}  // namespace arcform::sim
