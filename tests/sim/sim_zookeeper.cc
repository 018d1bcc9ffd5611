// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_zookeeper.h"

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
      return "its version moved; look again";
    case ErrorCode::already_exists:
      return "it exists already";
    case ErrorCode::not_found:
      return "it, or its parent, does not exist";
    case ErrorCode::failed_precondition:
      return "it has children, or its parent is ephemeral";
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

Result<void> check_size(const std::vector<ZnodeChange>& changes) {
  std::size_t bytes = 0;
  for (const ZnodeChange& change : changes) {
    if (!znodes::is_valid_path(change.path)) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("write znode {}: not a valid path", printable(change.path))};
    }
    bytes += change.path.size() + change.data.size();
  }
  if (changes.empty() || changes.size() > kOperationsMax || bytes > kBytesMax) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("write {} znodes ({} bytes) at {}: a transaction has 1 to {} "
                             "operations and at most {} bytes",
                             changes.size(), bytes, changes.empty() ? "-" : changes.front().path,
                             kOperationsMax, kBytesMax)};
  }
  return {};
}

}  // namespace

Awaitable<Result<std::unique_ptr<ZnodeSession>>> SimZookeeper::connect(std::string connect_string,
                                                                       milliseconds patience) {
  const std::vector<Endpoint> addresses = parse_endpoints(connect_string);
  const Time end = core_.clock().now() + patience;
  const Time handshake = core_.pick(milliseconds(2), milliseconds(8));
  co_await core_.clock().wait_until(core_.clock().now() + handshake);
  while (!ensemble_.reachable(kController, addresses)) {
    if (core_.clock().now() >= end) {
      co_return Error{
          ErrorCode::unavailable,
          fmt::format("connect to ZooKeeper {}: no server answers, or there is no quorum",
                      connect_string)};
    }
    const Time next = std::min<Time>(end, core_.clock().now() + milliseconds(50));
    co_await core_.clock().wait_until(next);
  }
  std::unique_ptr<ZnodeSession> session = std::make_unique<SimSession>(*this, addresses);
  core_.note(fmt::format("zk session {:#x} opened", session->session_id()));
  co_return std::move(session);
}

void SimZookeeper::suspend(Time pause) {
  for (SimSession* session : open_) {
    ensemble_.freeze(session->session_id(), true);
  }
  core_.note(fmt::format("controller sleeps for {} s", seconds_text(pause)));
  core_.clock().suspend(pause);
  const std::set<SimSession*> open = open_;  // one that expired meanwhile leaves the set
  for (SimSession* session : open) {
    ensemble_.freeze(session->session_id(), false);
  }
}

std::vector<std::int64_t> SimZookeeper::sessions() const {
  std::set<std::int64_t> ids;
  for (const SimSession* session : open_) {
    ids.insert(session->session_id());
  }
  return {ids.begin(), ids.end()};
}

SimSession::SimSession(SimZookeeper& zookeeper, std::vector<Endpoint> addresses)
    : zookeeper_(zookeeper),
      core_(zookeeper.core_),
      ensemble_(zookeeper.ensemble_),
      id_(ensemble_.open(std::string(kController), std::move(addresses), zookeeper.session_timeout_,
                         this)),
      timeout_(ensemble_.timeout(id_)) {
  zookeeper_.open_.insert(this);
}

SimSession::~SimSession() {
  end();
}

void SimSession::end() {
  if (!std::exchange(closed_, true) && !expired_) {
    ensemble_.close(id_);
  }
  zookeeper_.open_.erase(this);
}

Awaitable<void> SimSession::close() {
  const Time answer = core_.pick(milliseconds(1), milliseconds(3));
  end();
  co_await core_.clock().wait_until(core_.clock().now() + answer);
}

std::chrono::milliseconds SimSession::session_timeout() const {
  return std::chrono::duration_cast<milliseconds>(timeout_);
}

bool SimSession::alive() const {
  const bool silent = silent_since_ && core_.clock().now() - *silent_since_ >= timeout_;
  return !closed_ && !expired_ && !silent;
}

void SimSession::on_connection(bool connected) {
  if (!connected) {
    silent_since_ = core_.clock().now();
  } else if (alive()) {
    silent_since_.reset();  // else it was given up, and stays so
  }
}

void SimSession::on_expired() {
  expired_ = true;
  core_.note(fmt::format("zk session {:#x} learns that it expired", id_));
}

Result<void> SimSession::usable(const std::string& subject) const {
  if (!alive()) {
    return Error{ErrorCode::unavailable, subject + ": the ZooKeeper session is over"};
  }
  if (!ensemble_.connected(id_)) {
    return Error{ErrorCode::unavailable,
                 subject + ": the connection to ZooKeeper was lost; it may have happened"};
  }
  return {};
}

Awaitable<Result<void>> SimSession::reach(std::string subject) {
  if (core_.faults().strikes(Fault::clock_jump, subject)) {
    zookeeper_.suspend(core_.pick(std::chrono::seconds(1), std::chrono::seconds(60)));
  }
  if (auto early = usable(subject); !early) {
    co_return early;
  }
  const Time way = core_.pick(std::chrono::microseconds(300), std::chrono::microseconds(2000));
  co_await core_.clock().wait_until(core_.clock().now() + way);
  if (core_.faults().strikes(Fault::zk_expire, subject)) {
    ensemble_.expire(id_);
  }
  co_return usable(subject);
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

Awaitable<Result<std::optional<Znode>>> SimSession::read(std::string path) {
  const std::string subject = "read znode " + path;
  if (!znodes::is_valid_path(path)) {
    co_return Error{ErrorCode::invalid_argument, printable(subject) + ": not a valid path"};
  }
  auto reached = co_await reach(subject);
  if (!reached) {
    co_return reached.error();
  }
  if (core_.faults().strikes(Fault::zk_read_fails, subject)) {
    co_return Error{ErrorCode::unavailable, subject + ": the connection to ZooKeeper was lost"};
  }
  const auto node = look(path, subject);
  co_return node ? std::optional<Znode>(to_znode(*node)) : std::nullopt;
}

Awaitable<Result<std::optional<std::vector<std::string>>>> SimSession::children(std::string path) {
  const std::string subject = "list znode " + path;
  if (!znodes::is_valid_path(path)) {
    co_return Error{ErrorCode::invalid_argument, printable(subject) + ": not a valid path"};
  }
  auto reached = co_await reach(subject);
  if (!reached) {
    co_return reached.error();
  }
  if (core_.faults().strikes(Fault::zk_read_fails, subject)) {
    co_return Error{ErrorCode::unavailable, subject + ": the connection to ZooKeeper was lost"};
  }
  std::optional<std::vector<std::string>> names;
  if (const auto node = look(path, subject)) {
    names.emplace(node->children.begin(), node->children.end());
  }
  co_return std::move(names);
}

Awaitable<Result<void>> SimSession::sync() {
  const std::string subject = "sync with ZooKeeper";
  auto reached = co_await reach(subject);
  if (!reached) {
    co_return reached;
  }
  if (core_.faults().strikes(Fault::zk_read_fails, subject)) {
    co_return Error{ErrorCode::unavailable, subject + ": the connection was lost"};
  }
  ensemble_.saw_everything(id_);
  co_return Result<void>{};
}

Awaitable<Result<void>> SimSession::commit(std::vector<ZnodeChange> changes) {
  if (auto fits = check_size(changes); !fits) {
    co_return fits;
  }
  core_.count_mutation();
  const std::string subject = "write znode " + changes.front().path;
  const std::string text = "zk " + text_of(changes);
  const Error lost{ErrorCode::unavailable,
                   subject + ": the connection to ZooKeeper was lost; it may have happened"};
  auto reached = co_await reach(subject);
  if (!reached) {
    co_return reached;
  }
  if (core_.faults().strikes(Fault::zk_error_before, text)) {
    co_return lost;
  }
  if (zookeeper_.on_foreign_write && core_.faults().strikes(Fault::foreign_write, text)) {
    zookeeper_.on_foreign_write(changes);
  }
  const auto failed = ensemble_.commit(id_, changes, "controller:");
  if (core_.faults().strikes(Fault::zk_error_after, text)) {
    co_return lost;
  }
  if (failed) {
    co_return Error{failed->code, fmt::format("write znode {}: {}", changes[failed->operation].path,
                                              why(failed->code))};
  }
  co_return Result<void>{};
}

}  // namespace arcform::sim
