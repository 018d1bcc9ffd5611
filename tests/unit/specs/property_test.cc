// SPDX-License-Identifier: Apache-2.0
// Goal: the order of keys, hosts, packages and clouds means nothing; no text crashes the reader.
// Method: generated specs, shuffled; random bytes and damaged specs.
#include <algorithm>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <rapidcheck.h>

#include "model/names.h"
#include "tests/unit/specs/positions.h"
#include "tests/unit/specs/spec_text.h"

namespace arcform {
namespace {

using Words = std::vector<std::string>;

std::string joined(const Words& words, std::mt19937& random, const char* open, const char* close) {
  Words order = words;
  std::shuffle(order.begin(), order.end(), random);
  return fmt::format("{}{}{}", open, fmt::join(order, ", "), close);
}

/// A correct spec of `hosts` hosts, in an order that `random` decides.
std::string spec_in_some_order(int hosts, int clouds, std::mt19937& random) {
  Words host_list;
  for (int i = 1; i <= hosts; ++i) {
    host_list.push_back(
        joined({fmt::format("\"name\": \"h{}\"", i), fmt::format("\"address\": \"10.0.0.{}\"", i),
                "\"transport\": \"ssh\""},
               random, "{", "}"));
  }
  Words cloud_list;
  for (int cloud = 1; cloud <= clouds; ++cloud) {
    Words nodes;
    for (int i = 1; i <= hosts; ++i) {
      nodes.push_back(
          joined({fmt::format("\"host\": \"h{}\"", i), fmt::format("\"port\": {}", 1000 * cloud),
                  "\"count\": \"3\"",
                  joined({"\"threads\": 3", "\"memlimit\": 9"}, random, "\"config\": {", "}")},
                 random, "{", "}"));
    }
    cloud_list.push_back(joined({fmt::format("\"serviceCode\": \"c{}\"", cloud),
                                 "\"package\": \"a\"", joined(nodes, random, "\"nodes\": [", "]")},
                                random, "{", "}"));
  }
  const std::string packages =
      joined({R"("a": {"installed": "/a"})", R"("b": {"installed": "/b"})"}, random,
             "\"packages\": {", "}");
  return joined({"\"apiVersion\": \"arcform/v1\"", "\"deployment\": \"d\"", packages,
                 joined(host_list, random, "\"hosts\": [", "]"),
                 R"("ensemble": {"external": "10.0.0.250:2181"})",
                 joined(cloud_list, random, "\"clouds\": [", "]")},
                random, "{\n", "\n}");
}

/// Reading must end, and say something exactly when there is no desired state.
void read_anything(const std::string& text) {
  const SpecResult result = read_spec(text, "s");
  RC_ASSERT(result.desired.has_value() || !result.diagnostics.empty());
  int line = 0;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    RC_ASSERT(diagnostic.line >= line);
    RC_ASSERT(diagnostic.column >= 1);
    const std::string said = format(diagnostic, "s");
    RC_ASSERT(said == printable(said, 10'000));
    line = diagnostic.line;
  }
}

}  // namespace

TEST_CASE("the order of keys and entries means nothing") {
  CHECK(rc::check([] {
    const int hosts = *rc::gen::inRange(1, 8);
    const int clouds = *rc::gen::inRange(0, 5);
    std::mt19937 one(*rc::gen::arbitrary<std::uint32_t>());
    std::mt19937 two(*rc::gen::arbitrary<std::uint32_t>());
    const SpecResult first = read_spec(spec_in_some_order(hosts, clouds, one), "s");
    const SpecResult second = read_spec(spec_in_some_order(hosts, clouds, two), "s");
    RC_ASSERT(first.desired.has_value());
    RC_ASSERT(second.desired.has_value());
    RC_ASSERT(without_positions(*first.desired) == without_positions(*second.desired));
    RC_ASSERT(first.desired->hosts.size() == static_cast<std::size_t>(hosts));
  }));
}

TEST_CASE("random bytes are refused, not crashed on") {
  CHECK(rc::check([](const std::string& bytes) { read_anything(bytes); }));
  const std::string letters = "{}[]\",:/*\\ \n0123-eE.tfnu\xed\x95\x9c";
  CHECK(rc::check(
      [&] { read_anything(*rc::gen::container<std::string>(rc::gen::elementOf(letters))); }));
}

TEST_CASE("a damaged spec is read or refused, not crashed on") {
  CHECK(rc::check([] {
    std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
    std::string text = spec_in_some_order(3, 2, random);
    const auto at = static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(text.size())));
    const auto size = static_cast<std::size_t>(*rc::gen::inRange(0, 40));
    text.replace(at, size, *rc::gen::arbitrary<std::string>());
    read_anything(text);
  }));
}

TEST_CASE("every value of a spec may be of any type") {
  const Words values{"null",
                     "true",
                     "-1",
                     "1.5",
                     "\"\"",
                     "\"x[1-2]\"",
                     "[]",
                     "[null]",
                     "{}",
                     "{\"x\": {}}",
                     "99999999999999999999"};
  std::mt19937 random(1);
  const std::string text = spec_in_some_order(2, 2, random);
  std::size_t replaced = 0;
  for (std::size_t colon = text.find(": "); colon != std::string::npos;
       colon = text.find(": ", colon + 1)) {
    const std::size_t end = text.find_first_of(",}]\n", colon);
    for (const std::string& value : values) {
      const SpecResult result =
          read_spec(text.substr(0, colon + 2) + value + text.substr(end), "s");
      CHECK((result.desired.has_value() || !result.diagnostics.empty()));
      ++replaced;
    }
  }
  CHECK(replaced > 200);
}

}  // namespace arcform
