// SPDX-License-Identifier: Apache-2.0
// Goal: a spec at the size that is designed for is read at once, and no small spec grows without
// bound.
#include <chrono>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/unit/specs/spec_text.h"

namespace arcform {
namespace {

/// 5,000 hosts, 1,000 clouds of five hosts with 20 nodes each, an entry per host.
SpecText large_spec() {
  SpecText spec;
  spec.hosts = R"("hosts": [)";
  for (int i = 0; i < 5000; ++i) {
    spec.hosts += fmt::format("{{\"name\": \"host{:04}\", \"address\": \"10.0.{}.{}\"}},\n", i,
                              i / 250, i % 250 + 1);
  }
  spec.hosts += "]";
  spec.clouds = R"("clouds": [)";
  for (int cloud = 0; cloud < 1000; ++cloud) {
    spec.clouds +=
        fmt::format("{{\"serviceCode\": \"cloud{}\", \"package\": \"arcus\", \"nodes\": [", cloud);
    for (int host = 0; host < 5; ++host) {
      spec.clouds += fmt::format("{{\"host\": \"host{:04}\", \"port\": 11211, \"count\": 20}},\n",
                                 cloud * 5 + host);
    }
    spec.clouds += "]},";
  }
  spec.clouds += "]";
  return spec;
}

/// Reads, and says how many seconds it took.
double seconds_to_read(const std::string& text, SpecResult& result) {
  const auto start = std::chrono::steady_clock::now();
  result = read_spec(text, "s");
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("100,000 nodes on 5,000 hosts are read well within seconds") {
  SpecResult result;
  const double seconds = seconds_to_read(large_spec().text(), result);
  REQUIRE(result.desired);
  CHECK(result.diagnostics.empty());
  std::size_t nodes = 0;
  for (const DesiredCloud& cloud : result.desired->clouds) {
    nodes += cloud.nodes.size();
  }
  CHECK(nodes == 100'000);
  // Unoptimised and instrumented builds take several times longer; anything quadratic takes
  // minutes.
  CHECK(seconds < 10.0);
}

TEST_CASE("errors in every entry of a large spec are counted beyond a thousand") {
  SpecText spec = large_spec();
  for (std::size_t at = 0; (at = spec.clouds.find("\"host\": \"h", at)) != std::string::npos;
       ++at) {
    spec.clouds[at + 9] = 'j';
  }
  SpecResult result;
  const double seconds = seconds_to_read(spec.text(), result);
  CHECK(!result.desired);
  REQUIRE(result.diagnostics.size() == kDiagnosticsMax + 1);
  CHECK(result.diagnostics.back().what == "4000 more problems");
  CHECK(!result.diagnostics.back().warning);
  CHECK(seconds < 10.0);
}

TEST_CASE("a short text cannot ask for endless hosts or nodes") {
  SpecText spec;
  spec.hosts = R"("hosts": [)";
  for (int i = 0; i < 12; ++i) {
    spec.hosts +=
        fmt::format(R"({{"name": "n{}-[1-10000]", "address": "10.{}.[1-50].[1-200]"}},)", i, i);
  }
  spec.hosts += "]";
  CHECK(said_about(spec.text()).find("hosts: more than 100000 hosts; split the deployment") !=
        std::string::npos);

  SpecText other;
  other.hosts = R"("hosts": [{"name": "h[1-10000]", "address": "10.0.[1-50].[1-200]"}])";
  other.clouds = R"("clouds": [{"serviceCode": "c", "package": "arcus", "nodes": [
    {"host": "h[1-10000]", "port": 1, "count": 65535}]}])";
  CHECK(said_about(other.text()) ==
        "s:8:5: clouds[0].nodes[0]: more than 1000000 nodes; split the deployment");
}

}  // namespace arcform
