// SPDX-License-Identifier: Apache-2.0
#include "model/znodes.h"

#include <catch2/catch.hpp>

using namespace arcform;

TEST_CASE("the paths are those that Arcus uses") {
  const Endpoint node = *Endpoint::parse("10.0.0.1:11211");
  CHECK(znodes::cache_list("c") == "/arcus/cache_list/c");
  CHECK(znodes::client_list("c") == "/arcus/client_list/c");
  CHECK(znodes::mapping_key(node) == "/arcus/cache_server_mapping/10.0.0.1:11211");
  CHECK(znodes::mapping(node, "c") == "/arcus/cache_server_mapping/10.0.0.1:11211/c");
  CHECK(znodes::joined("c", "10.0.0.1:11211-h") == "/arcus/cache_list/c/10.0.0.1:11211-h");
}

TEST_CASE("arcform's own paths stand under the deployment") {
  CHECK(znodes::deployment("d") == "/arcform/d");
  CHECK(znodes::epoch("d") == "/arcform/d/epoch");
  CHECK(znodes::lock("d") == "/arcform/d/lock");
  CHECK(znodes::applied("d") == "/arcform/d/applied");
  CHECK(znodes::claim("d", "c") == znodes::claims("d") + "/c");
  CHECK(znodes::host("d", "h") == znodes::hosts("d") + "/h");
}

TEST_CASE("a child of a cache list names its node before the first dash") {
  const auto [child, node] = GENERATE(table<std::string, std::string>({
      {"10.0.0.1:11211-cache001", "10.0.0.1:11211"},
      {"10.0.0.1:11211-", "10.0.0.1:11211"},
      {"10.0.0.1:11211-a-b-c", "10.0.0.1:11211"},
      {"10.0.0.1:11211", ""},
      {"10.0.0.1:0-x", ""},
      {"foo", ""},
      {"-10.0.0.1:11211", ""},
      {"", ""},
  }));
  CAPTURE(child);
  const auto endpoint = znodes::joined_endpoint(child);
  CHECK((endpoint ? endpoint->text() : "") == node);
}

TEST_CASE("only paths that the client library survives are valid") {
  const auto [path, valid] = GENERATE(table<std::string, bool>({
      {"/arcus", true},
      {"/arcus/cache_list/c", true},
      {"/", false},
      {"", false},
      {"arcus", false},
      {"/arcus/", false},
      {"//arcus", false},
      {"/a//b", false},
      {"/a/./b", false},
      {"/a/..", false},
      {std::string("/a\0b", 4), false},
      {"/a\nb", false},
      {"/" + std::string(511, 'a'), true},
      {"/" + std::string(512, 'a'), false},
  }));
  CAPTURE(path);
  CHECK(znodes::is_valid_path(path) == valid);
}

TEST_CASE("a path has at most 32 levels") {
  std::string path;
  for (int i = 0; i < 32; ++i) {
    path += "/a";
  }
  CHECK(znodes::is_valid_path(path));
  CHECK_FALSE(znodes::is_valid_path(path + "/a"));
}
