// SPDX-License-Identifier: Apache-2.0
// Everything here is driven with poll() alone: no tool may need real time to make progress.
#include "drivers/task_group.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <catch2/catch.hpp>

namespace arcform {
namespace {

using Log = std::vector<std::string>;

void start(asio::io_context& loop, Awaitable<void> task) {
  asio::co_spawn(loop.get_executor(), std::move(task), asio::detached);
}

void settle(asio::io_context& loop) {
  loop.restart();
  while (loop.poll() > 0) {
  }
}

Awaitable<void> wait_and_log(Event event, std::string name, Log& log) {
  co_await event.wait();
  log.push_back(name);
}

Awaitable<void> hear_and_log(Signal& signal, std::string name, Log& log) {
  co_await signal.wait();
  log.push_back(name);
}

Awaitable<void> work(Event gate, std::string name, Log& log) {
  log.push_back("start " + name);
  co_await gate.wait();
  log.push_back("end " + name);
}

Awaitable<void> join_and_log(TaskGroup& group, Log& log) {
  std::string end = "joined";
  try {
    co_await group.join();
  } catch (const std::runtime_error& error) {
    end = std::string("threw ") + error.what();
  }
  log.push_back(end);
}

Awaitable<void> hold(Semaphore& semaphore, Event gate, std::string name, Log& log) {
  const Semaphore::Permit permit = co_await semaphore.acquire();
  log.push_back(name);
  co_await gate.wait();
}

Awaitable<void> fail(std::string why) {
  throw std::runtime_error(why);
  co_return;
}

TEST_CASE("an event wakes all who wait in their order, and whoever comes later") {
  asio::io_context loop;
  Log log;
  Event event(loop);
  start(loop, wait_and_log(event, "a", log));
  start(loop, wait_and_log(event, "b", log));
  settle(loop);
  CHECK(log.empty());
  event.set();
  event.set();
  settle(loop);
  start(loop, wait_and_log(event, "c", log));
  settle(loop);
  CHECK(log == Log{"a", "b", "c"});
}

TEST_CASE("a signal wakes only those who wait at that moment") {
  asio::io_context loop;
  Log log;
  Signal signal(loop);
  signal.notify_all();
  start(loop, hear_and_log(signal, "a", log));
  settle(loop);
  CHECK(log.empty());
  signal.notify_all();
  start(loop, hear_and_log(signal, "late", log));
  settle(loop);
  CHECK(log == Log{"a"});
  signal.notify_all();
  settle(loop);
  CHECK(log == Log{"a", "late"});
}

TEST_CASE("a semaphore is first come, first served, and nobody overtakes") {
  asio::io_context loop;
  Log log;
  Semaphore semaphore(loop, 2);
  std::vector<Event> gates(4, Event(loop));
  for (Event& gate : gates) {
    gate = Event(loop);
  }
  for (std::size_t i = 0; i < gates.size(); ++i) {
    start(loop, hold(semaphore, gates[i], std::to_string(i), log));
  }
  settle(loop);
  CHECK(log == Log{"0", "1"});
  CHECK(semaphore.free() == 0);
  CHECK(semaphore.waiting() == 2);
  gates[1].set();
  settle(loop);
  CHECK(log == Log{"0", "1", "2"});
  gates[0].set();
  settle(loop);
  CHECK(log == Log{"0", "1", "2", "3"});
  gates[2].set();
  gates[3].set();
  settle(loop);
  CHECK(semaphore.free() == 2);
}

TEST_CASE("who is cancelled while it waits for a permit does not swallow it") {
  asio::io_context loop;
  Log log;
  Semaphore semaphore(loop, 1);
  Event gate(loop);
  start(loop, hold(semaphore, gate, "first", log));
  asio::cancellation_signal cancel;
  asio::co_spawn(loop.get_executor(), hold(semaphore, gate, "cancelled", log),
                 asio::bind_cancellation_slot(cancel.slot(), asio::detached));
  start(loop, hold(semaphore, gate, "third", log));
  settle(loop);
  cancel.emit(asio::cancellation_type::terminal);
  settle(loop);
  gate.set();
  settle(loop);
  CHECK(log == Log{"first", "third"});
  CHECK(semaphore.free() == 1);
}

TEST_CASE("a permit can be moved and given back early, once") {
  asio::io_context loop;
  Semaphore semaphore(loop, 1);
  const auto body = [&]() -> Awaitable<void> {
    Semaphore::Permit first = co_await semaphore.acquire();
    Semaphore::Permit second = std::move(first);
    first.release();
    CHECK(semaphore.free() == 0);
    second.release();
    second.release();
    CHECK(semaphore.free() == 1);
    second = co_await semaphore.acquire();
    second = Semaphore::Permit();
    CHECK(semaphore.free() == 1);
  };
  start(loop, body());
  settle(loop);
  CHECK(semaphore.free() == 1);
}

TEST_CASE("a group runs at most its limit, starts in order, and join waits for the last") {
  asio::io_context loop;
  Log log;
  Event gate_a(loop);
  Event gate_b(loop);
  TaskGroup group(loop, 1);
  group.spawn(work(gate_a, "a", log));
  group.spawn(work(gate_b, "b", log));
  CHECK(log.empty());
  start(loop, join_and_log(group, log));
  settle(loop);
  CHECK(log == Log{"start a"});
  CHECK(group.size() == 2);
  gate_a.set();
  settle(loop);
  CHECK(log == Log{"start a", "end a", "start b"});
  gate_b.set();
  settle(loop);
  CHECK(log == Log{"start a", "end a", "start b", "end b", "joined"});
}

TEST_CASE("joining an empty group returns at once") {
  asio::io_context loop;
  Log log;
  TaskGroup group(loop);
  start(loop, join_and_log(group, log));
  settle(loop);
  CHECK(log == Log{"joined"});
}

TEST_CASE("an exception of a task comes out of join after all have ended") {
  asio::io_context loop;
  Log log;
  Event gate(loop);
  TaskGroup group(loop);
  group.spawn(fail("first"));
  group.spawn(fail("second"));
  group.spawn(work(gate, "a", log));
  start(loop, join_and_log(group, log));
  settle(loop);
  CHECK(log == Log{"start a"});
  gate.set();
  settle(loop);
  CHECK(log == Log{"start a", "end a", "threw first"});
}

TEST_CASE("a loop that ends with waiting coroutines frees them and what they hold") {
  const auto token = std::make_shared<int>(1);
  {
    asio::io_context loop;
    Log log;
    auto semaphore = std::make_shared<Semaphore>(loop, 0);
    const auto body = [](std::shared_ptr<Semaphore> its, std::shared_ptr<int>) -> Awaitable<void> {
      const Semaphore::Permit permit = co_await its->acquire();
    };
    start(loop, body(semaphore, token));
    start(loop, wait_and_log(Event(loop), "never", log));
    semaphore.reset();
    settle(loop);
    CHECK(token.use_count() == 2);
  }
  CHECK(token.use_count() == 1);
}

TEST_CASE("ten thousand tasks with a limit all end") {
  asio::io_context loop;
  TaskGroup group(loop, 7);
  int ended = 0;
  const auto task = [](int& count) -> Awaitable<void> {
    ++count;
    co_return;
  };
  for (int i = 0; i < 10'000; ++i) {
    group.spawn(task(ended));
  }
  settle(loop);
  CHECK(ended == 10'000);
  CHECK(group.size() == 0);
}

}  // namespace
}  // namespace arcform
