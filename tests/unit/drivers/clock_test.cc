// SPDX-License-Identifier: Apache-2.0
#include "drivers/clock.h"

#include <chrono>
#include <cstdlib>
#include <regex>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <catch2/catch.hpp>
#include <time.h>

namespace arcform {
namespace {

using std::chrono::milliseconds;

TEST_CASE("a wait ends at its time, never before, and a past time does not wait") {
  asio::io_context loop;
  SystemClock clock(loop);
  const Time start = clock.now();
  Time first{};
  Time second{};
  const auto body = [&]() -> Awaitable<void> {
    co_await clock.wait_until(start + milliseconds(30));
    first = clock.now();
    co_await clock.wait_until(start);
    second = clock.now();
  };
  asio::co_spawn(loop.get_executor(), body(), asio::detached);
  loop.run();
  CHECK(first >= start + milliseconds(30));
  CHECK(first < start + milliseconds(2000));
  CHECK(second - first < milliseconds(20));
}

TEST_CASE("now() counts suspended time") {
  asio::io_context loop;
  const SystemClock clock(loop);
  timespec boot{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  const Time expected = std::chrono::seconds(boot.tv_sec) + Time(boot.tv_nsec);
  CHECK(clock.now() >= expected);
  CHECK(clock.now() - expected < std::chrono::seconds(2));
}

TEST_CASE("timestamps are UTC for people and local with microseconds for Arcus") {
  setenv("TZ", "KST-9", 1);
  tzset();
  CHECK(utc_text(1769853600) == "2026-01-31T10:00:00Z");
  CHECK(local_text(1769853600, 123456) == "2026-01-31 19:00:00.123456");
  CHECK(local_text(1769853600, 7) == "2026-01-31 19:00:00.000007");
  unsetenv("TZ");
  tzset();
  asio::io_context loop;
  const SystemClock clock(loop);
  CHECK(std::regex_match(clock.timestamp(), std::regex(R"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ)")));
  CHECK(std::regex_match(clock.arcus_timestamp(),
                         std::regex(R"(20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})")));
}

}  // namespace
}  // namespace arcform
