// SPDX-License-Identifier: Apache-2.0
#include "drivers/task_group.h"

#include <chrono>
#include <deque>
#include <exception>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace arcform {

namespace {

// Expires never: it is only a place to be woken from, and it belongs to the loop, which therefore
// can throw away a coroutine that still waits when it ends.
using Bell = asio::basic_waitable_timer<std::chrono::steady_clock,
                                        asio::wait_traits<std::chrono::steady_clock>,
                                        asio::io_context::executor_type>;

Bell make_bell(asio::io_context& loop) {
  return Bell(loop.get_executor(), Bell::time_point::max());
}

Awaitable<void> listen(Bell& bell) {
  asio::error_code error;
  const asio::use_awaitable_t<asio::io_context::executor_type> token{};
  co_await bell.async_wait(asio::redirect_error(token, error));
  // Woken and cancelled from outside look alike here; the caller looks at what it waits for.
}

}  // namespace

struct Event::State {
  explicit State(asio::io_context& loop) : bell(make_bell(loop)) {}
  bool set = false;
  Bell bell;
};

Event::Event(asio::io_context& loop) : state_(std::make_shared<State>(loop)) {}

void Event::set() {
  if (!state_->set) {
    state_->set = true;
    state_->bell.cancel();
  }
}

bool Event::is_set() const {
  return state_->set;
}

Awaitable<void> Event::wait() const {
  const std::shared_ptr<State> state = state_;
  while (!state->set) {
    co_await listen(state->bell);
  }
}

Signal::Signal(asio::io_context& loop) : loop_(loop), next_(std::make_shared<Event>(loop)) {}

void Signal::notify_all() {
  next_->set();
  next_ = std::make_shared<Event>(loop_);
}

Awaitable<void> Signal::wait() const {
  const std::shared_ptr<Event> event = next_;
  co_await event->wait();
}

struct Semaphore::State {
  /// In the queue, or in an acquire() that was cancelled and does not want its turn any more.
  struct Turn {
    explicit Turn(asio::io_context& loop) : event(loop) {}
    Event event;
    bool abandoned = false;
  };

  State(asio::io_context& its_loop, std::size_t permits) : loop(its_loop), free(permits) {}
  /// A permit is handed over, never put back while somebody waits.
  void give_back() {
    while (!waiting.empty()) {
      const std::shared_ptr<Turn> turn = std::move(waiting.front());
      waiting.pop_front();
      if (!turn->abandoned) {
        turn->event.set();
        return;
      }
    }
    ++free;
  }

  asio::io_context& loop;
  std::size_t free;
  std::deque<std::shared_ptr<Turn>> waiting;
};

Semaphore::Semaphore(asio::io_context& loop, std::size_t permits)
    : state_(std::make_shared<State>(loop, permits)) {}

Awaitable<Semaphore::Permit> Semaphore::acquire() const {
  const std::shared_ptr<State> state = state_;
  if (state->free > 0) {
    --state->free;
    co_return Permit(state);
  }
  const std::shared_ptr<State::Turn> turn = std::make_shared<State::Turn>(state->loop);
  state->waiting.push_back(turn);
  try {
    co_await turn->event.wait();
  } catch (...) {
    turn->abandoned = true;
    if (turn->event.is_set()) {
      state->give_back();
    }
    throw;
  }
  co_return Permit(state);
}

std::size_t Semaphore::free() const {
  return state_->free;
}

std::size_t Semaphore::waiting() const {
  return state_->waiting.size();
}

Semaphore::Permit& Semaphore::Permit::operator=(Permit&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
  }
  return *this;
}

void Semaphore::Permit::release() {
  const std::shared_ptr<State> state = std::exchange(state_, nullptr);
  if (state != nullptr) {
    state->give_back();
  }
}

struct TaskGroup::State {
  State(asio::io_context& its_loop, std::size_t limit)
      : loop(its_loop), permits(its_loop, limit), ended(its_loop) {}
  asio::io_context& loop;
  Semaphore permits;
  Signal ended;
  std::size_t running = 0;
  std::exception_ptr bug;
};

TaskGroup::TaskGroup(asio::io_context& loop, std::size_t limit)
    : state_(std::make_shared<State>(loop, limit)) {}

Awaitable<void> TaskGroup::run(std::shared_ptr<State> state, Awaitable<void> task) {
  Semaphore::Permit permit = co_await state->permits.acquire();
  try {
    co_await std::move(task);
  } catch (...) {
    if (state->bug == nullptr) {
      state->bug = std::current_exception();
    }
  }
  permit.release();
  if (--state->running == 0) {
    state->ended.notify_all();
  }
}

void TaskGroup::spawn(Awaitable<void> task) {
  ++state_->running;
  asio::co_spawn(state_->loop.get_executor(), run(state_, std::move(task)), asio::detached);
}

Awaitable<void> TaskGroup::join() {
  const std::shared_ptr<State> state = state_;
  while (state->running > 0) {
    co_await state->ended.wait();
  }
  if (state->bug != nullptr) {
    std::rethrow_exception(std::exchange(state->bug, nullptr));
  }
}

std::size_t TaskGroup::size() const {
  return state_->running;
}

}  // namespace arcform
