// SPDX-License-Identifier: Apache-2.0
#include "controller/pauses.h"

#include <ctime>

#include <fmt/format.h>

#include "controller/coordination.h"
#include "controller/lock.h"
#include "controller/read_tree.h"
#include "drivers/clock.h"
#include "model/pause.h"
#include "model/select.h"
#include "model/znodes.h"
#include "specs/watch_records.h"

namespace arcform {
namespace {

constexpr std::chrono::hours kLongest{24 * 90};

Error not_a_scope(const std::string& scope) {
  return Error{ErrorCode::invalid_argument,
               fmt::format("\"{}\" is no scope; write all, cloud:NAME, host:NAME or node:IP:PORT",
                           printable(scope, 80))};
}

/// `timestamp` and some time later, in the same form.
std::string later(const std::string& timestamp, std::chrono::seconds length) {
  std::tm parts{};
  if (::strptime(timestamp.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) == nullptr) {
    return "";
  }
  return utc_text(::timegm(&parts) + length.count());
}

Awaitable<Result<void>> make_roots(ZnodeSession& session, std::string name) {
  std::vector<std::string> roots{std::string(znodes::kArcform), znodes::deployment(name),
                                 znodes::pauses(name)};
  auto made = co_await create_missing(session, std::move(roots));
  co_return made;
}

Awaitable<Result<bool>> remove_pause(ZnodeSession& session, std::string path) {
  std::vector<ZnodeChange> changes;
  changes.push_back({ZnodeChange::Kind::remove, path, "", -1});
  const Result<void> removed = co_await session.commit(std::move(changes));
  if (!removed && removed.error().code != ErrorCode::not_found) {
    co_return removed.error();
  }
  co_return removed.has_value();
}

/// Those that are over hold nothing any more; they only take up room.
Awaitable<void> remove_old(ZnodeSession& session, Request request) {
  const auto pauses = co_await read_pauses(session, request.deployment);
  if (!pauses) {
    co_return;
  }
  for (const Pause& pause : *pauses) {
    if (!pause.until.empty() && pause.until <= request.now) {
      const Result<bool> removed =
          co_await remove_pause(session, znodes::pause(request.deployment, pause.scope));
      static_cast<void>(removed.has_value());
    }
  }
}

}  // namespace

Awaitable<Result<std::vector<Pause>>> read_pauses(ZnodeReader& reader, std::string deployment) {
  const auto scopes = co_await reader.children(znodes::pauses(deployment));
  if (!scopes) {
    co_return scopes.error();
  }
  std::vector<Pause> pauses;
  for (const std::string& scope : scopes->value_or(std::vector<std::string>{})) {
    const auto found = co_await reader.read(znodes::pause(deployment, scope));
    if (!found) {
      co_return found.error();
    }
    const auto pause = *found ? read_pause((*found)->data) : std::nullopt;
    if (pause && pause->scope == scope) {
      pauses.push_back(*pause);
    }
  }
  co_return pauses;
}

Awaitable<Result<void>> check_scope(asio::io_context& loop, ZnodeReader& reader,
                                    const DesiredState& desired, std::string scope) {
  if (scope == "all") {
    co_return Result<void>();
  }
  const auto selector = parse_selector(scope);
  if (!is_pause_scope(scope) || !selector) {
    co_return not_a_scope(scope);
  }
  ObservedState observed;
  if (check_selector(*selector, desired, observed)) {
    co_return Result<void>();
  }
  auto tree = co_await read_tree(loop, reader, desired);
  if (!tree) {
    co_return tree.error();
  }
  observed.tree = Observation<TreeFacts>::present(std::move(*tree));
  auto known = check_selector(*selector, desired, observed);
  co_return known;
}

Awaitable<Result<std::string>> pause_scope(ZnodeSession& session, Request request,
                                           std::string scope, std::chrono::seconds length,
                                           std::string reason) {
  if (!is_pause_scope(scope)) {
    co_return not_a_scope(scope);
  }
  if (length.count() < 1 || length > kLongest) {
    co_return Error{ErrorCode::invalid_argument,
                    fmt::format("pause {}: a pause takes from 1 s to 90 days", scope)};
  }
  const std::string until = later(request.now, length);
  const auto made = co_await make_roots(session, request.deployment);
  if (!made) {
    co_return made.error();
  }
  const Pause pause{scope, until, reason, request.by, request.now, ""};
  const Result<void> put =
      co_await put_znode(session, znodes::pause(request.deployment, scope), write_pause(pause));
  if (!put) {
    co_return put.error().with("pause " + scope);
  }
  co_await remove_old(session, request);
  co_return until;
}

Awaitable<Result<bool>> resume_scope(ZnodeSession& session, Request request, std::string scope) {
  if (!is_pause_scope(scope)) {
    co_return not_a_scope(scope);
  }
  const auto made = co_await make_roots(session, request.deployment);
  if (!made) {
    co_return made.error();
  }
  const Result<bool> removed =
      co_await remove_pause(session, znodes::pause(request.deployment, scope));
  if (!removed) {
    co_return removed.error().with("resume " + scope);
  }
  const Result<void> told = co_await put_znode(session, znodes::resumed(request.deployment), scope);
  if (!told) {
    co_return told.error().with("resume " + scope);
  }
  co_await remove_old(session, request);
  co_return *removed;
}

Awaitable<Result<void>> approve_rollout(ZnodeSession& session, Request request, std::string hash) {
  const std::string path = znodes::proposed(request.deployment);
  const auto found = co_await session.read(path);
  if (!found) {
    co_return found.error();
  }
  const auto proposal = *found ? read_proposal((*found)->data) : std::nullopt;
  if (!proposal) {
    co_return Error{ErrorCode::not_found,
                    fmt::format("approve {}: no rollout waits for approval ({} is not there)",
                                printable(hash, 40), path)};
  }
  if (proposal->hash != hash) {
    co_return Error{ErrorCode::aborted,
                    fmt::format("approve {}: what waits by now is {} ({} steps, since {}); look at "
                                "the plan and approve that",
                                printable(hash, 40), proposal->hash, proposal->steps.size(),
                                printable(proposal->at, 40))};
  }
  const std::string target = znodes::approved(request.deployment);
  const auto before = co_await session.read(target);
  if (!before) {
    co_return before.error();
  }
  Approval approval{hash, proposal->spec_digest, request.now, request.by, proposal->marks};
  const auto earlier = *before ? read_approval((*before)->data) : std::nullopt;
  if (earlier && earlier->spec_digest == approval.spec_digest) {
    approval.marks = join_marks(approval.marks, earlier->marks);
  }
  const auto kind = *before ? ZnodeChange::Kind::set : ZnodeChange::Kind::create;
  std::vector<ZnodeChange> changes;
  changes.push_back({ZnodeChange::Kind::check, path, "", (*found)->version});
  changes.push_back({kind, target, write_approval(approval), -1});
  auto committed = co_await session.commit(std::move(changes));
  co_return committed;
}

}  // namespace arcform
