// SPDX-License-Identifier: Apache-2.0
#include "model/node_arguments.h"

#include <catch2/catch.hpp>

using namespace arcform;

namespace {

using Words = std::vector<std::string>;

const Launch kLaunch{"arcus",
                     "/opt/arcus",
                     "/opt/arcus/lib/default_engine.so",
                     {"/opt/arcus/lib/syslog_logger.so"},
                     "10.0.0.1:2181"};

}  // namespace

TEST_CASE("what a node is started with is what its command line is read as") {
  const NodeConfig config{200, 2000, 8, 20};
  const auto argv = node_arguments(kLaunch, *Endpoint::parse("10.0.0.1:11300"), config);
  const auto parsed = parse_node_arguments(argv);
  REQUIRE(parsed);
  CHECK(parsed->program == "/opt/arcus/bin/memcached");
  CHECK(parsed->port == 11300);
  CHECK(parsed->config == config);
  CHECK(parsed->connect_string == "10.0.0.1:2181");
}

TEST_CASE("a user is named only for root, which the server refuses to run as") {
  const Endpoint node = *Endpoint::parse("10.0.0.1:11211");
  Launch as_root = kLaunch;
  as_root.as_root = true;
  const auto root = node_arguments(as_root, node, {});
  const auto other = node_arguments(kLaunch, node, {});
  CHECK(std::count(root.begin(), root.end(), "-u") == 1);
  CHECK(std::count(other.begin(), other.end(), "-u") == 0);
}

TEST_CASE("options are read by getopt's rules") {
  const auto [words, memlimit, threads, connections] =
      GENERATE(table<Words, std::uint32_t, std::uint16_t, std::uint32_t>({
          {{"m"}, 64, 4, 1024},                                         // the server's defaults
          {{"m", "-m100", "-t6", "-c1000"}, 100, 6, 1000},              // attached
          {{"m", "-m", "100", "-t", "6", "-c", "1000"}, 100, 6, 1000},  // apart
          {{"m", "-drm100", "-vt", "6"}, 100, 6, 1024},                 // after flags in one word
          {{"m", "-m", "100", "-m", "200"}, 200, 4, 1024},              // the last one wins
          {{"m", "-p", "-m", "-t", "6"}, 64, 6, 1024},                  // "-m" is a value here
          {{"m", "-X", "a-m100.so", "-m", "7"}, 7, 4, 1024},
          {{"m", "-m", "lots"}, 64, 4, 1024},
          {{"m", "-D:", "-b8192", "-R5", "-U0", "-m", "9"}, 9, 4, 1024},
      }));
  CAPTURE(words);
  const auto parsed = parse_node_arguments(words);
  REQUIRE(parsed);
  CHECK(parsed->config.memlimit_mb == memlimit);
  CHECK(parsed->config.threads == threads);
  CHECK(parsed->config.connections == connections);
}

TEST_CASE("the line of arcus.sh is read") {
  const auto parsed = parse_node_arguments({"/home/arcus/bin/memcached",
                                            "-E",
                                            "/home/arcus/lib/default_engine.so",
                                            "-X",
                                            "/home/arcus/lib/syslog_logger.so",
                                            "-X",
                                            "/home/arcus/lib/ascii_scrub.so",
                                            "-d",
                                            "-v",
                                            "-r",
                                            "-R5",
                                            "-U",
                                            "0",
                                            "-D:",
                                            "-b",
                                            "8192",
                                            "-m100",
                                            "-p",
                                            "11212",
                                            "-c",
                                            "1000",
                                            "-t",
                                            "6",
                                            "-z",
                                            "10.0.0.1:2181,10.0.0.2:2181"});
  REQUIRE(parsed);
  CHECK(parsed->port == 11212);
  CHECK(parsed->config == NodeConfig{100, 1000, 6, 30});
  CHECK(parsed->connect_string == "10.0.0.1:2181,10.0.0.2:2181");
}

TEST_CASE("a command line that ends in the middle is none of ours") {
  CHECK_FALSE(parse_node_arguments({}));
  CHECK_FALSE(parse_node_arguments({"memcached", "-m"}));
}
