// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <asio/io_context.hpp>

#include "drivers/world.h"

namespace arcform {

/// The machine's clocks; nothing else of ours reads them. `now()` counts the time a suspended
/// machine slept (CLOCK_BOOTTIME): a session that expired meanwhile must look old.
class SystemClock : public Clock {
 public:
  /// `loop` must outlive this object and every wait.
  explicit SystemClock(asio::io_context& loop) : loop_(loop) {}

  Time now() const override;
  /// A wait takes part in Asio's per-operation cancellation (it then ends with
  /// asio::error::operation_aborted). After a suspend it is at most a second late.
  Awaitable<void> wait_until(Time when) override;
  std::string timestamp() const override;
  std::string arcus_timestamp() const override;

 private:
  asio::io_context& loop_;
};

/// Formatting behind the two timestamps, for a wall-clock time since 1970-01-01T00:00:00Z.
std::string utc_text(std::int64_t seconds);
/// In the time zone of the process; "2026-01-31 19:00:00.123456".
std::string local_text(std::int64_t seconds, std::int64_t microseconds);

}  // namespace arcform
