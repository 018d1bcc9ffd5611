// SPDX-License-Identifier: Apache-2.0
#include "model/sorted_map.h"

#include <string>

#include <catch2/catch.hpp>

using namespace arcform;

namespace {

SortedMap<std::string, int> three() {
  SortedMap<std::string, int> map;
  map["b"] = 2;
  map["c"] = 3;
  map["a"] = 1;
  return map;
}

}  // namespace

TEST_CASE("entries are in the order of their keys, whatever order they came in") {
  std::string seen;
  for (const auto& [key, value] : three()) {
    seen += key + std::to_string(value);
  }
  CHECK(seen == "a1b2c3");
}

TEST_CASE("an entry is found by its key, or not") {
  const auto map = three();
  CHECK(map.at("b") == 2);
  CHECK(map.find("c")->second == 3);
  CHECK(map.find("bb") == map.end());
  CHECK(map.find("d") == map.end());
  CHECK(map.lower_bound("bb")->first == "c");
}

TEST_CASE("a key stands there once") {
  auto map = three();
  const auto [there, added] = map.emplace("b", 9);
  CHECK_FALSE(added);
  CHECK(there->second == 2);
  map["b"] = 7;
  CHECK(map.size() == 3);
  CHECK(map.at("b") == 7);
  CHECK(map.emplace("ab", 4).second);
  CHECK(map.find("ab") == std::next(map.begin()));
}

TEST_CASE("what is erased is gone, and nothing else is") {
  auto map = three();
  map.erase("b");
  map.erase("x");
  CHECK(map.size() == 2);
  CHECK(map != three());
  map["b"] = 2;
  CHECK(map == three());
  map.clear();
  CHECK(map.empty());
}
