// SPDX-License-Identifier: Apache-2.0
// The sessions of an Ensemble, and what they write.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "tests/sim/sim_ensemble.h"

namespace arcform::sim {

std::int64_t Ensemble::open(std::string machine, std::vector<Endpoint> addresses, Time wanted,
                            SessionUser* user) {
  if (!reachable(machine, addresses)) {
    throw SimFailure("Ensemble::open: nobody serves there");
  }
  const ServerSettings& leader = servers_.at(*leader_).settings;
  const Time least = leader.session_min.count() > 0 ? leader.session_min : 2 * leader.tick;
  const Time most = leader.session_max.count() > 0 ? leader.session_max : 20 * leader.tick;
  const std::int64_t id = ++next_session_;
  Session session;
  session.machine = std::move(machine);
  session.addresses = std::move(addresses);
  session.timeout = std::clamp(wanted, least, most);
  session.user = user;
  ++tree_.zxid;
  session.seen = tree_.zxid;
  tree_.sessions[id] = session.timeout;
  sessions_.emplace(id, std::move(session));
  return id;
}

Time Ensemble::timeout(std::int64_t session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? Time{0} : found->second.timeout;
}

bool Ensemble::connected(std::int64_t session) const {
  const auto found = sessions_.find(session);
  return leader_ && found != sessions_.end() && found->second.connected;
}

Time Ensemble::last_heard(std::int64_t session) const {
  const auto found = sessions_.find(session);
  const bool silent = found != sessions_.end() && !connected(session);
  return silent ? found->second.last_heard : core_.clock().now();
}

void Ensemble::close(std::int64_t session) {
  if (!connected(session)) {
    abandon(session);
    return;
  }
  sessions_.erase(session);
  remove_ephemerals(session, "closed");
}

void Ensemble::abandon(std::int64_t session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) {
    return;
  }
  found->second.user = nullptr;
  refresh_session(session);
}

void Ensemble::go_by(std::int64_t session, std::vector<Endpoint> addresses) {
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) {
    found->second.addresses = std::move(addresses);
    refresh_session(session);
  }
}

void Ensemble::expire(std::int64_t session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || !leader_) {
    return;
  }
  if (found->second.expiry) {
    core_.clock().cancel(*found->second.expiry);
    found->second.expiry.reset();
  }
  if (found->second.user == nullptr) {
    sessions_.erase(found);
  }
  remove_ephemerals(session, "expired");
  refresh_session(session);  // a connected user learns of it at once
}

void Ensemble::freeze(std::int64_t session, bool frozen) {
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) {
    found->second.frozen = frozen;
    refresh_session(session);
  }
}

void Ensemble::refresh_sessions() {
  std::vector<std::int64_t> ids;
  for (const auto& [id, session] : sessions_) {
    ids.push_back(id);
  }
  for (const std::int64_t id : ids) {
    refresh_session(id);  // its user may close others
  }
}

void Ensemble::refresh_session(std::int64_t id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) {
    return;
  }
  Session& session = found->second;
  SessionUser* const user = session.user;
  // A server whose last transaction is older than what a client has seen refuses it: "has seen
  // zxid ... client must try another server" (ZooKeeperServer.processConnectRequest).
  const bool can = user != nullptr && !session.frozen && session.seen <= tree_.zxid &&
                   reachable(session.machine, session.addresses);
  if (can && !tree_.sessions.contains(id)) {
    sessions_.erase(found);
    user->on_expired();
  } else if (can && !session.connected) {
    session.connected = true;
    if (session.expiry) {
      core_.clock().cancel(*session.expiry);
      session.expiry.reset();
    }
    user->on_connection(true);
  } else if (!can && session.connected) {
    session.connected = false;
    session.last_heard = core_.clock().now() - core_.pick(Time{0}, session.timeout * 15 / 100);
    schedule_expiry(id);
    if (user != nullptr) {
      user->on_connection(false);
    }
  }
}

void Ensemble::schedule_expiry(std::int64_t id) {
  Session& session = sessions_.at(id);
  if (session.connected || session.expiry || !leader_ || !tree_.sessions.contains(id)) {
    return;
  }
  // The leader looks once per tick: 8.67 to 11.2 s were seen from SIGKILL to expiry at 10 s.
  const Time tick = servers_.at(*leader_).settings.tick;
  const Time due = session.last_heard + session.timeout + core_.pick(Time{0}, tick * 6 / 10);
  session.expiry = core_.clock().after(due - core_.clock().now(),
                                       fmt::format("expiry of session {:#x}", id), [this, id] {
                                         sessions_.at(id).expiry.reset();
                                         expire(id);
                                       });
}

void Ensemble::remove_ephemerals(std::int64_t session, const std::string& why) {
  tree_.sessions.erase(session);
  std::vector<ZnodeChange> changes;
  for (const std::string& path : tree_.ephemerals(session)) {
    changes.push_back(ZnodeChange{ZnodeChange::Kind::remove, path, {}, -1});
  }
  const std::string by = fmt::format("session {:#x} {}:", session, why);
  if (changes.empty()) {
    ++tree_.zxid;
    core_.note("zk " + by);
    return;
  }
  static_cast<void>(commit(session, changes, by));
}

std::optional<CommitFailure> Ensemble::commit(std::int64_t session,
                                              const std::vector<ZnodeChange>& changes,
                                              std::string_view by) {
  TreeBefore before;
  tree_.now_ms = 1'767'225'600'000 + core_.clock().now() / std::chrono::milliseconds(1);
  const auto failed = tree_.apply(changes, session, &before);
  const auto writer = sessions_.find(session);
  if (writer != sessions_.end()) {
    writer->second.seen = tree_.zxid;
  }
  if (failed) {
    core_.note(fmt::format("zk {} {} refused: {} at {}", by, text_of(changes),
                           name_of(failed->code), changes[failed->operation].path));
    return failed;
  }
  before_last_ = before;
  last_writer_ = session;
  core_.effect(fmt::format("zk {} {}", by, text_of(changes)));
  notify(before);
  notify_followers(before);
  return std::nullopt;
}

const TreeBefore* Ensemble::stale_view(std::int64_t session) const {
  const auto found = sessions_.find(session);
  const bool possible = found != sessions_.end() && !before_last_.empty() &&
                        last_writer_ != session && found->second.seen < tree_.zxid;
  return possible ? &before_last_ : nullptr;
}

void Ensemble::saw_everything(std::int64_t session) {
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) {
    found->second.seen = tree_.zxid;
  }
}

void Ensemble::notify_followers(const TreeBefore& before) {
  for (const auto& [path, node] : before) {
    const auto followers = follows_.find(path);
    if (followers == follows_.end()) {
      continue;
    }
    const std::set<std::int64_t> told = std::exchange(followers->second, {});
    for (const std::int64_t id : told) {
      const auto session = sessions_.find(id);
      if (session != sessions_.end() && session->second.user != nullptr &&
          session->second.connected) {
        session->second.user->on_change(path);
      }
    }
  }
}

void Ensemble::notify(const TreeBefore& before) {
  for (const auto& [path, node] : before) {
    const auto watchers = watches_.find(path);
    if (!node || tree_.find(path) != nullptr || watchers == watches_.end()) {
      continue;
    }
    // A copy: who is told may watch or close. Who is not connected finds out when it is again.
    const std::set<std::int64_t> told = std::exchange(watchers->second, {});
    for (const std::int64_t id : told) {
      const auto session = sessions_.find(id);
      if (session != sessions_.end() && session->second.user != nullptr) {
        session->second.user->on_gone(path);
      }
    }
  }
}

}  // namespace arcform::sim
