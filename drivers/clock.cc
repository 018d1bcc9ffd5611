// SPDX-License-Identifier: Apache-2.0
#include "drivers/clock.h"

#include <algorithm>
#include <chrono>

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <time.h>

namespace arcform {

namespace {

using LoopTimer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                             asio::wait_traits<std::chrono::steady_clock>,
                                             asio::io_context::executor_type>;

// Asio's timer stands still while the machine is suspended; looking again bounds the delay.
constexpr Time kLongestNap = std::chrono::seconds(1);

timespec read(clockid_t id) {
  timespec time{};
  clock_gettime(id, &time);
  return time;
}

}  // namespace

Time SystemClock::now() const {
  const timespec time = read(CLOCK_BOOTTIME);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Awaitable<void> SystemClock::wait_until(Time when) {
  LoopTimer timer(loop_.get_executor());
  const asio::use_awaitable_t<asio::io_context::executor_type> token{};
  for (Time left = when - now(); left > Time::zero(); left = when - now()) {
    timer.expires_after(std::min(left, kLongestNap));
    co_await timer.async_wait(token);
  }
}

std::string utc_text(std::int64_t seconds) {
  const time_t time = seconds;
  tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string local_text(std::int64_t seconds, std::int64_t microseconds) {
  const time_t time = seconds;
  tm parts{};
  localtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     microseconds);
}

std::string SystemClock::timestamp() const {
  return utc_text(read(CLOCK_REALTIME).tv_sec);
}

std::string SystemClock::arcus_timestamp() const {
  const timespec time = read(CLOCK_REALTIME);
  return local_text(time.tv_sec, time.tv_nsec / 1000);
}

}  // namespace arcform
