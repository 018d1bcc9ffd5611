// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <system_error>

#include <asio/basic_stream_socket.hpp>

#include "drivers/waiting.h"

namespace arcform {

/// A socket that is closed when its time is over, which ends whatever waits for it.
template <class Protocol>
struct TimedSocket {
  TimedSocket(asio::io_context& loop, Instant until) : socket(loop), timer(loop, until) {}
  asio::basic_stream_socket<Protocol, LoopExecutor> socket;
  LoopTimer timer;
  bool expired = false;
};

/// Starts the socket's time, and ends both with the coroutine: the timer's handler holds the
/// socket.
template <class Protocol>
class TimeSocket {
 public:
  explicit TimeSocket(const std::shared_ptr<TimedSocket<Protocol>>& timed) : timed_(*timed) {
    timed->timer.async_wait([timed](std::error_code cancelled) {
      if (!cancelled) {
        timed->expired = true;
        std::error_code ignored;
        timed->socket.close(ignored);
      }
    });
  }
  TimeSocket(const TimeSocket&) = delete;
  TimeSocket& operator=(const TimeSocket&) = delete;
  ~TimeSocket() {
    timed_.timer.cancel();
    std::error_code ignored;
    timed_.socket.close(ignored);
  }

 private:
  TimedSocket<Protocol>& timed_;
};

}  // namespace arcform
