// SPDX-License-Identifier: Apache-2.0
// Opening sessions: fast when anybody serves, and an error that says what is wrong otherwise.
#include <cstdio>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "drivers/zookeeper_survey.h"
#include "tests/integration/zookeeper/bench.h"
#include "tests/support/real_zookeeper.h"

namespace arcform {
namespace {

double connect_time(Bench& bench, const std::string& servers) {
  const Time start = bench.clock.now();
  const auto session = bench.connect(servers, milliseconds(10'000));
  const double time = milliseconds_since(bench.clock, start);
  CHECK(session->alive());
  CHECK(session->session_id() != 0);
  bench.run(session->close());
  return time;
}

void report(const std::string& what, double time) {
  fmt::print("connect, {}: {:.1f} ms\n", what, time);
  std::fflush(stdout);
}

TEST_CASE("a session opens within milliseconds, whoever else of the ensemble is dead or silent") {
  RealZookeeper ensemble({.servers = 3});
  Bench bench;
  connect_time(bench, ensemble.connect_string());
  double all = 0;
  for (int i = 0; i < 20; ++i) {
    all += connect_time(bench, ensemble.connect_string());
  }
  report("3 of 3 servers", all / 20);
  // A follower, so that no election is measured, and asked first.
  const std::size_t victim =
      ensemble.ask("srvr", 0).find("Mode: follower") != std::string::npos ? 0 : 1;
  const std::string servers =
      ensemble.address(victim) + "," + ensemble.address(2) + "," + ensemble.address(1 - victim);
  ensemble.freeze(victim);
  const double frozen = connect_time(bench, servers);
  report("first of 3 frozen", frozen);
  ensemble.thaw(victim);
  ensemble.kill(victim);
  const double dead = connect_time(bench, servers);
  report("first of 3 dead", dead);
  CHECK(all / 20 < 500);
  CHECK(frozen < 3'000);
  CHECK(dead < 3'000);
}

}  // namespace
}  // namespace arcform
