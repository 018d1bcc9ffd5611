// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "drivers/world.h"

namespace arcform::sim {

/// The simulation itself cannot go on: a deadlock, a virtual deadline, a misuse. Never part of what
/// the simulated world may do to its user, so it is thrown and fails the test.
class SimFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Virtual time. It stands still while anything is ready to run and then jumps to the earliest
/// parked coroutine or event; ties run in the order of parking. Starts at 0.
class SimClock final : public Clock {
 public:
  /// Names one parked thing; stays unique for ever.
  using EventId = std::pair<Time, std::uint64_t>;

  explicit SimClock(asio::io_context& io) : io_(io) {}
  ~SimClock() override { drop_all(); }
  SimClock(const SimClock&) = delete;
  SimClock& operator=(const SimClock&) = delete;

  Time now() const override { return now_; }
  Awaitable<void> wait_until(Time when) override;
  /// Wall-clock time: 2026-01-31T10:00:00Z plus now() plus what move_wall_clock() added.
  std::string timestamp() const override;
  /// The same at UTC+9, as arcus.sh writes it.
  std::string arcus_timestamp() const override;

  /// Calls `event` once, `delay` from now, on whoever drives the clock.
  EventId after(Time delay, std::string what, std::function<void()> event);
  /// Nothing happens when it ran already.
  void cancel(EventId id) { parked_.erase(id); }
  /// Moves to the earliest parked thing and runs it. False: nothing is parked.
  bool jump_to_next();
  /// The events of the world until `pause` from now happen, while every parked coroutine sleeps on:
  /// what a suspended laptop or a stopped process sees when it goes on.
  void suspend(Time pause);
  void move_wall_clock(Time by) { wall_offset_ += by; }
  /// "t=12.345 what" of everything that is parked, in order.
  std::vector<std::string> parked() const;
  /// Whoever drives the clock throws this, once, instead of going on; the first one counts.
  void fail(std::exception_ptr why);
  /// What was given to fail(), and forgets it; nullptr: nothing.
  std::exception_ptr take_failure() { return std::exchange(failure_, nullptr); }
  /// Called when nothing is ready on the loop that is driven: runs one thing that is ready on
  /// another loop; false: nothing is.
  std::function<bool()> run_beside;
  /// Destroys the coroutines that are parked: their process has died. Events go on.
  void drop_coroutines();
  /// Drops everything that is parked; the coroutines among it are destroyed.
  void drop_all();

 private:
  struct Parked {
    std::string what;
    std::function<void()> wake;
    bool coroutine = false;
  };
  template <class Handler>
  void park(Time when, Handler handler);
  EventId insert(Time when, Parked parked);

  asio::io_context& io_;
  Time now_{0};
  Time wall_offset_{0};
  std::uint64_t sequence_ = 0;
  std::map<EventId, Parked> parked_;
  std::exception_ptr failure_;
};

/// "12.345"
std::string seconds_text(Time time);

namespace detail {
/// What is left to run() when its coroutine has ended.
struct Ending {
  bool done = false;
  std::exception_ptr failure;
};
/// Runs what is ready, then jumps, until `ending.done`; throws SimFailure when that never comes,
/// and what was given to SimClock::fail().
void drive(asio::io_context& io, SimClock& clock, const Ending& ending, Time limit);

template <class T>
Awaitable<void> store(Awaitable<T> work, std::shared_ptr<std::optional<T>> into) {
  into->emplace(co_await std::move(work));
}
}  // namespace detail

/// Runs `work` to its end in virtual time. Throws SimFailure on a deadlock (nothing is ready and
/// nothing is parked; says so) and when more than `limit` of virtual time passes.
inline void run(asio::io_context& io, SimClock& clock, Awaitable<void> work,
                Time limit = std::chrono::hours(2)) {
  const auto ending = std::make_shared<detail::Ending>();
  asio::co_spawn(io, std::move(work), [ending](std::exception_ptr failure) {
    ending->failure = std::move(failure);
    ending->done = true;
  });
  detail::drive(io, clock, *ending, limit);
  if (ending->failure) {
    std::rethrow_exception(ending->failure);
  }
}

template <class T>
T run(asio::io_context& io, SimClock& clock, Awaitable<T> work,
      Time limit = std::chrono::hours(2)) {
  const auto result = std::make_shared<std::optional<T>>();
  run(io, clock, detail::store(std::move(work), result), limit);
  return std::move(**result);
}

}  // namespace arcform::sim
