// SPDX-License-Identifier: Apache-2.0
// Joining: which mapping counts, what the znode holds, and every way in which it is refused.
#include <csignal>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/stock_node/lab.h"

using namespace arcform::stock_test;

namespace {

/// Starts a node that has to give up with `status`; returns its log.
std::string refusal(NodeLab& lab, int status) {
  const auto node = lab.start();
  const std::optional<int> seen = node->exit_status();
  CAPTURE(node->output());
  REQUIRE(seen == status);
  CHECK(lab.version().empty());
  return node->output();
}

}  // namespace

TEST_CASE("a node joins with its name and memory limit, owned by its session, and logs it") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  const std::optional<Znode> znode = lab.zk().get(lab.znode());
  REQUIRE(znode);
  CHECK(znode->data == "100MB");
  CHECK(znode->owner != 0);
  CHECK(znode->version == 0);
  CHECK(lab.zk().children(lab.cloud()) == std::vector<std::string>{lab.endpoint() + "-" + kHost});

  const auto days = lab.zk().children("/arcus/cache_server_log");
  REQUIRE(days.size() == 1);
  const std::string day = "/arcus/cache_server_log/" + days.front();
  std::string entry;
  REQUIRE(eventually([&] {
    for (const std::string& name : lab.zk().children(day)) {
      if (name.starts_with(lab.endpoint() + "-" + kHost + "-")) {
        entry = name;
      }
    }
    return !entry.empty();
  }));
  CHECK(entry.size() == (lab.endpoint() + "-" + kHost + "-0000000000").size());
  CHECK(lab.zk().get(day + "/" + entry)->data == "join");
}

TEST_CASE("a joined node stores and returns values") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.joined();
  CHECK(ask(lab.port(), "set k 0 0 5\r\nhello\r\n") == "STORED\r\n");
  CHECK(ask(lab.port(), "get k\r\n", "END\r\n") == "VALUE k 0 5\r\nhello\r\nEND\r\n");
}

TEST_CASE("without the override the host name is the reverse lookup of the address") {
  NodeLab lab;
  lab.prepare_tree();
  lab.environment.clear();
  const auto node = lab.start();
  REQUIRE(eventually([&] { return lab.zk().children(lab.cloud()).size() == 1; }));
  const std::string name = lab.zk().children(lab.cloud()).front();
  CHECK(name.starts_with(lab.endpoint() + "-"));
  CHECK(name.size() > lab.endpoint().size() + 1);
}

TEST_CASE("mapping keys count in the order ip:port, hostname:port, ip") {
  NodeLab lab;
  const std::vector<std::string> keys = {lab.endpoint(), fmt::format("{}:{}", kHost, lab.port()),
                                         "127.0.0.1"};
  for (std::size_t key = 0; key < keys.size(); ++key) {
    lab.zk().ensure(fmt::format("{}/{}-{}", lab.mapping(keys[key]), lab.service(), key));
    lab.zk().ensure(fmt::format("{}-{}", lab.cloud(), key));
  }
  for (std::size_t key = 0; key < keys.size(); ++key) {
    const std::string cloud = fmt::format("{}-{}", lab.cloud(), key);
    const auto node = lab.start();
    CHECK(eventually([&] { return lab.zk().children(cloud).size() == 1; }));
    node->signal(SIGTERM);
    CHECK(node->exit_status() == 0);
    lab.zk().remove(lab.mapping(keys[key]));
  }
}

TEST_CASE("a childless ip:port key masks a good ip key") {
  NodeLab lab;
  lab.zk().ensure(lab.cloud());
  lab.zk().ensure(lab.mapping(lab.endpoint()));
  lab.zk().ensure(fmt::format("{}/{}", lab.mapping("127.0.0.1"), lab.service()));
  CHECK(contains(refusal(lab, 76), "The server mapping exists but has 0(!= 1) mapping znodes"));
}

TEST_CASE("a mapping key with two children is refused") {
  NodeLab lab;
  lab.prepare_tree();
  lab.zk().ensure(lab.mapping(lab.endpoint()) + "/another");
  CHECK(contains(refusal(lab, 76), "The server mapping exists but has 2(!= 1) mapping znodes"));
}

TEST_CASE("a missing mapping is refused") {
  NodeLab lab;
  lab.zk().ensure(lab.cloud());
  const std::string log = refusal(lab, 76);
  CHECK(contains(log, "Failed to read the server mapping. zpath=/arcus/cache_server_mapping/"));
  CHECK(contains(log, "error=-101(no node)"));
}

TEST_CASE("a missing cache list is refused") {
  NodeLab lab;
  lab.zk().ensure(fmt::format("{}/{}", lab.mapping(lab.endpoint()), lab.service()));
  CHECK(contains(refusal(lab, 76), "cannot create znode " + lab.znode() + ": error=-101(no node)"));
}

TEST_CASE("the mapping child's name is cut at the caret") {
  NodeLab lab;
  lab.zk().ensure(lab.cloud());
  lab.zk().ensure(fmt::format("{}/{}^extra^x", lab.mapping(lab.endpoint()), lab.service()));
  const auto node = lab.joined();
  CHECK(node->running());
}

TEST_CASE("after SIGKILL the old ephemeral refuses a successor until it expires") {
  NodeLab lab;
  lab.prepare_tree();
  const auto first = lab.joined();
  const Znode old = *lab.zk().get(lab.znode());
  first->signal(SIGKILL);
  CHECK(first->exit_status() == 128 + SIGKILL);
  REQUIRE(lab.zk().get(lab.znode()));
  CHECK(contains(refusal(lab, 76), "error=-110(node exists)"));
  REQUIRE(eventually([&] { return !lab.zk().get(lab.znode()); }, kSessionEnd));
  const auto second = lab.joined();
  CHECK(lab.zk().get(lab.znode())->owner != old.owner);
}

TEST_CASE("a successor started after the stale ephemeral was deleted outlives the old session") {
  NodeLab lab;
  lab.prepare_tree();
  auto first = lab.joined();
  // An ephemeral of the same session as the old znode would show its end; a second node's does
  // as well: killed at the same moment, with the same timeout, its znode goes when its session
  // does.
  NodeLab witness;
  witness.prepare_tree();
  auto other = witness.joined();
  first->signal(SIGKILL);
  other->signal(SIGKILL);
  REQUIRE(first->exit_status() == 128 + SIGKILL);
  lab.zk().remove(lab.znode());
  const auto second = lab.joined();
  const Znode mine = *lab.zk().get(lab.znode());
  REQUIRE(eventually([&] { return !witness.zk().get(witness.znode()); }, kSessionEnd));
  REQUIRE(lab.zk().get(lab.znode()));
  CHECK(lab.zk().get(lab.znode())->owner == mine.owner);
  CHECK(second->running());
  CHECK(lab.serving());
}

TEST_CASE("the public ip replaces the address in the name and in the mapping") {
  NodeLab lab;
  const std::string key = fmt::format("192.0.2.7:{}", lab.port());
  lab.zk().ensure(fmt::format("{}/{}", lab.mapping(key), lab.service()));
  lab.zk().ensure(lab.cloud());
  lab.environment["ARCUS_CACHE_PUBLIC_IP"] = "192.0.2.7";
  const auto node = lab.start();
  CHECK(eventually([&] {
    return lab.zk().children(lab.cloud()) == std::vector<std::string>{key + "-" + kHost};
  }));
  lab.zk().remove(lab.mapping(key));
}

TEST_CASE("a node that has to wait for ZooKeeper takes connections but answers nothing") {
  NodeLab lab;
  lab.prepare_tree();
  ZooKeeperServer::shared().freeze();
  const auto node = lab.start();
  CHECK(eventually([&] { return port_open(lab.port()); }));
  // Between listen() and its hold the engine may answer once; from then on it does not.
  CHECK(eventually([&] { return ask(lab.port(), "version\r\n", "\r\n", 300ms).empty(); }));
  CHECK(ask(lab.port(), "version\r\n", "\r\n", 300ms).empty());
  CHECK(node->running());
  ZooKeeperServer::shared().thaw();
  CHECK(eventually([&] { return lab.serving() && lab.zk().get(lab.znode()).has_value(); }));
}
