// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_clock.h"

#include <algorithm>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace arcform::sim {
namespace {

// 2026-01-31T10:00:00Z
constexpr std::chrono::seconds kEpoch{1769853600};
// More turns of the loop than this at one instant is two coroutines waking each other for ever.
constexpr std::size_t kTurnsAtOneInstant = 10'000'000;

std::string format_wall(Time since_epoch, const char* pattern) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
  return fmt::format(fmt::runtime(pattern), fmt::gmtime(std::time_t{whole.count()}));
}

}  // namespace

std::string seconds_text(Time time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return fmt::format("{}.{:03}", ms / 1000, ms % 1000);
}

template <class Handler>
void SimClock::park(Time when, Handler handler) {
  const auto slot = asio::get_associated_cancellation_slot(handler);
  // std::function wants something that can be copied.
  auto shared = std::make_shared<Handler>(std::move(handler));
  const auto wake = [&io = io_, shared](asio::error_code error) {
    const auto executor = asio::get_associated_executor(*shared, io.get_executor());
    asio::post(executor, [shared, error] { std::move (*shared)(error); });
  };
  const EventId id =
      insert(when, Parked{"a waiting coroutine", [wake] { wake(asio::error_code{}); }, true});
  if (slot.is_connected()) {
    auto cancelled_slot = slot;
    cancelled_slot.assign([this, id, wake](asio::cancellation_type) {
      if (parked_.erase(id) > 0) {
        wake(asio::error::operation_aborted);
      }
    });
  }
}

Awaitable<void> SimClock::wait_until(Time when) {
  if (when <= now_) {
    co_return;
  }
  using Token = asio::use_awaitable_t<asio::io_context::executor_type>;
  Token token;
  const auto initiate = [this, when](auto handler) { park(when, std::move(handler)); };
  co_await asio::async_initiate<Token, void(asio::error_code)>(initiate, token);
}

std::string SimClock::timestamp() const {
  return format_wall(kEpoch + now_ + wall_offset_, "{:%Y-%m-%dT%H:%M:%SZ}");
}

std::string SimClock::arcus_timestamp() const {
  const Time local = kEpoch + now_ + wall_offset_ + std::chrono::hours(9);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(local).count();
  return fmt::format("{}.{:06}", format_wall(local, "{:%Y-%m-%d %H:%M:%S}"), micros % 1'000'000);
}

SimClock::EventId SimClock::insert(Time when, Parked parked) {
  const EventId id{std::max(when, now_), sequence_++};
  parked_.emplace(id, std::move(parked));
  return id;
}

SimClock::EventId SimClock::after(Time delay, std::string what, std::function<void()> event) {
  return insert(now_ + delay, Parked{std::move(what), std::move(event), false});
}

bool SimClock::jump_to_next() {
  if (parked_.empty()) {
    return false;
  }
  now_ = std::max(now_, parked_.begin()->first.first);
  auto node = parked_.extract(parked_.begin());
  node.mapped().wake();
  return true;
}

void SimClock::suspend(Time pause) {
  const Time end = now_ + pause;
  for (auto next = parked_.begin(); next != parked_.end() && next->first.first <= end;) {
    if (next->second.coroutine) {
      ++next;
      continue;
    }
    now_ = std::max(now_, next->first.first);
    auto node = parked_.extract(next);
    node.mapped().wake();
    next = parked_.begin();  // the event may have parked others
  }
  now_ = end;
}

std::vector<std::string> SimClock::parked() const {
  std::vector<std::string> lines;
  for (const auto& [id, parked] : parked_) {
    lines.push_back(fmt::format("t={} {}", seconds_text(id.first), parked.what));
  }
  return lines;
}

void SimClock::fail(std::exception_ptr why) {
  if (!failure_) {
    failure_ = std::move(why);
  }
}

void SimClock::drop_all() {
  // A destroyed coroutine may park something in its destructors.
  while (!parked_.empty()) {
    const auto node = parked_.extract(parked_.begin());
  }
}

void SimClock::drop_coroutines() {
  while (true) {
    const auto found = std::find_if(parked_.begin(), parked_.end(),
                                    [](const auto& entry) { return entry.second.coroutine; });
    if (found == parked_.end()) {
      return;
    }
    const auto node = parked_.extract(found);
  }
}

namespace detail {

void drive(asio::io_context& io, SimClock& clock, const Ending& ending, Time limit) {
  const Time end = clock.now() + limit;
  while (true) {
    io.restart();
    std::size_t turns = 0;
    while (io.poll_one() > 0 || (clock.run_beside && clock.run_beside())) {
      io.restart();
      if (++turns > kTurnsAtOneInstant) {
        throw SimFailure(
            fmt::format("t={}: the loop never comes to rest: coroutines wake each "
                        "other without time passing",
                        seconds_text(clock.now())));
      }
    }
    if (const auto failure = clock.take_failure()) {
      std::rethrow_exception(failure);
    }
    if (ending.done) {
      return;
    }
    if (clock.now() >= end) {
      throw SimFailure(fmt::format("t={}: not finished within {} s of virtual time; parked:\n  {}",
                                   seconds_text(clock.now()), seconds_text(limit),
                                   fmt::join(clock.parked(), "\n  ")));
    }
    if (!clock.jump_to_next()) {
      throw SimFailure(
          fmt::format("t={}: deadlock: a coroutine waits for something that is neither "
                      "time nor an event; nothing is parked",
                      seconds_text(clock.now())));
    }
  }
}

}  // namespace detail
}  // namespace arcform::sim
