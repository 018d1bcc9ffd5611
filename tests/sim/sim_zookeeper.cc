// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_zookeeper.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "model/znodes.h"
#include "tests/sim/sim_cache_node.h"

namespace arcform::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kOperationsMax = 128;
constexpr std::size_t kBytesMax = 256 * 1024;

std::string why(ErrorCode code) {
  switch (code) {
    case ErrorCode::aborted:
      return "changed by somebody else";
    case ErrorCode::already_exists:
      return "already exists";
    case ErrorCode::not_found:
      return "no such znode";
    case ErrorCode::failed_precondition:
      return "has children";
    case ErrorCode::unavailable:
    case ErrorCode::deadline_exceeded:
    case ErrorCode::invalid_argument:
    case ErrorCode::permission_denied:
    case ErrorCode::unauthenticated:
    case ErrorCode::resource_exhausted:
    case ErrorCode::unsupported:
    case ErrorCode::internal:
      break;
  }
  return name_of(code);
}

Result<void> check_path(const std::string& path) {
  if (znodes::is_valid_path(path)) {
    return {};
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("znode \"{}\": not a valid path", printable(path))};
}

Result<void> check_changes(const std::vector<ZnodeChange>& changes) {
  const auto refuse = [](const std::string& text) {
    return Error{ErrorCode::invalid_argument, "transaction: " + text};
  };
  if (changes.empty() || changes.size() > kOperationsMax) {
    return refuse(fmt::format("{} operations, must be 1 to {}", changes.size(), kOperationsMax));
  }
  std::size_t bytes = 0;
  for (const ZnodeChange& change : changes) {
    if (const Result<void> path = check_path(change.path); !path) {
      return path.error().with("transaction");
    }
    if (change.version < -1) {
      return refuse(fmt::format("{}: version {}", change.path, change.version));
    }
    bytes += change.path.size() + change.data.size();
  }
  if (bytes > kBytesMax) {
    return refuse(fmt::format("{}: {} bytes, at most {} are allowed", changes.front().path, bytes,
                              kBytesMax));
  }
  return {};
}

/// What the opener of a session holds.
class HeldSession final : public ZnodeSession {
 public:
  explicit HeldSession(SimSession::Self session) : session_(std::move(session)) {}
  ~HeldSession() override { session_->end(); }
  HeldSession(const HeldSession&) = delete;
  HeldSession& operator=(const HeldSession&) = delete;

  Awaitable<Result<std::optional<Znode>>> read(std::string path) override {
    return SimSession::read(session_, std::move(path));
  }
  Awaitable<Result<std::optional<std::vector<std::string>>>> children(std::string path) override {
    return SimSession::children(session_, std::move(path));
  }
  Awaitable<Result<void>> sync() override { return SimSession::sync(session_); }
  milliseconds session_timeout() const override { return session_->timeout(); }
  bool alive() const override { return session_->alive(); }
  Awaitable<Result<void>> commit(std::vector<ZnodeChange> changes) override {
    return SimSession::commit(session_, std::move(changes));
  }
  Awaitable<Result<void>> reconfigure(std::string joining, std::string leaving,
                                      std::uint64_t version) override {
    return SimSession::reconfigure(session_, std::move(joining), std::move(leaving), version);
  }
  std::int64_t session_id() const override { return session_->id(); }
  Awaitable<void> close() override { return SimSession::close(session_); }

 private:
  SimSession::Self session_;
};

}  // namespace

Awaitable<Result<std::unique_ptr<ZnodeSession>>> SimZookeeper::connect(std::string connect_string,
                                                                       milliseconds patience) {
  const std::vector<Endpoint> addresses = parse_endpoints(connect_string);
  const auto commas = std::count(connect_string.begin(), connect_string.end(), ',');
  if (addresses.size() != static_cast<std::size_t>(commas) + 1) {
    co_return Error{ErrorCode::invalid_argument,
                    fmt::format("zookeeper servers \"{}\": not all are an IPv4 address and a port "
                                "such as 10.0.0.1:2181",
                                printable(connect_string))};
  }
  const Time end = core_.clock().now() + patience;
  const Time handshake = core_.pick(milliseconds(2), milliseconds(8));
  co_await core_.clock().wait_until(core_.clock().now() + handshake);
  while (!ensemble_.reachable(kController, addresses)) {
    if (core_.clock().now() >= end) {
      co_return Error{ErrorCode::unavailable,
                      fmt::format("connect to zookeeper {}: no server answers, or there is no "
                                  "quorum",
                                  connect_string)};
    }
    const Time next = std::min<Time>(end, core_.clock().now() + milliseconds(100));
    co_await core_.clock().wait_until(next);
  }
  const auto session = std::make_shared<SimSession>(*this, connect_string, addresses);
  core_.note(fmt::format("zk session {:#x} opened", session->id()));
  std::unique_ptr<ZnodeSession> held = std::make_unique<HeldSession>(session);
  co_return std::move(held);
}

void SimZookeeper::suspend(Time pause) {
  for (SimSession* session : open_) {
    ensemble_.freeze(session->id(), true);
  }
  core_.note(fmt::format("controller sleeps for {} s", seconds_text(pause)));
  core_.clock().suspend(pause);
  for (const std::int64_t session : sessions()) {
    ensemble_.freeze(session, false);
  }
  core_.note("controller wakes");
}

void SimZookeeper::abandon() {
  for (const std::int64_t session : sessions()) {
    ensemble_.abandon(session);
  }
}

std::set<std::int64_t> SimZookeeper::sessions() const {
  std::set<std::int64_t> ids;
  for (const SimSession* session : open_) {
    ids.insert(session->id());
  }
  return ids;
}

SimSession::SimSession(SimZookeeper& zookeeper, std::string name, std::vector<Endpoint> addresses)
    : zookeeper_(zookeeper),
      core_(zookeeper.core_),
      ensemble_(zookeeper.ensemble_),
      name_(std::move(name)),
      id_(ensemble_.open(std::string(kController), std::move(addresses), zookeeper.session_timeout_,
                         this)),
      timeout_(ensemble_.timeout(id_)) {
  zookeeper_.open_.insert(this);
}

void SimSession::end() {
  if (!std::exchange(closed_, true) && !expired_) {
    ensemble_.close(id_);
  }
  zookeeper_.open_.erase(this);
}

Awaitable<void> SimSession::close(Self self) {
  self->end();
  const Time answer = self->core_.pick(milliseconds(1), milliseconds(3));
  co_await self->core_.clock().wait_until(self->core_.clock().now() + answer);
}

std::chrono::milliseconds SimSession::timeout() const {
  return std::chrono::duration_cast<milliseconds>(timeout_);
}

bool SimSession::alive() const {
  const bool silent = silent_since_ && core_.clock().now() - *silent_since_ >= timeout_;
  return !closed_ && !expired_ && !silent;
}

void SimSession::on_connection(bool connected) {
  if (!connected) {
    silent_since_ = ensemble_.last_heard(id_);
  } else if (alive()) {
    silent_since_.reset();  // else it was given up, and stays so
  }
}

void SimSession::on_expired() {
  expired_ = true;
  core_.note(fmt::format("zk session {:#x} learns that it expired", id_));
}

Error SimSession::error(ErrorCode code, const std::string& subject, const std::string& why) const {
  return Error{code, fmt::format("{}: zookeeper {}: {}", subject, name_, why)};
}

Result<void> SimSession::usable(const std::string& subject) const {
  if (!alive()) {
    return error(ErrorCode::unavailable, subject, "the session is over");
  }
  if (!ensemble_.connected(id_)) {
    return error(ErrorCode::unavailable, subject, "connection lost");
  }
  return {};
}

Awaitable<Result<void>> SimSession::reach(Self self, std::string subject) {
  SimCore& core = self->core_;
  if (core.faults().strikes(Fault::clock_jump, subject)) {
    const Time pause = core.pick(std::chrono::seconds(1), std::chrono::seconds(60));
    self->zookeeper_.suspend(pause);
  }
  if (auto early = self->usable(subject); !early) {
    co_return early;
  }
  const Time way = core.pick(std::chrono::microseconds(300), std::chrono::microseconds(2000));
  co_await core.clock().wait_until(core.clock().now() + way);
  if (core.faults().strikes(Fault::zk_expire, subject)) {
    self->ensemble_.expire(self->id_);
  }
  co_return self->usable(subject);
}

std::optional<TreeNode> SimSession::look(const std::string& path, const std::string& subject) {
  const TreeBefore* before = ensemble_.stale_view(id_);
  if (before != nullptr && before->contains(path) &&
      core_.faults().strikes(Fault::zk_stale_read, subject)) {
    return before->at(path);
  }
  ensemble_.saw_everything(id_);
  const TreeNode* node = ensemble_.tree().find(path);
  return node == nullptr ? std::nullopt : std::optional<TreeNode>(*node);
}

Awaitable<Result<std::optional<Znode>>> SimSession::read(Self self, std::string path) {
  const std::string subject = "read " + path;
  if (const Result<void> valid = check_path(path); !valid) {
    co_return valid.error().with("read");
  }
  const auto reached = co_await reach(self, subject);
  if (!reached) {
    co_return reached.error();
  }
  if (self->core_.faults().strikes(Fault::zk_read_fails, subject)) {
    co_return self->error(ErrorCode::unavailable, subject, "connection lost");
  }
  const auto node = self->look(path, subject);
  std::optional<Znode> znode;
  if (node) {
    znode = to_znode(*node);
  }
  co_return std::move(znode);
}

Awaitable<Result<std::optional<std::vector<std::string>>>> SimSession::children(Self self,
                                                                                std::string path) {
  const std::string subject = "list " + path;
  if (const Result<void> valid = check_path(path); !valid) {
    co_return valid.error().with("list");
  }
  const auto reached = co_await reach(self, subject);
  if (!reached) {
    co_return reached.error();
  }
  if (self->core_.faults().strikes(Fault::zk_read_fails, subject)) {
    co_return self->error(ErrorCode::unavailable, subject, "connection lost");
  }
  std::optional<std::vector<std::string>> names;
  if (const auto node = self->look(path, subject)) {
    names.emplace(node->children.begin(), node->children.end());
  }
  co_return std::move(names);
}

Awaitable<Result<void>> SimSession::sync(Self self) {
  const std::string subject = "sync";
  const auto reached = co_await reach(self, subject);
  if (!reached) {
    co_return reached;
  }
  if (self->core_.faults().strikes(Fault::zk_read_fails, subject)) {
    co_return self->error(ErrorCode::unavailable, subject, "connection lost");
  }
  self->ensemble_.saw_everything(self->id_);
  co_return Result<void>{};
}

Awaitable<Result<void>> SimSession::commit(Self self, std::vector<ZnodeChange> changes) {
  if (const Result<void> valid = check_changes(changes); !valid) {
    co_return valid;
  }
  SimCore& core = self->core_;
  core.count_mutation();
  const std::string subject = text_of({changes.front()});
  const std::string text = "zk " + text_of(changes);
  const auto reached = co_await reach(self, subject);
  if (!reached) {
    co_return reached;
  }
  if (core.faults().strikes(Fault::zk_error_before, text)) {
    co_return self->error(ErrorCode::unavailable, subject, "connection lost");
  }
  const auto& foreign = self->zookeeper_.on_foreign_write;
  if (foreign && core.faults().strikes(Fault::foreign_write, text)) {
    foreign(changes);
  }
  const auto failed = self->ensemble_.commit(self->id_, changes, "controller:");
  if (core.faults().strikes(Fault::zk_error_after, text)) {
    co_return self->error(ErrorCode::unavailable, subject, "connection lost");
  }
  if (!failed) {
    co_return Result<void>{};
  }
  Error error = self->error(failed->code, text_of({changes[failed->operation]}), why(failed->code));
  if (changes.size() > 1) {
    error.message += fmt::format(" (operation {} of {})", failed->operation + 1, changes.size());
  }
  co_return error;
}

Awaitable<Result<void>> SimSession::reconfigure(Self self, std::string joining, std::string leaving,
                                                std::uint64_t version) {
  SimCore& core = self->core_;
  core.count_mutation();
  const std::string subject =
      joining.empty() ? "take server " + leaving + " out of the ensemble" : "add " + joining;
  const std::string text = "zk reconfig " + (joining.empty() ? "-" + leaving : joining);
  const auto reached = co_await reach(self, subject);
  if (!reached) {
    co_return reached;
  }
  if (core.faults().strikes(Fault::zk_error_before, text)) {
    co_return self->error(ErrorCode::unavailable, subject, "connection lost");
  }
  const auto failed = self->ensemble_.reconfigure(joining, leaving, version);
  core.note(text + (failed ? std::string(" refused: ") + name_of(*failed) : ""));
  if (core.faults().strikes(Fault::zk_error_after, text)) {
    co_return self->error(ErrorCode::unavailable, subject, "connection lost");
  }
  if (failed) {
    co_return self->error(*failed, subject, why(*failed));
  }
  co_return Result<void>{};
}

}  // namespace arcform::sim
