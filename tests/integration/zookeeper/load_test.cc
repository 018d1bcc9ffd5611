// SPDX-License-Identifier: Apache-2.0
// Many requests at once: all answered, in bounded time; prints the rates.
#include <cstdio>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "drivers/task_group.h"
#include "tests/integration/zookeeper/bench.h"
#include "tests/support/real_zookeeper.h"

namespace arcform {
namespace {

constexpr milliseconds kLoadPatience{20'000};
constexpr int kReads = 2'000;

Awaitable<void> read_one(ZnodeSession& session, std::string path, std::string data, int& good) {
  const Result<std::optional<Znode>> znode = co_await session.read(path);
  good += znode && *znode && (*znode)->data == data ? 1 : 0;
}

// Reads each znode once; returns reads per second.
double read_all(Bench& bench, ZnodeSession& session) {
  int good = 0;
  TaskGroup group(bench.loop);
  const Time start = bench.clock.now();
  for (int i = 0; i < kReads; ++i) {
    group.spawn(read_one(session, fmt::format("/load/{}", i), fmt::format("data {}", i), good));
  }
  bench.run(group.join());
  const double time = milliseconds_since(bench.clock, start);
  CHECK(good == kReads);
  return kReads / time * 1000;
}

void fill(Bench& bench, ZnodeSession& session) {
  std::vector<ZnodeChange> changes{{ZnodeChange::Kind::create, "/load", "", -1}};
  for (int i = 0; i < kReads; ++i) {
    changes.push_back(
        {ZnodeChange::Kind::create, fmt::format("/load/{}", i), fmt::format("data {}", i), -1});
    if (changes.size() == 128 || i + 1 == kReads) {
      REQUIRE(bench.run(session.commit(std::exchange(changes, {}))).has_value());
    }
  }
}

TEST_CASE("two thousand reads at once are all answered, the faster the wider the window") {
  RealZookeeper server;
  Bench writer;
  const auto session = writer.connect(server.connect_string(), kLoadPatience);
  fill(writer, *session);
  read_all(writer, *session);
  double widest = 0;
  for (const std::size_t window : {1U, 4U, 16U, 64U, 256U, 1'000U}) {
    Bench bench(ZookeeperOptions{.window = window});
    const auto reader = bench.connect(server.connect_string(), kLoadPatience);
    read_all(bench, *reader);
    widest = read_all(bench, *reader);
    fmt::print("{} reads, window {}: {:.0f} reads/s\n", kReads, window, widest);
    CHECK(reader->alive());
  }
  std::fflush(stdout);
  CHECK(widest > 1'000);
}

}  // namespace
}  // namespace arcform
