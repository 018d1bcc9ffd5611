// SPDX-License-Identifier: Apache-2.0
// Virtual time: it jumps, keeps the order of parking, and what would hang fails loudly instead.
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "tests/sim/sim_clock.h"

namespace arcform::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Loop {
  asio::io_context io{1};
  SimClock clock{io};
};

Awaitable<void> note(SimClock* clock, Time when, std::string name, std::string* order) {
  co_await clock->wait_until(when);
  *order += name;
}

Awaitable<void> spawn_three(Loop* loop, std::string* order) {
  const auto spawn = [loop, order](Time when, const char* name) {
    asio::co_spawn(loop->io, note(&loop->clock, when, name, order), [](std::exception_ptr) {});
  };
  spawn(seconds(2), "c");
  spawn(seconds(1), "a");
  spawn(seconds(1), "b");
  co_await loop->clock.wait_until(seconds(3));
}

Awaitable<int> answer(SimClock* clock) {
  co_await clock->wait_until(hours(1));
  co_return 42;
}

Awaitable<void> never(asio::io_context* io) {
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;
  Timer timer(io->get_executor(), std::chrono::steady_clock::time_point::max());
  using Token = asio::use_awaitable_t<asio::io_context::executor_type>;
  Token token;
  co_await timer.async_wait(token);
}

Awaitable<void> busy(SimClock* clock) {
  while (true) {
    const Time next = clock->now() + seconds(1);
    co_await clock->wait_until(next);
  }
}

Awaitable<bool> first_of_two(SimClock* clock) {
  using asio::experimental::awaitable_operators::operator||;
  const auto winner = co_await (clock->wait_until(seconds(1)) || clock->wait_until(hours(1)));
  co_return winner.index() == 0;
}

TEST_CASE("time jumps to the earliest wait; ties keep the order of parking") {
  Loop loop;
  std::string order;
  run(loop.io, loop.clock, spawn_three(&loop, &order));
  CHECK(order == "abc");
  CHECK(loop.clock.now() == seconds(3));
}

TEST_CASE("a value comes back, an hour later") {
  Loop loop;
  CHECK(run(loop.io, loop.clock, answer(&loop.clock)) == 42);
  CHECK(loop.clock.now() == hours(1));
}

TEST_CASE("a coroutine that waits for nothing is a deadlock, and says so") {
  Loop loop;
  CHECK_THROWS_WITH(run(loop.io, loop.clock, never(&loop.io)), Catch::Contains("deadlock"));
}

TEST_CASE("what goes on for ever hits the virtual deadline") {
  Loop loop;
  CHECK_THROWS_WITH(
      run(loop.io, loop.clock, busy(&loop.clock), seconds(100)),
      Catch::Contains("not finished within 100.000 s") && Catch::Contains("a waiting coroutine"));
}

TEST_CASE("a cancelled wait is gone") {
  Loop loop;
  CHECK(run(loop.io, loop.clock, first_of_two(&loop.clock)));
  CHECK(loop.clock.now() == seconds(1));
  CHECK(loop.clock.parked().empty());
}

TEST_CASE("events run while coroutines sleep through a suspension") {
  Loop loop;
  std::string order;
  asio::co_spawn(loop.io, note(&loop.clock, seconds(1), "coroutine ", &order),
                 [](std::exception_ptr) {});
  loop.io.poll();
  loop.clock.after(seconds(5), "an event", [&order] { order += "event "; });
  loop.clock.suspend(seconds(10));
  CHECK(order == "event ");
  CHECK(loop.clock.now() == seconds(10));
  CHECK(loop.clock.jump_to_next());
  loop.io.restart();
  loop.io.poll();
  CHECK(order == "event coroutine ");
  CHECK(loop.clock.now() == seconds(10));
}

TEST_CASE("a cancelled event never runs") {
  Loop loop;
  const auto id = loop.clock.after(seconds(1), "an event", [] { FAIL("it ran"); });
  loop.clock.cancel(id);
  CHECK_FALSE(loop.clock.jump_to_next());
}

TEST_CASE("wall-clock times are ISO 8601 in UTC, and arcus.sh's in local time") {
  Loop loop;
  CHECK(loop.clock.timestamp() == "2026-01-31T10:00:00Z");
  CHECK(loop.clock.arcus_timestamp() == "2026-01-31 19:00:00.000000");
  loop.clock.suspend(milliseconds(1500));
  CHECK(loop.clock.arcus_timestamp() == "2026-01-31 19:00:01.500000");
  loop.clock.move_wall_clock(-hours(1));
  CHECK(loop.clock.timestamp() == "2026-01-31T09:00:01Z");
  CHECK(loop.clock.now() == milliseconds(1500));
}

}  // namespace
}  // namespace arcform::sim
