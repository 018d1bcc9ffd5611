// SPDX-License-Identifier: Apache-2.0
// Exit statuses of starts that fail before or while ZooKeeper is looked for, and nodes without one.
#include <csignal>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "tests/stock_node/lab.h"

using namespace arcform::stock_test;

namespace {

using Words = std::vector<std::string>;

Words without(Words words, const std::string& option) {
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    if (words[at] == option) {
      words.erase(words.begin() + static_cast<long>(at), words.begin() + static_cast<long>(at) + 2);
      return words;
    }
  }
  return words;
}

Words with(Words words, const std::string& option, const std::string& value) {
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    if (words[at] == option) {
      words[at + 1] = value;
    }
  }
  return words;
}

}  // namespace

TEST_CASE("a taken port ends the start with 71 before ZooKeeper sees anything") {
  NodeLab lab;
  lab.prepare_tree();
  const Listener taken(lab.port());
  const auto node = lab.start();
  CHECK(node->exit_status() == 71);
  CHECK(contains(node->output(), "bind() error("));
  CHECK(contains(node->output(), "Address already in use"));
  CHECK(lab.zk().children(lab.cloud()).empty());
}

TEST_CASE("a second node on the same port ends with 71 and leaves the first one alone") {
  NodeLab lab;
  lab.prepare_tree();
  const auto first = lab.joined();
  const Znode before = *lab.zk().get(lab.znode());
  const auto second = lab.start();
  CHECK(second->exit_status() == 71);
  CHECK(first->running());
  CHECK(lab.zk().get(lab.znode())->owner == before.owner);
}

TEST_CASE("wrong command lines end with the server's statuses") {
  NodeLab lab;
  const Words good = lab.argv();
  const auto status = [&](const Words& argv) { return lab.start_with(argv)->exit_status(); };
  CHECK(status(lab.argv({"-W"})) == 1);
  CHECK(status(lab.argv({"-m", "0"})) == 1);
  CHECK(status(without(good, "-E")) == 1);
  CHECK(status(with(good, "-E", "/nowhere/default_engine.so")) == 1);
  CHECK(status(with(good, "-X", "/nowhere/ascii_scrub.so")) == 1);
  CHECK(status(lab.argv({"-c", "2"})) == 64);
  CHECK(status(lab.argv({"-S"})) == 64);
  if (geteuid() == 0) {
    CHECK(status(without(good, "-u")) == 64);
    CHECK(status(with(good, "-u", "no-such-user-here")) == 67);
  }
}

TEST_CASE("names that cannot be are refused: 65 too long, 69 no address, 76 with a slash") {
  NodeLab lab;
  lab.prepare_tree();
  lab.environment["ARCUS_CACHE_HOSTNAME_OVERWRITE"] = std::string(129, 'h');
  CHECK(lab.start()->exit_status() == 65);
  lab.environment["ARCUS_CACHE_HOSTNAME_OVERWRITE"] = "a/b";
  CHECK(lab.start()->exit_status() == 76);
  lab.environment["ARCUS_CACHE_HOSTNAME_OVERWRITE"] = kHost;
  CHECK(lab.start_with(with(lab.argv(), "-z", "no-such-host.invalid:2181"))->exit_status() == 69);
  CHECK(lab.start_with(with(lab.argv(), "-z", "127.0.0.1"))->exit_status() == 76);
}

TEST_CASE("a node waits for ZooKeeper one session timeout, whatever SIGTERM says, then gives up") {
  NodeLab lab;
  const Listener silent;  // Takes the connection and never answers.
  const auto start = std::chrono::steady_clock::now();
  const auto node =
      lab.start_with(with(lab.argv(), "-z", "127.0.0.1:" + std::to_string(silent.port())));
  REQUIRE(eventually([&] { return port_open(lab.port()); }));
  node->signal(SIGTERM);
  CHECK(node->exit_status(20s) == 76);
  const auto waited = std::chrono::steady_clock::now() - start;
  CHECK(waited >= 10s);
  CHECK(waited < 15s);
  CHECK(contains(node->output(), "cannot to be ZOO_CONNECTED_STATE"));
}

TEST_CASE("one dead address in the list does not keep a node from joining") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.start_with(with(
      lab.argv(), "-z", "127.0.0.1:1," + ZooKeeperServer::shared().ensemble() + ",127.0.0.1:2"));
  CHECK(eventually([&] { return lab.zk().get(lab.znode()).has_value(); }));
}

TEST_CASE("without -z it just runs memcached") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.start_with(without(lab.argv(), "-z"));
  CHECK(eventually([&] { return lab.serving(); }));
  CHECK(lab.zk().children(lab.cloud()).empty());
  node->signal(SIGTERM);
  CHECK(node->exit_status(3s) == 0);
}

TEST_CASE("one megabyte of memory is enough, as for the server") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.start({"-m", "1"});
  REQUIRE(eventually([&] { return lab.zk().get(lab.znode()).has_value(); }));
  CHECK(lab.zk().get(lab.znode())->data == "1MB");
}

TEST_CASE("an engine without a directory is the one of the prefix") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.start_with(with(lab.argv(), "-E", "default_engine.so"));
  CHECK(eventually([&] { return lab.zk().get(lab.znode()).has_value(); }));
}
