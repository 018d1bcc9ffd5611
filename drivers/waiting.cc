// SPDX-License-Identifier: Apache-2.0
#include "drivers/waiting.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace arcform {

struct TimedSignal::Waiter {
  Waiter(TimedSignal& owner, Instant until) : signal(owner), timer(owner.loop_, until) {
    signal.waiting_.push_back(this);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { std::erase(signal.waiting_, this); }

  TimedSignal& signal;
  LoopTimer timer;
  bool notified = false;
};

Awaitable<bool> TimedSignal::wait(Instant until) {
  Waiter waiter(*this, until);
  std::error_code ignored;
  co_await waiter.timer.async_wait(asio::redirect_error(kAwait, ignored));
  co_return waiter.notified;
}

void TimedSignal::notify_all() {
  std::vector<Waiter*> woken;
  woken.swap(waiting_);
  for (Waiter* waiter : woken) {
    waiter->notified = true;
    waiter->timer.cancel();
  }
}

struct Places::Held::State {
  struct Waiter {
    explicit Waiter(const std::shared_ptr<State>& owner, asio::io_context& loop, Instant until)
        : state(owner), timer(loop, until) {
      state->queue.push_back(this);
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
      std::erase(state->queue, this);
      if (granted) {
        state->give_back();
      }
    }
    std::shared_ptr<State> state;
    LoopTimer timer;
    bool granted = false;
  };

  State(asio::io_context& io, int places) : loop(io), limit(places) {}
  void grant() {
    while (used < limit && !queue.empty()) {
      Waiter* next = queue.front();
      queue.pop_front();
      next->granted = true;
      ++used;
      next->timer.cancel();
    }
  }
  void give_back() {
    --used;
    grant();
  }

  asio::io_context& loop;
  int limit;
  int used = 0;
  std::deque<Waiter*> queue;
};

Places::Held& Places::Held::operator=(Held&& other) noexcept {
  if (this != &other) {
    give_back();
    state_ = std::move(other.state_);
  }
  return *this;
}

void Places::Held::give_back() {
  if (const auto state = std::exchange(state_, nullptr)) {
    state->give_back();
  }
}

Places::Places(asio::io_context& loop, int limit)
    : state_(std::make_shared<Held::State>(loop, limit)) {}

Awaitable<std::optional<Places::Held>> Places::take(Instant until) {
  const std::shared_ptr<Held::State> state = state_;
  if (state->used < state->limit && state->queue.empty()) {
    ++state->used;
    co_return Held(state);
  }
  Held::State::Waiter waiter(state, state->loop, until);
  std::error_code ignored;
  co_await waiter.timer.async_wait(asio::redirect_error(kAwait, ignored));
  if (!std::exchange(waiter.granted, false)) {
    co_return std::nullopt;
  }
  co_return Held(state);
}

int Places::limit() const {
  return state_->limit;
}

void Places::set_limit(int limit) {
  state_->limit = limit;
  state_->grant();
}

}  // namespace arcform
