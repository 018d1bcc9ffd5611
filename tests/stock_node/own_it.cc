// SPDX-License-Identifier: Apache-2.0
// What only the stock node has, tagged [own]: its engine process, what it says of itself.
#include <csignal>

#include <catch2/catch.hpp>

#include "tests/stock_node/lab.h"

using namespace arcform::stock_test;

namespace {

pid_t engine_of(const Child& node) {
  const std::vector<pid_t> children = children_of(node.pid());
  REQUIRE(children.size() == 1);
  return children.front();
}

}  // namespace

TEST_CASE("the start line of arcus.sh joins", "[own]") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.start({"-X", prefix() + "/lib/syslog_logger.so", "-v", "-r", "-R5",
                               "-D:", "-b", "8192", "-m200", "-c", "1000"});
  REQUIRE(eventually([&] { return lab.zk().get(lab.znode()).has_value() && lab.serving(); }));
  CHECK(lab.zk().get(lab.znode())->data == "200MB");
  CHECK(contains(ask(lab.port(), "stats\r\n", "END\r\n"), "STAT limit_maxbytes 209715200\r\n"));
}

TEST_CASE("the node is seen as memcached with its own argv, its engine as something else",
          "[own]") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  CHECK(comm(node->pid()) == "memcached");
  CHECK(command_line(node->pid()) == lab.argv());
  const pid_t engine = engine_of(*node);
  CHECK(comm(engine) == "stock-node-engi");
  CHECK(command_line(engine).front() == "stock-node-engine");
}

TEST_CASE("SIGTERM ends node and engine in less than a second", "[own]") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  const pid_t engine = engine_of(*node);
  node->signal(SIGTERM);
  CHECK(node->exit_status(900ms) == 0);
  CHECK_FALSE(alive(engine));
}

TEST_CASE("the end of the session ends the engine too", "[own]") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  const pid_t engine = engine_of(*node);
  node->signal(SIGSTOP);
  REQUIRE(eventually([&] { return !lab.zk().get(lab.znode()); }, kSessionEnd));
  CHECK(lab.serving());  // The engine is not stopped: like a node cut off from ZooKeeper.
  node->signal(SIGCONT);
  CHECK(node->exit_status() == 75);
  CHECK_FALSE(alive(engine));
}

TEST_CASE("SIGKILL of the node kills its engine", "[own]") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  const pid_t engine = engine_of(*node);
  node->signal(SIGKILL);
  CHECK(node->exit_status() == 128 + SIGKILL);
  CHECK(eventually([&] { return !alive(engine); }, 1s));
  CHECK(lab.version().empty());
}

TEST_CASE("SIGKILL of a node that still waits for ZooKeeper kills its held engine", "[own]") {
  NodeLab lab;
  lab.prepare_tree();
  ZooKeeperServer::shared().freeze();
  const auto node = lab.start();
  CHECK(eventually([&] { return port_open(lab.port()); }));
  const pid_t engine = engine_of(*node);
  node->signal(SIGKILL);
  ZooKeeperServer::shared().thaw();
  CHECK(eventually([&] { return !alive(engine); }, 1s));
}

TEST_CASE("the node leaves and ends when its engine dies", "[own]") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  kill(engine_of(*node), SIGSEGV);
  CHECK(node->exit_status() == 128 + SIGSEGV);
  CHECK_FALSE(lab.zk().get(lab.znode()));
}

TEST_CASE("an engine that dies while the node still waits for ZooKeeper is what the node says",
          "[own]") {
  NodeLab lab;
  lab.prepare_tree();
  ZooKeeperServer::shared().freeze();
  const auto node = lab.start();
  CHECK(eventually([&] { return port_open(lab.port()); }));
  kill(engine_of(*node), SIGKILL);
  CHECK(node->exit_status() == 128 + SIGKILL);
  ZooKeeperServer::shared().thaw();
  CHECK(contains(node->output(), "stock memcached ended: exit status 137"));
}

TEST_CASE("an engine that cannot run ends the start with 1", "[own]") {
  NodeLab lab;
  lab.environment["ARCFORM_STOCK_MEMCACHED"] = "/nowhere/memcached";
  const auto node = lab.start();
  CHECK(node->exit_status() == 1);
  CHECK(contains(node->output(), "/nowhere/memcached"));
}

TEST_CASE("a few connections are enough to start", "[own]") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.start({"-c", "3"});
  CHECK(eventually([&] { return lab.zk().get(lab.znode()).has_value() && lab.serving(); }));
}

TEST_CASE("--version and -h say what this is", "[own]") {
  NodeLab lab;
  const auto version = lab.start_with({prefix() + "/bin/memcached", "--version"});
  REQUIRE(version->exit_status() == 0);
  CHECK(contains(version->output(), "arcform stock-node "));
  CHECK(contains(version->output(), "(not the Arcus server); engine: memcached 1."));
  const auto help = lab.start_with({prefix() + "/bin/memcached", "-h"});
  REQUIRE(help->exit_status() == 0);
  CHECK(contains(help->output(), "This is not the Arcus server"));
}
