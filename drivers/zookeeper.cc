// SPDX-License-Identifier: Apache-2.0
#include "drivers/zookeeper.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "drivers/zookeeper_codes.h"
#include "drivers/zookeeper_handle.h"
#include "drivers/zookeeper_session.h"
#include "drivers/zookeeper_survey.h"

namespace arcform {

namespace {

using std::chrono::milliseconds;
using zookeeper::Rc;
using zookeeper::Reply;
using zookeeper::Session;

// How long to wait for answers while no server serves, and for a session from one that does: a
// server that hung after its answer should cost little, a slow ensemble gets twice the time in each
// attempt.
constexpr milliseconds kSurveyPatience{2'000};
constexpr milliseconds kFirstAttempt{1'000};
constexpr milliseconds kPause{100};
// Where nobody listens there is no election to wait for, at most a restart.
constexpr milliseconds kRefusedPatience{3'000};

// What the caller holds. Its methods are coroutines that keep the session itself alive, so it may
// be destroyed while one of them still waits.
class OpenSession : public ZnodeSession {
 public:
  explicit OpenSession(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~OpenSession() override { session_->end("closed here"); }
  OpenSession(const OpenSession&) = delete;
  OpenSession& operator=(const OpenSession&) = delete;

  Awaitable<Result<std::optional<Znode>>> read(std::string path) override {
    return read(session_, std::move(path));
  }
  Awaitable<Result<std::optional<std::vector<std::string>>>> children(std::string path) override {
    return children(session_, std::move(path));
  }
  Awaitable<Result<void>> sync() override { return sync(session_); }
  Awaitable<Result<void>> commit(std::vector<ZnodeChange> changes) override {
    return commit(session_, std::move(changes));
  }
  Awaitable<Result<void>> reconfigure(std::string joining, std::string leaving,
                                      std::uint64_t version) override {
    return reconfigure(session_, std::move(joining), std::move(leaving), version);
  }
  milliseconds session_timeout() const override { return session_->timeout(); }
  bool alive() const override { return session_->alive(); }
  std::int64_t session_id() const override { return session_->id(); }
  Awaitable<void> close() override { return close(session_); }

 private:
  static Awaitable<Result<std::optional<Znode>>> read(std::shared_ptr<Session> session,
                                                      std::string path);
  static Awaitable<Result<std::optional<std::vector<std::string>>>> children(
      std::shared_ptr<Session> session, std::string path);
  static Awaitable<Result<void>> sync(std::shared_ptr<Session> session);
  static Awaitable<Result<void>> commit(std::shared_ptr<Session> session,
                                        std::vector<ZnodeChange> changes);
  static Awaitable<Result<void>> reconfigure(std::shared_ptr<Session> session, std::string joining,
                                             std::string leaving, std::uint64_t version);
  static Awaitable<void> close(std::shared_ptr<Session> session);

  const std::shared_ptr<Session> session_;
};

Awaitable<Result<std::optional<Znode>>> OpenSession::read(std::shared_ptr<Session> session,
                                                          std::string path) {
  const std::string subject = "read " + path;
  if (const Result<void> valid = zookeeper::check_path(path); !valid) {
    co_return valid.error().with("read");
  }
  const auto send = [&path](zookeeper::Handle& handle, std::uint64_t id) {
    return handle.get(id, path);
  };
  Result<Reply> reply = co_await session->ask(send);
  if (!reply) {
    co_return reply.error().with(subject);
  }
  if (reply->rc == Rc::no_node) {
    co_return std::optional<Znode>();
  }
  if (reply->rc != Rc::ok) {
    co_return session->error(reply->rc).with(subject);
  }
  co_return std::optional<Znode>(std::move(reply->znode));
}

Awaitable<Result<std::optional<std::vector<std::string>>>> OpenSession::children(
    std::shared_ptr<Session> session, std::string path) {
  const std::string subject = "list " + path;
  if (const Result<void> valid = zookeeper::check_path(path); !valid) {
    co_return valid.error().with("list");
  }
  const auto send = [&path](zookeeper::Handle& handle, std::uint64_t id) {
    return handle.children(id, path);
  };
  Result<Reply> reply = co_await session->ask(send);
  if (!reply) {
    co_return reply.error().with(subject);
  }
  if (reply->rc == Rc::no_node) {
    co_return std::optional<std::vector<std::string>>();
  }
  if (reply->rc != Rc::ok) {
    co_return session->error(reply->rc).with(subject);
  }
  std::sort(reply->names.begin(), reply->names.end());
  co_return std::optional<std::vector<std::string>>(std::move(reply->names));
}

Awaitable<Result<void>> OpenSession::sync(std::shared_ptr<Session> session) {
  const auto send = [](zookeeper::Handle& handle, std::uint64_t id) { return handle.sync(id); };
  const Result<Reply> reply = co_await session->ask(send);
  if (!reply) {
    co_return reply.error().with("sync");
  }
  if (reply->rc != Rc::ok) {
    co_return session->error(reply->rc).with("sync");
  }
  co_return Result<void>();
}

// The operation whose code is neither "done" (those before it, rolled back) nor "not looked at".
Error refusal(const Session& session, const Reply& reply, const std::vector<ZnodeChange>& changes) {
  for (std::size_t i = 0; i < reply.operations.size(); ++i) {
    const Rc rc = reply.operations[i];
    if (rc != Rc::ok && rc != Rc::runtime_inconsistency) {
      Error error = session.error(rc).with(zookeeper::text_of(changes[i]));
      if (changes.size() > 1) {
        error.message += fmt::format(" (operation {} of {})", i + 1, changes.size());
      }
      return error;
    }
  }
  return session.error(reply.rc).with(fmt::format(
      "{} and {} more operations", zookeeper::text_of(changes.front()), changes.size() - 1));
}

Awaitable<Result<void>> OpenSession::commit(std::shared_ptr<Session> session,
                                            std::vector<ZnodeChange> changes) {
  if (const Result<void> valid = zookeeper::check_changes(changes); !valid) {
    co_return valid.error();
  }
  const auto send = [&changes](zookeeper::Handle& handle, std::uint64_t id) {
    return handle.commit(id, changes);
  };
  const Result<Reply> reply = co_await session->ask(send);
  if (!reply) {
    co_return reply.error().with(zookeeper::text_of(changes.front()));
  }
  if (reply->rc != Rc::ok) {
    co_return refusal(*session, *reply, changes);
  }
  co_return Result<void>();
}

Awaitable<Result<void>> OpenSession::reconfigure(std::shared_ptr<Session> session,
                                                 std::string joining, std::string leaving,
                                                 std::uint64_t version) {
  const auto send = [&](zookeeper::Handle& handle, std::uint64_t id) {
    return handle.reconfigure(id, joining, leaving, static_cast<std::int64_t>(version));
  };
  const Result<Reply> reply = co_await session->ask(send);
  const std::string subject =
      joining.empty() ? "take server " + leaving + " out of the ensemble" : "add " + joining;
  if (!reply) {
    co_return reply.error().with(subject);
  }
  if (reply->rc != Rc::ok) {
    co_return session->error(reply->rc).with(subject);
  }
  co_return Result<void>();
}

Awaitable<void> OpenSession::close(std::shared_ptr<Session> session) {
  co_await session->close();
}

}  // namespace

ZookeeperClient::ZookeeperClient(asio::io_context& loop, Clock& clock, ZookeeperOptions options)
    : loop_(loop),
      clock_(clock),
      options_(options),
      closer_(std::make_shared<zookeeper::Closer>()) {}

ZookeeperClient::~ZookeeperClient() {
  // Sessions may still be held by coroutines that the loop will drop; who closes them now must not
  // find the loop gone.
  closer_->join();
}

Awaitable<Result<std::unique_ptr<ZnodeSession>>> ZookeeperClient::connect(
    std::string connect_string, milliseconds patience) {
  const Result<std::vector<Endpoint>> servers = zookeeper::parse_connect_string(connect_string);
  if (!servers) {
    co_return servers.error();
  }
  const Time begun = clock_.now();
  const Time deadline = begun + patience;
  std::vector<zookeeper::SurveyedServer> known;
  milliseconds attempt = kFirstAttempt;
  for (;;) {
    const Time left = std::max(deadline - clock_.now(), Time::zero());
    const auto look = std::min(kSurveyPatience, std::chrono::ceil<milliseconds>(left));
    const std::vector<zookeeper::SurveyedServer> found =
        co_await zookeeper::survey(loop_, *servers, look);
    known = look < kSurveyPatience ? zookeeper::merge(known, found) : found;
    const bool serves = std::any_of(found.begin(), found.end(), [](const auto& one) {
      return one.state == zookeeper::ServerState::serving;
    });
    if (serves) {
      const auto session =
          std::make_shared<Session>(loop_, clock_, closer_, options_, connect_string);
      const Time give_up = std::min<Time>(deadline, clock_.now() + attempt);
      attempt *= 2;
      const Result<void> connected =
          co_await session->connect(zookeeper::best_first(found), give_up);
      if (connected) {
        co_return std::unique_ptr<ZnodeSession>(std::make_unique<OpenSession>(session));
      }
      if (connected.error().code != ErrorCode::unavailable) {
        co_return connected.error();
      }
    }
    const bool refused = std::all_of(found.begin(), found.end(), [](const auto& one) {
      return one.state == zookeeper::ServerState::refused;
    });
    const Time until = refused ? std::min<Time>(deadline, begun + kRefusedPatience) : deadline;
    if (clock_.now() >= until) {
      co_return Error{
          ErrorCode::unavailable,
          fmt::format("connect to zookeeper {}: {}", connect_string, zookeeper::diagnosis(known))};
    }
    co_await clock_.wait_until(std::min<Time>(deadline, clock_.now() + kPause));
  }
}

}  // namespace arcform
