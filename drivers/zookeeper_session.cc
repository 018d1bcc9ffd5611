// SPDX-License-Identifier: Apache-2.0
#include "drivers/zookeeper_session.h"

#include <algorithm>
#include <utility>

#include <asio/post.hpp>
#include <fmt/format.h>

namespace arcform::zookeeper {

namespace {

// A request may rightly take as long as the ensemble needs to elect a leader, however short the
// session timeout is.
constexpr std::chrono::milliseconds kLeastPatience{5'000};

}  // namespace

Session::Session(asio::io_context& loop, const Clock& clock, std::shared_ptr<Closer> closer,
                 ZookeeperOptions options, std::string name)
    : loop_(loop),
      clock_(clock),
      closer_(std::move(closer)),
      options_(options),
      name_(std::move(name)),
      timer_(loop.get_executor()),
      window_(loop, options.window),
      settled_(loop),
      closed_(loop),
      timeout_(options.session_timeout) {}

Session::~Session() {
  end("dropped");
}

Awaitable<Result<void>> Session::connect(std::vector<Endpoint> servers, Time deadline) {
  const std::shared_ptr<Session> self = shared_from_this();
  Result<std::unique_ptr<Handle>> handle =
      Handle::open(loop_, servers, options_.session_timeout, *this);
  if (!handle) {
    co_return handle.error();
  }
  handle_ = std::move(*handle);
  connect_deadline_ = deadline;
  tick();
  co_await settled_.wait();
  if (over_ || !ever_connected_) {
    end("it was never connected");
    co_return over();
  }
  co_return Result<void>();
}

bool Session::alive() {
  if (!over_ && lost(clock_.now())) {
    end(fmt::format("no answer for the session timeout of {} ms", timeout_.count()));
  }
  return !over_;
}

Error Session::error(Rc rc) const {
  return Error{code_of(rc), fmt::format("zookeeper {}: {}", name_, text_of(rc))};
}

Error Session::over() const {
  return Error{ErrorCode::unavailable,
               fmt::format("zookeeper {}: the session is over: {}", name_, why_over_)};
}

void Session::end(const std::string& why, Farewell farewell) {
  if (std::exchange(over_, true)) {
    return;
  }
  why_over_ = why;
  told_ = nullptr;
  connected_ = false;
  timer_.cancel();
  for (const auto& [id, pending] : std::exchange(pending_, {})) {
    pending->done.set();
  }
  settled_.set();
  if (handle_ == nullptr) {
    closed_.set();
    return;
  }
  handle_->silence();
  if (farewell == Farewell::none) {
    closer_->close(std::move(handle_), [] {});
    closed_.set();
    return;
  }
  closer_->close(std::move(handle_), [&loop = loop_, weak = weak_from_this()] {
    asio::post(loop.get_executor(), [weak] {
      if (const std::shared_ptr<Session> self = weak.lock()) {
        self->closed_.set();
      }
    });
  });
}

Awaitable<void> Session::close() {
  const std::shared_ptr<Session> self = shared_from_this();
  end("closed here", Farewell::wait);
  co_await closed_.wait();
}

void Session::on_session(SessionChange change) {
  switch (change.kind) {
    case SessionChange::Kind::connected:
      connected_ = true;
      id_ = change.session_id;
      timeout_ = change.timeout;
      if (!std::exchange(ever_connected_, true)) {
        proof_ = clock_.now();
      }
      // A reconnect proves the session only up to when the event was queued; ask now.
      pulse_ = Time{};
      settled_.set();
      tick();
      return;
    case SessionChange::Kind::disconnected:
      connected_ = false;
      return;
    case SessionChange::Kind::expired:
      end("it expired");
      return;
    case SessionChange::Kind::auth_failed:
      end("authentication failed");
      return;
  }
}

void Session::on_change(std::string path) {
  if (told_) {
    told_(path);
  }
}

void Session::on_reply(Reply reply) {
  const auto found = pending_.find(reply.id);
  if (found == pending_.end()) {
    return;
  }
  const std::shared_ptr<Pending> pending = found->second;
  pending_.erase(found);
  if (is_answer(reply.rc)) {
    proof_ = std::max(proof_, pending->sent);
  }
  const Rc rc = reply.rc;
  pending->reply = std::move(reply);
  pending->done.set();
  if (rc == Rc::session_expired) {
    end("it expired");
  }
}

std::chrono::milliseconds Session::request_patience() const {
  return std::max(timeout_, kLeastPatience);
}

void Session::expire_requests(Time now) {
  while (!pending_.empty()) {
    const std::shared_ptr<Pending> oldest = pending_.begin()->second;
    if (now - oldest->sent < request_patience()) {
      return;
    }
    pending_.erase(pending_.begin());
    oldest->late = true;
    oldest->done.set();
  }
}

void Session::send_pulse(Time now) {
  // The client's own pings have no reply that we could see.
  const Time due = std::max(proof_, pulse_) + timeout_ / 3;
  if (!connected_ || (now < due && pulse_ != Time{})) {
    return;
  }
  pulse_ = now;
  const std::uint64_t id = next_id_++;
  if (handle_->touch(id) == Rc::ok) {
    const auto pending = std::make_shared<Pending>(loop_);
    pending->sent = now;
    pending_.emplace(id, pending);
  }
}

void Session::tick() {
  if (over_) {
    return;
  }
  const Time now = clock_.now();
  if (!ever_connected_ && now >= connect_deadline_) {
    settled_.set();
    return;
  }
  Time next = connect_deadline_;
  if (ever_connected_) {
    if (!alive()) {
      return;
    }
    expire_requests(now);
    send_pulse(now);
    next = std::min(proof_ + timeout_, now + timeout_ / 6);
    if (!pending_.empty()) {
      next = std::min(next, pending_.begin()->second->sent + request_patience());
    }
  }
  timer_.expires_after(std::max<Time>(next - now, std::chrono::milliseconds(1)));
  timer_.async_wait([weak = weak_from_this()](const asio::error_code& error) {
    const std::shared_ptr<Session> self = weak.lock();
    if (self != nullptr && !error) {
      self->tick();
    }
  });
}

}  // namespace arcform::zookeeper
