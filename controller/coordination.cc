// SPDX-License-Identifier: Apache-2.0
#include "controller/coordination.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "controller/lock.h"
#include "drivers/task_group.h"
#include "model/znodes.h"
#include "specs/records.h"

namespace arcform {
namespace {

/// The client sends all watches in one packet when it connects again, and the server drops it when
/// that is above 1 MB; what is not followed is looked at by the period.
constexpr std::size_t kCloudsFollowedMax = 1000;

struct Candidate {
  std::int64_t czxid = 0;
  std::int64_t owner = 0;
  std::string who;
};

Awaitable<Result<std::vector<Candidate>>> read_candidates(ZnodeSession& session,
                                                          std::string deployment) {
  const auto names = co_await session.children(znodes::controllers(deployment));
  if (!names) {
    co_return names.error();
  }
  std::vector<Candidate> out;
  if (*names) {
    for (const std::string& name : **names) {
      const auto found = co_await session.read(znodes::controllers(deployment) + "/" + name);
      if (!found) {
        co_return found.error();
      }
      if (*found && (*found)->ephemeral_owner != 0) {  // What is persistent is nobody's.
        const auto record = read_lock((*found)->data);
        out.push_back({(*found)->czxid, (*found)->ephemeral_owner,
                       record ? printable(record->holder, 200) : "somebody"});
      }
    }
  }
  std::sort(out.begin(), out.end(),
            [](const Candidate& a, const Candidate& b) { return a.czxid < b.czxid; });
  co_return std::move(out);
}

}  // namespace

Awaitable<Result<void>> put_znode(ZnodeSession& session, std::string path, std::string data) {
  const auto found = co_await session.read(path);
  if (!found) {
    co_return found.error();
  }
  const auto kind = *found ? ZnodeChange::Kind::set : ZnodeChange::Kind::create;
  std::vector<ZnodeChange> changes;
  changes.push_back({kind, path, std::move(data), -1});
  auto committed = co_await session.commit(std::move(changes));
  co_return committed;
}

Awaitable<Result<void>> commit_fenced(ZnodeSession& session, std::string deployment,
                                      std::string holder, std::string timestamp,
                                      std::vector<ZnodeChange> changes) {
  LockRequest request{std::move(deployment), std::move(holder), std::move(timestamp)};
  const auto lock = co_await DeploymentLock::acquire(session, std::move(request));
  if (!lock) {
    co_return lock.error();
  }
  auto committed = co_await (*lock)->commit(std::move(changes));
  const auto released = co_await (*lock)->release();
  co_return committed ? released : committed;
}

Awaitable<Result<void>> Coordination::take_part(ZnodeSession& session, const DesiredState& desired,
                                                std::string timestamp) {
  const std::string& name = desired.deployment;
  std::vector<std::string> roots{std::string(znodes::kArcform), znodes::deployment(name),
                                 znodes::controllers(name), znodes::pauses(name)};
  const auto made = co_await create_missing(session, std::move(roots));
  if (!made) {
    co_return made.error();
  }
  std::vector<ZnodeChange> changes;
  changes.push_back({ZnodeChange::Kind::create_ephemeral,
                     znodes::controller(name, session.session_id()),
                     write_lock({me_, std::move(timestamp)}), -1});
  const auto created = co_await session.commit(std::move(changes));
  if (!created && created.error().code != ErrorCode::already_exists) {
    co_return created.error();
  }
  session_id_ = session.session_id();
  followed_.clear();
  session.on_change([this](const std::string& path) {
    followed_.erase(path);
    changed_(path);
  });
  co_return Result<void>();
}

/// A watch that cannot be set is made up for by the next periodic look.
Awaitable<void> Coordination::follow(ZnodeSession& session, std::string path, bool children) {
  if (!followed_.insert(path).second) {
    co_return;
  }
  const auto set = co_await session.watch(path, children);
  if (!set) {
    followed_.erase(path);
  }
}

Awaitable<void> Coordination::follow_all(ZnodeSession& session, const DesiredState& desired) {
  const std::string& name = desired.deployment;
  TaskGroup tasks(loop_);
  for (const std::string& parent :
       {znodes::controllers(name), znodes::pauses(name), std::string(znodes::kMapping)}) {
    tasks.spawn(follow(session, parent, true));
  }
  for (const std::string& path :
       {znodes::turn(name), znodes::resumed(name), znodes::approved(name), znodes::applied(name)}) {
    tasks.spawn(follow(session, path, false));
  }
  const std::size_t clouds = std::min(desired.clouds.size(), kCloudsFollowedMax);
  for (std::size_t i = 0; i < clouds; ++i) {
    tasks.spawn(follow(session, znodes::cache_list(desired.clouds[i].service_code), true));
  }
  co_await tasks.join();
}

Awaitable<Result<Agreement>> Coordination::agree(ZnodeSession& session, const DesiredState& desired,
                                                 std::string timestamp) {
  const std::string& name = desired.deployment;
  if (session.session_id() != session_id_) {
    const auto takes = co_await take_part(session, desired, std::move(timestamp));
    if (!takes) {
      co_return takes.error();
    }
  }
  co_await follow_all(session, desired);  // Before the reading, so that nothing is missed.
  const auto candidates = co_await read_candidates(session, name);
  if (!candidates) {
    co_return candidates.error();
  }
  Agreement out;
  bool present = false;
  for (const Candidate& one : *candidates) {
    out.controllers.push_back(one.who);
    present = present || one.owner == session_id_;
  }
  out.leads = !candidates->empty() && candidates->front().owner == session_id_;
  if (!present) {
    session_id_ = 0;  // Somebody has removed our znode: take part again, behind the others.
  }
  const auto turn = co_await session.read(znodes::turn(name));
  const auto resumed = co_await session.read(znodes::resumed(name));
  const auto proposed = co_await session.read(znodes::proposed(name));
  const auto approved = co_await session.read(znodes::approved(name));
  for (const auto* const read : {&turn, &resumed, &proposed, &approved}) {
    if (!*read) {
      co_return read->error();
    }
  }
  if (*turn) {
    const auto record = read_lock((*turn)->data);
    out.turn = record ? fmt::format("{} since {}", printable(record->holder, 200),
                                    printable(record->since, 40))
                      : "somebody";
  }
  if (*resumed) {
    out.resumed_version = (*resumed)->version;
    out.resumed_scope = (*resumed)->data;
  }
  const auto proposal = *proposed ? read_proposal((*proposed)->data) : std::nullopt;
  out.published = proposal ? proposal->hash : "";
  out.approval = *approved ? read_approval((*approved)->data) : std::nullopt;
  co_return std::move(out);
}

}  // namespace arcform
