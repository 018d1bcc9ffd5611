// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include <asio/io_context.hpp>

#include "drivers/async.h"

/// Small tools for coroutines of one loop: no threads, no locks, and no clock (whoever is woken is
/// posted to the loop, so a test may drive it with poll() and jump its own time). All must be gone
/// before the loop is; a coroutine that waits in one keeps what it waits for alive.
namespace arcform {

/// Something that happens once. Waiting after it has happened returns at once.
class Event {
 public:
  explicit Event(asio::io_context& loop);
  /// Wakes all who wait, in the order they came; repeating it does nothing.
  void set();
  bool is_set() const;
  Awaitable<void> wait() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Something that happens again and again; only who waits at that moment is woken.
class Signal {
 public:
  explicit Signal(asio::io_context& loop);
  void notify_all();
  Awaitable<void> wait() const;

 private:
  asio::io_context& loop_;
  std::shared_ptr<Event> next_;
};

/// At most `permits` holders at a time; who waits longest comes first.
class Semaphore {
  struct State;

 public:
  /// Gives its permit back when it is destroyed.
  class Permit {
   public:
    Permit() = default;
    explicit Permit(std::shared_ptr<State> state) : state_(std::move(state)) {}
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&& other) noexcept;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() { release(); }
    void release();

   private:
    std::shared_ptr<State> state_;
  };

  Semaphore(asio::io_context& loop, std::size_t permits);
  /// Does not suspend when a permit is free.
  Awaitable<Permit> acquire() const;
  std::size_t free() const;
  std::size_t waiting() const;

 private:
  std::shared_ptr<State> state_;
};

/// Runs coroutines side by side and waits for them.
class TaskGroup {
 public:
  static constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);
  /// At most `limit` tasks run at once; the others start in the order of spawn().
  explicit TaskGroup(asio::io_context& loop, std::size_t limit = kNoLimit);
  /// The task starts from the loop, never inside this call.
  void spawn(Awaitable<void> task);
  /// Returns when no task is left, also those spawned meanwhile. Failures belong into the tasks'
  /// own results; an exception out of a task is a bug: the first one is thrown here, once all
  /// tasks have ended. A group that is dropped without join() leaves its tasks running.
  Awaitable<void> join();
  /// Tasks that have not ended.
  std::size_t size() const;

 private:
  struct State;
  static Awaitable<void> run(std::shared_ptr<State> state, Awaitable<void> task);
  std::shared_ptr<State> state_;
};

}  // namespace arcform
