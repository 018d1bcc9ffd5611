// SPDX-License-Identifier: Apache-2.0
// A joined node: how it leaves, and what happens to it while it runs.
#include <csignal>

#include <catch2/catch.hpp>

#include "tests/stock_node/lab.h"

using namespace arcform::stock_test;

namespace {

bool paused(const Child& node) {
  return node.output().find("zk connection closed by mc_pause") != std::string::npos;
}

}  // namespace

TEST_CASE("SIGTERM and SIGINT make a node leave and exit with 0") {
  const int number = GENERATE(SIGTERM, SIGINT);
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  node->signal(number);
  CHECK(node->exit_status(3s) == 0);
  // Gone at its exit, not at the end of a session.
  CHECK_FALSE(lab.zk().get(lab.znode()));
  CHECK(lab.version().empty());
}

TEST_CASE("stop, wait for the exit, start: ten clean cycles") {
  NodeLab lab;
  lab.prepare_tree();
  for (int cycle = 0; cycle < 10; ++cycle) {
    const auto node = lab.joined();
    node->signal(SIGTERM);
    CHECK(node->exit_status() == 0);
  }
}

TEST_CASE("a deleted znode pauses the node: out of ZooKeeper, still serving, for good") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  REQUIRE(ask(lab.port(), "set k 0 0 3\r\nold\r\n") == "STORED\r\n");
  lab.zk().remove(lab.znode());
  REQUIRE(eventually([&] { return paused(*node); }));
  CHECK(node->output().find("My ephemeral znode in cache_list is deleted.") != std::string::npos);
  CHECK(node->running());
  CHECK(ask(lab.port(), "get k\r\n", "END\r\n") == "VALUE k 0 3\r\nold\r\nEND\r\n");
  // The session is closed, so another may take the name; the node does not take it back.
  lab.zk().create_ephemeral(lab.znode());
  lab.zk().remove(lab.znode());
  CHECK(lab.zk().children(lab.cloud()).empty());
  node->signal(SIGTERM);
  CHECK(node->exit_status(3s) == 0);
}

TEST_CASE("deleting the whole cache list pauses the node too") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  lab.zk().remove(lab.cloud());
  REQUIRE(eventually([&] { return paused(*node); }));
  CHECK(node->running());
  CHECK(lab.serving());
}

TEST_CASE("changed data of the znode and other children do not disturb the node") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  const Znode before = *lab.zk().get(lab.znode());
  for (int round = 0; round < 3; ++round) {
    lab.zk().create_ephemeral(lab.cloud() + "/192.0.2.1:1-x");
    lab.zk().remove(lab.cloud() + "/192.0.2.1:1-x");
  }
  lab.zk().remove(lab.mapping(lab.endpoint()));
  CHECK(lab.zk().get(lab.znode())->owner == before.owner);
  CHECK(node->running());
  // It still watches: the deletion is noticed after all those events.
  lab.zk().remove(lab.znode());
  CHECK(eventually([&] { return paused(*node); }));
}

TEST_CASE("an expired session ends the node with 75") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  node->signal(SIGSTOP);
  REQUIRE(eventually([&] { return !lab.zk().get(lab.znode()); }, kSessionEnd));
  node->signal(SIGCONT);
  CHECK(node->exit_status() == 75);
  CHECK(lab.version().empty());
}

TEST_CASE("a short freeze of ZooKeeper does not cost the znode") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  const Znode before = *lab.zk().get(lab.znode());
  ZooKeeperServer::shared().freeze();
  REQUIRE(eventually(
      [&] { return node->output().find("ZOO_SESSION_EVENT Connecting.") != std::string::npos; }));
  CHECK(lab.serving());
  ZooKeeperServer::shared().thaw();
  // The lab's own client may be in the middle of giving up its connection: ask in a new session.
  ZkClient zk(ZooKeeperServer::shared().ensemble());
  // A znode deleted after the reconnect is noticed: the watches are back.
  REQUIRE(zk.get(lab.znode()));
  CHECK(zk.get(lab.znode())->owner == before.owner);
  zk.remove(lab.znode());
  CHECK(eventually([&] { return paused(*node); }));
  CHECK(node->running());
}

TEST_CASE("SIGTERM while ZooKeeper is silent still ends with 0 within some 4 s") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  ZooKeeperServer::shared().freeze();
  node->signal(SIGTERM);
  const std::optional<int> status = node->exit_status(5s);
  ZooKeeperServer::shared().thaw();
  CHECK(status == 0);
}
