// SPDX-License-Identifier: Apache-2.0
#include "drivers/waiting.h"

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/on_loop.h"

namespace arcform {
namespace {

using std::chrono::milliseconds;

Instant in(milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

Awaitable<bool> wait_for(TimedSignal& signal, Instant until) {
  co_return co_await signal.wait(until);
}

/// What somebody holds a place until.
struct Door {
  explicit Door(asio::io_context& loop) : opened(loop) {}
  void open() {
    is_open = true;
    opened.notify_all();
  }
  TimedSignal opened;
  bool is_open = false;
};

/// Takes a place until `until` and holds it until the door opens.
Awaitable<bool> hold(Places& places, std::vector<int>& order, int name, Door& door, Instant until) {
  std::optional<Places::Held> place = co_await places.take(until);
  if (!place) {
    co_return false;
  }
  order.push_back(name);
  if (!door.is_open) {
    co_await door.opened.wait(Instant::max());
  }
  co_return true;
}

TEST_CASE("a signal wakes all that wait, and time wakes the rest") {
  asio::io_context loop;
  TimedSignal signal(loop);
  const auto first = start_on(loop, wait_for(signal, in(milliseconds(5000))));
  const auto second = start_on(loop, wait_for(signal, in(milliseconds(5000))));
  loop.poll();
  signal.notify_all();
  CHECK(finish_on(loop, first));
  CHECK(finish_on(loop, second));
  CHECK_FALSE(on_loop(loop, wait_for(signal, in(milliseconds(5)))));
}

TEST_CASE("places are given in the order in which they were asked for") {
  asio::io_context loop;
  Places places(loop, 2);
  std::vector<int> order;
  Door door(loop);
  std::vector<Later<bool>> all;
  for (int i = 0; i < 6; ++i) {
    all.push_back(start_on(loop, hold(places, order, i, door, Instant::max())));
  }
  loop.poll();
  CHECK(order == std::vector<int>{0, 1});
  door.open();
  for (const Later<bool>& each : all) {
    CHECK(finish_on(loop, each));
  }
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("who waits too long for a place does not get it later") {
  asio::io_context loop;
  Places places(loop, 1);
  std::vector<int> order;
  Door door(loop);
  const auto first = start_on(loop, hold(places, order, 1, door, Instant::max()));
  const auto late = start_on(loop, hold(places, order, 2, door, in(milliseconds(10))));
  const auto third = start_on(loop, hold(places, order, 3, door, Instant::max()));
  CHECK_FALSE(finish_on(loop, late));
  door.open();
  CHECK(finish_on(loop, first));
  CHECK(finish_on(loop, third));
  CHECK(order == std::vector<int>{1, 3});
}

TEST_CASE("fewer places take effect as they come back") {
  asio::io_context loop;
  Places places(loop, 3);
  std::vector<int> order;
  std::deque<Door> doors;
  std::vector<Later<bool>> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(start_on(loop, hold(places, order, i, doors.emplace_back(loop), Instant::max())));
  }
  loop.poll();
  places.set_limit(1);
  for (const std::size_t i : {0U, 1U}) {
    doors[i].open();
    CHECK(finish_on(loop, all[i]));
  }
  loop.poll();
  CHECK(order.size() == 3);
  doors[2].open();
  doors[3].open();
  CHECK(finish_on(loop, all[3]));
}

}  // namespace
}  // namespace arcform
