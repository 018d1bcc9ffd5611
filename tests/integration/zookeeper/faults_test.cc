// SPDX-License-Identifier: Apache-2.0
// Servers that die, hang, come back, forget us or lose what they say: every request ends in time
// and says what it knows, and a session never counts as alive longer than its timeout.
#include <cstdio>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "drivers/task_group.h"
#include "tests/integration/zookeeper/bench.h"
#include "tests/support/real_zookeeper.h"
#include "tests/support/tcp_proxy.h"

namespace arcform {
namespace {

using Kind = ZnodeChange::Kind;
using ReadResult = Result<std::optional<Znode>>;

constexpr milliseconds kPatience{20'000};
const ZookeeperOptions kShort{.session_timeout = milliseconds(1'000)};

void must_create(Bench& bench, ZnodeSession& session, Kind kind, const std::string& path) {
  const Result<void> done = bench.run(session.commit({{kind, path, "data", -1}}));
  INFO((done ? "" : done.error().message));
  REQUIRE(done.has_value());
}

// Reads until one succeeds; reads may be repeated.
Znode read_again(Bench& bench, ZnodeSession& session, const std::string& path) {
  for (const Time start = bench.clock.now(); bench.clock.now() - start < kPatience;) {
    const ReadResult znode = bench.run(session.read(path));
    if (znode) {
      REQUIRE(znode->has_value());
      return **znode;
    }
    REQUIRE(session.alive());
    bench.pass(milliseconds(20));
  }
  FAIL("cannot read " << path);
  return {};
}

Error connect_error(Bench& bench, const std::string& servers, milliseconds patience) {
  const auto session = bench.run(bench.zookeeper.connect(servers, patience));
  REQUIRE_FALSE(session.has_value());
  return session.error();
}

// Own clock against the session timeout, which is 1 s; a look every 10 ms.
double time_until_over(Bench& bench, const ZnodeSession& session) {
  const Time start = bench.clock.now();
  while (session.alive() && bench.clock.now() - start < milliseconds(10'000)) {
    bench.pass(milliseconds(10));
  }
  return milliseconds_since(bench.clock, start);
}

TEST_CASE("a killed server: requests end at once, the session by its own deadline") {
  RealZookeeper server;
  Bench bench(kShort);
  const auto session = bench.connect(server.connect_string(), kPatience);
  CHECK(session->session_timeout() == milliseconds(1'000));
  bench.pass(milliseconds(2'500));
  REQUIRE(session->alive());  // Quiet, but the pulse keeps it.
  server.kill();
  const Time start = bench.clock.now();
  const ReadResult znode = bench.run(session->read("/a"));
  REQUIRE_FALSE(znode.has_value());
  CHECK(znode.error().message ==
        "read /a: zookeeper " + server.connect_string() + ": connection lost");
  CHECK(znode.error().code == ErrorCode::unavailable);
  CHECK(milliseconds_since(bench.clock, start) < 700);
  CHECK(session->alive());
  CHECK(time_until_over(bench, *session) < 1'100);
  const ReadResult later = bench.run(session->read("/a"));
  REQUIRE_FALSE(later.has_value());
  CHECK(later.error().message == "read /a: zookeeper " + server.connect_string() +
                                     ": the session is over: no answer for the session timeout of "
                                     "1000 ms");
}

TEST_CASE("a frozen server: a request in flight ends within the session timeout") {
  RealZookeeper server;
  Bench bench(kShort);
  const auto session = bench.connect(server.connect_string(), kPatience);
  server.freeze();
  const Time start = bench.clock.now();
  const ReadResult znode = bench.run(session->read("/a"));
  const double time = milliseconds_since(bench.clock, start);
  REQUIRE_FALSE(znode.has_value());
  CHECK((znode.error().code == ErrorCode::unavailable ||
         znode.error().code == ErrorCode::deadline_exceeded));
  CHECK(time < 1'200);
  CHECK(time_until_over(bench, *session) < 1'200);
  fmt::print("frozen: the request ended after {:.0f} ms: {}\n", time, znode.error().message);
}

TEST_CASE("a server that comes back in time finds the session as it was") {
  RealZookeeper server;
  Bench bench;
  const auto session = bench.connect(server.connect_string(), kPatience);
  const std::int64_t id = session->session_id();
  must_create(bench, *session, Kind::create_ephemeral, "/mine");
  server.kill();
  CHECK_FALSE(bench.run(session->read("/mine")).has_value());
  server.start();
  server.wait_until_serving();
  const Znode znode = read_again(bench, *session, "/mine");
  CHECK(znode.ephemeral_owner == id);
  CHECK(session->session_id() == id);
  CHECK(session->alive());
}

// Time stands still for the driver, so that only the server can tell that the session expired.
class StoppedClock : public Clock {
 public:
  explicit StoppedClock(SystemClock& clock) : clock_(clock), now_(clock.now()) {}
  Time now() const override { return now_; }
  Awaitable<void> wait_until(Time when) override { co_await clock_.wait_until(when); }
  std::string timestamp() const override { return clock_.timestamp(); }
  std::string arcus_timestamp() const override { return clock_.arcus_timestamp(); }

 private:
  SystemClock& clock_;
  const Time now_;
};

TEST_CASE("an expiry that the server tells of ends the session") {
  RealZookeeper server;
  Bench bench;
  StoppedClock stopped(bench.clock);
  ZookeeperClient zookeeper(bench.loop, stopped, kShort);
  TcpProxy proxy(bench.loop, server.port());
  auto opened = bench.run(zookeeper.connect(proxy.address(), kPatience));
  REQUIRE(opened.has_value());
  const std::unique_ptr<ZnodeSession> session = std::move(*opened);
  must_create(bench, *session, Kind::create_ephemeral, "/mine");
  proxy.cut();
  bench.pass(milliseconds(2'000));
  CHECK(session->alive());
  proxy.restore();
  CHECK(time_until_over(bench, *session) < 5'000);
  const ReadResult znode = bench.run(session->read("/mine"));
  REQUIRE_FALSE(znode.has_value());
  CHECK(znode.error().message ==
        "read /mine: zookeeper " + proxy.address() + ": the session is over: it expired");
}

TEST_CASE("a write whose reply is lost is of unknown fate, and here it happened") {
  RealZookeeper server;
  Bench bench(kShort);
  TcpProxy proxy(bench.loop, server.port());
  const auto session = bench.connect(proxy.address(), kPatience);
  proxy.lose_replies();
  const Result<void> done = bench.run(session->commit({{Kind::create, "/unknown", "", -1}}));
  REQUIRE_FALSE(done.has_value());
  CHECK((done.error().code == ErrorCode::unavailable ||
         done.error().code == ErrorCode::deadline_exceeded));
  CHECK_THAT(done.error().message, Catch::StartsWith("create /unknown: zookeeper "));
  const auto other = bench.connect(server.connect_string(), kPatience);
  CHECK(bench.run(other->read("/unknown")).value().has_value());
}

Awaitable<void> read_and_count(ZnodeSession& session, std::size_t& ended, std::size_t& over) {
  const ReadResult znode = co_await session.read("/zookeeper");
  ++ended;
  if (!znode && znode.error().code == ErrorCode::unavailable) {
    ++over;
  }
}

TEST_CASE("closing with requests pending ends them all, and the loop goes on meanwhile") {
  RealZookeeper server;
  Bench bench;
  const auto session = bench.connect(server.connect_string(), kPatience);
  server.freeze();
  TaskGroup group(bench.loop);
  std::size_t ended = 0;
  std::size_t over = 0;
  for (int i = 0; i < 1'000; ++i) {
    group.spawn(read_and_count(*session, ended, over));
  }
  bench.pass(milliseconds(100));
  CHECK(ended == 0);
  TaskGroup closing(bench.loop);
  closing.spawn(session->close());
  const Time start = bench.clock.now();
  bench.run(group.join());
  const double all = milliseconds_since(bench.clock, start);
  CHECK(ended == 1'000);
  CHECK(over == 1'000);
  CHECK(all < 500);
  bench.run(closing.join());
  const double closed = milliseconds_since(bench.clock, start);
  fmt::print("close, frozen server: 1000 requests ended after {:.0f} ms, closed after {:.0f} ms\n",
             all, closed);
  CHECK(closed < 6'000);
}

TEST_CASE("connecting says who is missing: a server, its answer, or a quorum") {
  RealZookeeper ensemble({.servers = 3});
  Bench bench;
  ensemble.kill(0);
  const std::string first = ensemble.address(0);
  CHECK(connect_error(bench, first, milliseconds(300)).message ==
        "connect to zookeeper " + first + ": no server answers (" + first +
            " refuses the connection)");
  const std::string third = ensemble.address(2);
  ensemble.freeze(2);
  CHECK(connect_error(bench, third, milliseconds(300)).message ==
        "connect to zookeeper " + third + ": no server answers (" + third + " does not answer)");
  ensemble.kill(2);
  const std::string second = ensemble.address(1);
  while (ensemble.ask("srvr", 1).find("not currently serving") == std::string::npos) {
    bench.pass(milliseconds(50));
  }
  CHECK(connect_error(bench, ensemble.connect_string(), milliseconds(300)).message ==
        "connect to zookeeper " + ensemble.connect_string() + ": no quorum (" + first +
            " refuses the connection, " + second + " has no quorum, " + third +
            " refuses the connection)");
  CHECK(connect_error(bench, "zk1:2181", kPatience).code == ErrorCode::invalid_argument);
}

TEST_CASE("connecting waits for a server that is still starting") {
  RealZookeeper server;
  Bench bench;
  server.kill();
  const auto start_later = [](Clock& clock, RealZookeeper& its) -> Awaitable<void> {
    co_await clock.wait_until(clock.now() + milliseconds(400));
    its.start();
  };
  TaskGroup group(bench.loop);
  group.spawn(start_later(bench.clock, server));
  const auto session = bench.connect(server.connect_string(), kPatience);
  CHECK(session->alive());
}

TEST_CASE("a loop that is dropped with an open session and pending requests cleans up") {
  RealZookeeper server;
  Bench bench;
  auto session = bench.connect(server.connect_string(), kPatience);
  server.freeze();
  const auto hold = [](std::unique_ptr<ZnodeSession> its) -> Awaitable<void> {
    const ReadResult znode = co_await its->read("/zookeeper");
    FAIL_CHECK("nobody can have answered");
  };
  TaskGroup group(bench.loop);
  group.spawn(hold(std::move(session)));
  bench.pass(milliseconds(50));
  CHECK(group.size() == 1);
}

}  // namespace
}  // namespace arcform
