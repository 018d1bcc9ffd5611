// SPDX-License-Identifier: Apache-2.0
#include "specs/ranges.h"

#include <catch2/catch.hpp>
#include <fmt/ranges.h>

namespace arcform {
namespace {

std::string expanded(const std::string& text) {
  const auto names = expand_range(text);
  return names ? fmt::format("{}", fmt::join(*names, " ")) : names.error().message;
}

}  // namespace

TEST_CASE("ranges expand in order, zeros kept") {
  const auto [text, names] = GENERATE(table<std::string, std::string>({
      {"cache1", "cache1"},
      {"cache[1-3]", "cache1 cache2 cache3"},
      {"cache[001-003].arcus", "cache001.arcus cache002.arcus cache003.arcus"},
      {"[8-11]", "8 9 10 11"},
      {"[08-11]", "08 09 10 11"},
      {"[0-2]", "0 1 2"},
      {"[1-3,7]", "1 2 3 7"},
      {"r[1-2]n[01,3]", "r1n01 r1n3 r2n01 r2n3"},
      {"10.0.[0-1].[1-2]", "10.0.0.1 10.0.0.2 10.0.1.1 10.0.1.2"},
      {"a[5]", "a5"},
  }));
  CHECK(expanded(text) == names);
}

TEST_CASE("wrong ranges say what is wrong") {
  constexpr const char* kHow = "; write a range as [1-3], [001-003] or [1,4-6]";
  const auto [text, what] = GENERATE(table<std::string, std::string>({
      {"a[", "a '[' without its ']'"},
      {"a]", "a ']' without its '['"},
      {"a[]", "\"\" is no range of numbers"},
      {"a[1-]", "\"1-\" is no range of numbers"},
      {"a[-1]", "\"-1\" is no range of numbers"},
      {"a[1,]", "\"\" is no range of numbers"},
      {"a[1-2-3]", "\"1-2-3\" is no range of numbers"},
      {"a[[1]]", "\"[1\" is no range of numbers"},
      {"a[1234567890]", "\"1234567890\" is no range of numbers"},
      {"a[2-1]", "the range 2-1 runs backwards"},
  }));
  CHECK(expanded(text) == what + kHow);
}

TEST_CASE("a range has at most ten thousand names") {
  CHECK(expand_range("[1-10000]")->size() == 10'000);
  const std::string said = "the range has more than 10000 names; split it into several entries";
  CHECK(expanded("[0-10000]") == said);
  CHECK(expanded("[1-101][1-100]") == said);
  CHECK(expanded("[1-5000,1-5001]") == said);
  CHECK(expanded(std::string(1025, 'a')) == "the text has 1025 bytes, more than 1024; shorten it");
}

}  // namespace arcform
