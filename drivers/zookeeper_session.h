// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "drivers/task_group.h"
#include "drivers/world.h"
#include "drivers/zookeeper.h"
#include "drivers/zookeeper_handle.h"

namespace arcform::zookeeper {

/// One session: its requests in flight, their deadlines, and whether it still lives. Outlives the
/// object that the caller holds only while one of its requests is being waited for.
class Session : private Handle::Listener, public std::enable_shared_from_this<Session> {
 public:
  Session(asio::io_context& loop, const Clock& clock, std::shared_ptr<Closer> closer,
          ZookeeperOptions options, std::string name);
  ~Session() override;

  /// Starts to connect; `servers` in the order to try. Resumes when connected or at `deadline`.
  Awaitable<Result<void>> connect(std::vector<Endpoint> servers, Time deadline);

  /// Sends one request when the window allows and waits for its reply. Errors: unavailable,
  /// deadline_exceeded; a refusal by the server is a reply.
  template <class Send>
  Awaitable<Result<Reply>> ask(Send send);

  void tell_changes(std::function<void(const std::string&)> told) { told_ = std::move(told); }
  bool alive();
  std::chrono::milliseconds timeout() const { return timeout_; }
  std::int64_t id() const { return id_; }
  /// "zookeeper 10.0.0.1:2181: connection lost"
  Error error(Rc rc) const;

  /// Whether close() is to be woken when the handle is closed; it may not be when the loop may be
  /// gone by then.
  enum class Farewell { none, wait };
  /// The session is over: every request ends with unavailable and the handle is closed on another
  /// thread. Repeating it does nothing.
  void end(const std::string& why, Farewell farewell = Farewell::none);
  /// Ends the session, and waits until its handle is closed unless it was over already.
  Awaitable<void> close();

 private:
  struct Pending {
    explicit Pending(asio::io_context& loop) : done(loop) {}
    Time sent{};
    std::optional<Reply> reply;  // Empty when done: the session ended first.
    bool late = false;
    Event done;
  };

  void on_reply(Reply reply) override;
  void on_session(SessionChange change) override;
  void on_change(std::string path) override;
  Error over() const;
  /// Looks at all deadlines and at the pulse, and comes back when the next one is due.
  void tick();
  void send_pulse(Time now);
  void expire_requests(Time now);
  bool lost(Time now) const { return ever_connected_ && now - proof_ >= timeout_; }
  std::chrono::milliseconds request_patience() const;

  asio::io_context& loop_;
  const Clock& clock_;
  const std::shared_ptr<Closer> closer_;
  const ZookeeperOptions options_;
  const std::string name_;
  std::unique_ptr<Handle> handle_;  // nullptr: before connect() and after end()
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>,
                             asio::io_context::executor_type>
      timer_;
  Semaphore window_;
  Event settled_;
  Event closed_;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, std::shared_ptr<Pending>> pending_;  // Ids grow, so oldest first.
  Time connect_deadline_{};
  Time proof_{};  // When the latest answered request was sent: a server knew us then or later.
  Time pulse_{};  // When the latest request of our own was sent.
  std::chrono::milliseconds timeout_;
  std::int64_t id_ = 0;
  std::function<void(const std::string&)> told_;
  bool ever_connected_ = false;
  bool connected_ = false;
  bool over_ = false;
  std::string why_over_;
};

template <class Send>
Awaitable<Result<Reply>> Session::ask(Send send) {
  const std::shared_ptr<Session> self = shared_from_this();
  const Semaphore::Permit permit = co_await window_.acquire();
  if (!alive()) {
    co_return over();
  }
  const std::uint64_t id = next_id_++;
  const auto pending = std::make_shared<Pending>(loop_);
  pending->sent = clock_.now();
  const Rc rc = send(*handle_, id);
  if (rc != Rc::ok) {
    co_return error(rc);
  }
  pending_.emplace(id, pending);
  co_await pending->done.wait();
  if (pending->late) {
    co_return error(Rc::operation_timeout);
  }
  if (!pending->reply) {
    co_return over();
  }
  if (pending->reply->rc == Rc::ok || is_answer(pending->reply->rc)) {
    co_return std::move(*pending->reply);
  }
  co_return error(pending->reply->rc);
}

}  // namespace arcform::zookeeper
