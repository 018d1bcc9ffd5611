// SPDX-License-Identifier: Apache-2.0
#include "controller/ensemble_session.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "drivers/task_group.h"

namespace arcform {

/// One attempt to connect, shared by everybody who waits for it and by the coroutine that makes it.
struct EnsembleSession::Attempt {
  explicit Attempt(asio::io_context& loop) : changed(loop) {}
  Signal changed;
  std::optional<Result<std::unique_ptr<ZnodeSession>>> result;
  std::optional<std::string> given_up;
};

EnsembleSession::EnsembleSession(asio::io_context& loop, Zookeeper& zookeeper,
                                 std::string connect_string)
    : loop_(loop), zookeeper_(zookeeper), connect_string_(std::move(connect_string)) {}

EnsembleSession::~EnsembleSession() = default;

Awaitable<void> EnsembleSession::run(std::shared_ptr<Attempt> attempt, Zookeeper& zookeeper,
                                     std::string connect_string,
                                     std::chrono::milliseconds patience) {
  auto result = co_await zookeeper.connect(connect_string, patience);
  attempt->result.emplace(std::move(result));
  attempt->changed.notify_all();
}

Awaitable<Result<ZnodeSession*>> EnsembleSession::session(std::chrono::milliseconds patience) {
  if (session_ != nullptr && session_->alive()) {
    co_return session_.get();
  }
  if (connect_string_.empty()) {
    co_return Error{ErrorCode::unavailable, "the spec names no ZooKeeper server"};
  }
  if (attempt_ != nullptr && attempt_->result && !*attempt_->result) {
    attempt_.reset();  // It failed when nobody waited any more: what it saw is old.
  }
  const bool joined = attempt_ != nullptr;
  if (!joined) {
    attempt_ = std::make_shared<Attempt>(loop_);
    asio::co_spawn(loop_, run(attempt_, zookeeper_, connect_string_, patience), asio::detached);
  }
  const std::shared_ptr<Attempt> attempt = attempt_;
  while (!attempt->result && !attempt->given_up) {
    co_await attempt->changed.wait();
  }
  if (!attempt->result) {
    co_return Error{ErrorCode::unavailable, *attempt->given_up};
  }
  if (attempt == attempt_) {  // The first of those who waited takes the result for all.
    attempt_.reset();
    if (*attempt->result) {
      session_ = std::move(**attempt->result);
    }
  }
  if (!*attempt->result && !joined) {
    co_return attempt->result->error();
  }
  if (!*attempt->result) {  // It began before this call, and may have ended just too early for it.
    auto fresh = co_await session(patience);
    co_return fresh;
  }
  if (session_ == nullptr || !session_->alive()) {
    co_return Error{ErrorCode::unavailable, "no session with " + connect_string_};
  }
  co_return session_.get();
}

void EnsembleSession::give_up(std::string why) {
  if (attempt_ != nullptr && !attempt_->result) {
    attempt_->given_up = std::move(why);
    attempt_->changed.notify_all();
    attempt_.reset();  // Whoever asks next must not be told what this one finds out.
  }
}

ZnodeSession* EnsembleSession::live() const {
  return session_ != nullptr && session_->alive() ? session_.get() : nullptr;
}

Awaitable<void> EnsembleSession::close() {
  attempt_.reset();  // One that still runs ends by itself; nobody takes its session.
  if (const std::unique_ptr<ZnodeSession> session = std::move(session_)) {
    co_await session->close();
  }
}

}  // namespace arcform
