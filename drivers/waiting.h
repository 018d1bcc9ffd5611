// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <asio/basic_waitable_timer.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "drivers/async.h"

/// How the shells wait: for "something changed", for a free place, for a descriptor. One loop, one
/// thread, so nothing here locks.
namespace arcform {

using LoopExecutor = asio::io_context::executor_type;
using Instant = std::chrono::steady_clock::time_point;
using LoopTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, LoopExecutor>;
using Descriptor = asio::posix::basic_stream_descriptor<LoopExecutor>;

/// Completion token of everything that an Awaitable waits for.
inline constexpr asio::use_awaitable_t<LoopExecutor> kAwait;

/// Coroutines that wait for a change and look for themselves what it was.
class TimedSignal {
 public:
  explicit TimedSignal(asio::io_context& loop) : loop_(loop) {}
  TimedSignal(const TimedSignal&) = delete;
  TimedSignal& operator=(const TimedSignal&) = delete;
  /// False when `until` passed first. Whoever calls keeps this object alive meanwhile.
  Awaitable<bool> wait(Instant until);
  void notify_all();
  asio::io_context& loop() { return loop_; }

 private:
  struct Waiter;
  asio::io_context& loop_;
  std::vector<Waiter*> waiting_;
};

/// A number of places; who asks first gets one first.
class Places {
 public:
  /// A place that is held until this is destroyed; it may outlive the Places.
  class Held {
   public:
    Held() = default;
    Held(Held&& other) noexcept = default;
    Held& operator=(Held&& other) noexcept;
    ~Held() { give_back(); }

   private:
    friend class Places;
    struct State;
    explicit Held(std::shared_ptr<State> state) : state_(std::move(state)) {}
    void give_back();
    std::shared_ptr<State> state_;
  };

  Places(asio::io_context& loop, int limit);
  /// nullopt when `until` passed first.
  Awaitable<std::optional<Held>> take(Instant until);
  int limit() const;
  /// What is held already stays held.
  void set_limit(int limit);

 private:
  std::shared_ptr<Held::State> state_;
};

/// A descriptor that notifies a TimedSignal when it becomes readable or writable, once per arm().
/// What waits for it does not keep it: a host may never say another word.
class Readiness {
 public:
  enum class Kind { read, write };
  Readiness(TimedSignal& signal, Kind kind) : signal_(signal), kind_(kind) {}
  /// Does nothing while armed. `Socket` is any Asio object with async_wait; `owner` has that, this
  /// and the signal.
  template <class Socket>
  void arm(Socket& socket, std::weak_ptr<void> owner) {
    if (armed_) {
      return;
    }
    armed_ = true;
    socket.async_wait(kind_ == Kind::read ? Socket::wait_read : Socket::wait_write,
                      [this, owner = std::move(owner)](std::error_code) {
                        if (const std::shared_ptr<void> alive = owner.lock()) {
                          armed_ = false;
                          signal_.notify_all();
                        }
                      });
  }

 private:
  TimedSignal& signal_;
  Kind kind_;
  bool armed_ = false;
};

}  // namespace arcform
