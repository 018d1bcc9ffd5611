// SPDX-License-Identifier: Apache-2.0
// A bare deployment comes up by direct driver calls, and the same seed gives the same log.
#include <catch2/catch.hpp>

#include "tests/unit/sim/sim_fixture.h"

namespace arcform::sim {
namespace {

using std::chrono::seconds;

TEST_CASE("a bare deployment comes up by direct driver calls") {
  Deployment lab;
  lab.start_all();
  CHECK(lab.world.joined("test") ==
        std::vector<Endpoint>{lab.endpoint(1), lab.endpoint(2), lab.endpoint(3)});
  const auto answer = lab.ask_node(2);
  REQUIRE(answer);
  CHECK(*answer == "VERSION 1.15.0\r\n");
}

TEST_CASE("a probe sees processes, ports, slots, packages and data") {
  Deployment lab;
  lab.start_all();
  const auto facts =
      lab.world.run(lab.world.host("h1").probe({{"/opt/arcus", "/none"}, "/data/zk"}));
  REQUIRE(facts);
  CHECK(facts->directory == "/home/arcus/.arcform/lab");
  CHECK(facts->listening == std::vector<std::uint16_t>{2181, 11211});
  CHECK(facts->packages.at("/opt/arcus").cache_node);
  CHECK_FALSE(facts->packages.at("/none").cache_node);
  CHECK(facts->data == ObservedDataDirectory{true, "1", true});
  REQUIRE(facts->slot("node-11211") != nullptr);
  CHECK(facts->slot("node-11211")->digest == "node-1");
  REQUIRE(facts->process_of(*facts->slot("node-11211")) != nullptr);
  CHECK(facts->process_of(*facts->slot("node-11211"))->comm == "memcached");
  CHECK(facts->slot("server-1")->config.find("server.3=10.0.0.3") != std::string::npos);
}

/// Everything that is random takes part: latencies, elections, faults, deaths.
std::vector<std::string> eventful_life(std::uint64_t seed) {
  Deployment lab(seed);
  lab.start_all();
  lab.world.faults().set_plan(FaultPlan::all(0.2));
  for (int round = 0; round < 30; ++round) {
    const int host = static_cast<int>(lab.world.core().pick(1, 3));
    static_cast<void>(lab.start_node(host));
    static_cast<void>(lab.world.run(lab.world.host(host_name(host)).probe({})));
    if (lab.world.node(lab.endpoint(host)) != nullptr) {
      lab.world.kill_node(lab.endpoint(host));
    }
    lab.world.advance(seconds(7));
  }
  return lab.world.log();
}

TEST_CASE("the same seed gives the same log, another seed another") {
  const auto first = eventful_life(7);
  CHECK(first.size() > 100);
  CHECK(first == eventful_life(7));
  CHECK(first != eventful_life(8));
}

TEST_CASE("invariants are checked after every effect") {
  Deployment lab;
  std::size_t checks = 0;
  lab.world.set_invariants([&checks](const SimWorld& world) {
    ++checks;
    CHECK(world.joined("test").size() <= 3);
  });
  lab.start_all();
  CHECK(checks > 20);
  lab.world.set_invariants([](const SimWorld&) { throw SimFailure("never again"); });
  lab.world.reboot("h1");
  CHECK_THROWS_WITH(lab.world.advance(seconds(1)), "never again");
  lab.world.set_invariants([](const SimWorld&) {});
  lab.world.advance(seconds(1));
}

TEST_CASE("a reboot ends everything on the host and changes its boot id") {
  Deployment lab;
  lab.start_all();
  const auto before = lab.world.run(lab.world.host("h3").probe({}));
  lab.world.reboot("h3");
  const auto after = lab.world.run(lab.world.host("h3").probe({}));
  REQUIRE((before && after));
  CHECK(after->boot_id != before->boot_id);
  CHECK(after->processes.empty());
  CHECK(after->slots.size() == before->slots.size());
  CHECK(after->process_of(*after->slot("node-11211")) == nullptr);
}

TEST_CASE("mutating calls are counted, reading ones are not") {
  Deployment lab;
  lab.start_all();
  const auto before = lab.world.mutations();
  static_cast<void>(lab.world.run(lab.world.host("h1").probe({})));
  const auto session = lab.connect();
  static_cast<void>(lab.world.run(session->read("/arcus")));
  CHECK(lab.world.mutations() == before);
  static_cast<void>(lab.world.run(lab.world.host("h1").forget("node-1")));
  CHECK(lab.world.mutations() == before + 1);
}

}  // namespace
}  // namespace arcform::sim
