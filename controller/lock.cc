// SPDX-License-Identifier: Apache-2.0
#include "controller/lock.h"

#include <fmt/format.h>

#include "model/znodes.h"
#include "specs/records.h"

namespace arcform {
namespace {

ZnodeChange create(std::string path, std::string data) {
  return {ZnodeChange::Kind::create, std::move(path), std::move(data), -1};
}

Awaitable<Error> held_by_somebody(ZnodeSession& session, std::string path) {
  std::string who = "somebody";
  const auto found = co_await session.read(path);
  if (found && *found) {
    if (const auto record = read_lock((*found)->data)) {
      who = fmt::format("{} since {}", printable(record->holder), printable(record->since));
    }
  }
  co_return Error{ErrorCode::already_exists,
                  fmt::format("the lock {} is held by {}; wait until that apply is done (the lock "
                              "of one that died goes by itself within its session timeout)",
                              path, who)};
}

}  // namespace

Awaitable<Result<void>> create_missing(ZnodeSession& session, std::vector<std::string> paths) {
  for (const std::string& path : paths) {
    const auto found = co_await session.read(path);
    if (!found) {
      co_return found.error();
    }
    if (*found) {
      continue;
    }
    std::vector<ZnodeChange> changes{create(path, "")};
    const auto created = co_await session.commit(std::move(changes));
    if (!created && created.error().code != ErrorCode::already_exists) {
      co_return created.error();
    }
  }
  co_return Result<void>();
}

Awaitable<Result<std::unique_ptr<DeploymentLock>>> DeploymentLock::acquire(ZnodeSession& session,
                                                                           LockRequest request) {
  const std::string& name = request.deployment;
  std::vector<std::string> roots{std::string(znodes::kArcform), znodes::deployment(name),
                                 znodes::epoch(name), znodes::claims(name), znodes::hosts(name)};
  const auto made = co_await create_missing(session, std::move(roots));
  if (!made) {
    co_return made.error();
  }
  const auto epoch = co_await session.read(znodes::epoch(name));
  if (!epoch || !*epoch) {
    co_return epoch ? Error{ErrorCode::aborted, znodes::epoch(name) + ": is gone"} : epoch.error();
  }
  const std::int32_t version = (*epoch)->version;
  std::vector<ZnodeChange> changes;
  changes.push_back({ZnodeChange::Kind::set, znodes::epoch(name), request.holder, version});
  changes.push_back({ZnodeChange::Kind::create_ephemeral, znodes::lock(name),
                     write_lock({request.holder, request.timestamp}), -1});
  const auto committed = co_await session.commit(std::move(changes));
  if (!committed && committed.error().code == ErrorCode::already_exists) {
    const Error held = co_await held_by_somebody(session, znodes::lock(name));
    co_return held;
  }
  if (!committed) {
    co_return committed.error().with("take the lock " + znodes::lock(name));
  }
  co_return std::unique_ptr<DeploymentLock>(
      new DeploymentLock(session, name, (*epoch)->czxid, version + 1));
}

Awaitable<Result<void>> DeploymentLock::commit(std::vector<ZnodeChange> changes) {
  if (!alive()) {
    co_return Error{ErrorCode::failed_precondition,
                    lost_ ? "the lock is lost: somebody else has taken it since"
                          : "the lock's ZooKeeper session is lost; run the command again"};
  }
  changes.insert(changes.begin(),
                 {ZnodeChange::Kind::check, znodes::epoch(deployment_), "", epoch_version_});
  auto committed = co_await session_.commit(std::move(changes));
  // Nothing else in a transaction names the epoch.
  if (!committed && committed.error().code == ErrorCode::aborted &&
      committed.error().message.find(znodes::epoch(deployment_)) != std::string::npos) {
    lost_ = true;
    co_return Error{
        ErrorCode::failed_precondition,
        "the lock is lost: somebody else has taken it since (" + committed.error().message + ")"};
  }
  co_return committed;
}

Awaitable<Result<void>> DeploymentLock::release() {
  std::vector<ZnodeChange> changes;
  changes.push_back({ZnodeChange::Kind::remove, znodes::lock(deployment_), "", -1});
  auto removed = co_await commit(std::move(changes));
  co_return removed;
}

}  // namespace arcform
