// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_ensemble.h"

#include <algorithm>

#include <fmt/format.h>

namespace arcform::sim {

using std::chrono::milliseconds;

Ensemble::ServerHandle Ensemble::add_server(std::string machine, std::string address,
                                            ServerSettings settings,
                                            std::shared_ptr<ZnodeStore> store) {
  const ServerHandle handle = next_handle_++;
  Server server;
  server.machine = std::move(machine);
  server.address = std::move(address);
  server.settings = std::move(settings);
  server.store = std::move(store);
  servers_.emplace(handle, std::move(server));
  refresh();
  return handle;
}

void Ensemble::add_external(const std::vector<Endpoint>& addresses) {
  ServerSettings settings;
  int id = 0;
  for (const Endpoint& address : addresses) {
    settings.members[++id] = address.text();
  }
  for (const auto& [member, address] : settings.members) {
    Server server;
    server.machine = "external " + address;
    server.address = addresses[static_cast<std::size_t>(member) - 1].ip_text();
    server.settings = settings;
    server.settings.id = member;
    server.settings.client_port = addresses[static_cast<std::size_t>(member) - 1].port;
    server.store = std::make_shared<ZnodeStore>();
    server.external = true;
    servers_.emplace(next_handle_++, std::move(server));
  }
  elect();
}

void Ensemble::remove_server(ServerHandle handle) {
  const auto found = servers_.find(handle);
  if (found == servers_.end()) {
    return;
  }
  set_down(found->second);
  const bool led = leader_ == handle;
  servers_.erase(found);
  if (led) {
    lose_leader();
  }
  refresh();
}

std::size_t Ensemble::synced_followers() const {
  return static_cast<std::size_t>(std::count_if(servers_.begin(), servers_.end(), [](auto& entry) {
    return entry.second.role == Role::follower;
  }));
}

std::string Ensemble::list_without_quorum(std::string_view machine) const {
  const auto serves = [machine](const Server& server) {
    return server.role != Role::looking && server.machine != machine;
  };
  for (const auto& [handle, holder] : servers_) {
    if (!serves(holder) || holder.external) {
      continue;
    }
    const auto count = std::count_if(servers_.begin(), servers_.end(), [&](const auto& entry) {
      return serves(entry.second) && votes(holder, entry.second);
    });
    if (static_cast<std::size_t>(count) * 2 <= holder.settings.members.size()) {
      return list_text(holder.settings);
    }
  }
  return "";
}

std::size_t Ensemble::connections(ServerHandle handle) const {
  // Which server a session talks to is not simulated: all of them are on the leader.
  return leader_ == handle ? sessions_.size() + 1 : 1;
}

std::optional<int> Ensemble::leader_id() const {
  return leader_ ? std::optional<int>(servers_.at(*leader_).settings.id) : std::nullopt;
}

bool Ensemble::reachable(std::string_view machine, const std::vector<Endpoint>& addresses) const {
  return leader_ && std::any_of(servers_.begin(), servers_.end(), [&](const auto& entry) {
           const Server& server = entry.second;
           const auto ip = parse_ipv4(server.address);
           const Endpoint own{ip.value_or(0), server.settings.client_port};
           const Endpoint loopback{0x7f000001, server.settings.client_port};
           const bool named =
               std::find(addresses.begin(), addresses.end(), own) != addresses.end() ||
               (machine == server.machine &&
                std::find(addresses.begin(), addresses.end(), loopback) != addresses.end());
           return server.role != Role::looking && named && core_.connected(machine, server.machine);
         });
}

bool Ensemble::can_follow(const Server& leader, const Server& server) const {
  if (server.external) {
    return true;
  }
  // Whoever is in no list of the leader follows too, and counts for nothing.
  const auto known = server.settings.members.find(leader.settings.id);
  return known != server.settings.members.end() &&
         (known->second == leader.address || known->second == leader.machine) &&
         core_.connected(leader.machine, server.machine);
}

bool Ensemble::votes(const Server& leader, const Server& server) const {
  const auto member = leader.settings.members.find(server.settings.id);
  const bool listed =
      member != leader.settings.members.end() &&
      (server.external || member->second == server.address || member->second == server.machine);
  const auto line = leader.settings.lines.find(server.settings.id);
  return listed && (line == leader.settings.lines.end() ||
                    line->second.find(":observer") == std::string::npos);
}

std::size_t Ensemble::voters(ServerHandle leader) const {
  std::size_t count = 0;
  for (const ServerHandle handle : quorum_of(leader)) {
    count += votes(servers_.at(leader), servers_.at(handle)) ? 1U : 0U;
  }
  return count;
}

void Ensemble::on_list(ServerHandle handle, std::function<void(const ServerSettings&)> then) {
  servers_.at(handle).on_list = std::move(then);
}

void Ensemble::learn_list(Server& server) {
  const ServerSettings& leader = servers_.at(*leader_).settings;
  if (!server.settings.reconfig || leader.version == 0 ||
      server.settings.version >= leader.version) {
    return;
  }
  server.settings.members = leader.members;
  server.settings.lines = leader.lines;
  server.settings.version = leader.version;
  if (server.on_list) {
    server.on_list(server.settings);
  }
}

void Ensemble::write_list() {
  const ServerSettings& leader = servers_.at(*leader_).settings;
  tree_.set_config(list_text(leader));
}

std::optional<ErrorCode> Ensemble::reconfigure(const std::string& joining,
                                               const std::string& leaving, std::uint64_t version) {
  Server& leader = servers_.at(*leader_);
  if (!leader.settings.reconfig) {
    return ErrorCode::unsupported;
  }
  if (version != leader.settings.version) {
    return ErrorCode::aborted;
  }
  ServerSettings next = leader.settings;
  if (!joining.empty() && !read_member_line(joining, next)) {
    return ErrorCode::invalid_argument;
  }
  if (!leaving.empty()) {
    next.members.erase(std::stoi(leaving));
    next.lines.erase(std::stoi(leaving));
  }
  if (next.members.empty()) {
    return ErrorCode::invalid_argument;
  }
  Server as_leader = leader;
  as_leader.settings = next;
  const auto there = std::count_if(servers_.begin(), servers_.end(), [&](const auto& entry) {
    return entry.second.role != Role::looking && votes(as_leader, entry.second);
  });
  if (static_cast<std::size_t>(there) * 2 <= next.members.size()) {
    return ErrorCode::failed_precondition;
  }
  next.version = static_cast<std::uint64_t>(++tree_.zxid);
  leader.settings = next;
  if (leader.on_list) {
    leader.on_list(next);
  }
  for (auto& [handle, server] : servers_) {
    if (server.role == Role::follower) {
      learn_list(server);
    }
  }
  write_list();
  core_.effect("ensemble: members " + list_text(next));
  if (votes(leader, leader)) {
    refresh();
    return std::nullopt;
  }
  lose_leader();
  refresh();
  return ErrorCode::unavailable;
}

std::vector<Ensemble::ServerHandle> Ensemble::quorum_of(ServerHandle leader) const {
  const Server& chosen = servers_.at(leader);
  std::vector<ServerHandle> quorum{leader};
  for (const auto& [handle, server] : servers_) {
    if (handle != leader && can_follow(chosen, server)) {
      quorum.push_back(handle);
    }
  }
  return quorum;
}

bool Ensemble::is_quorum(ServerHandle leader, std::size_t size) const {
  const Server& chosen = servers_.at(leader);
  if (chosen.settings.members.empty()) {
    return true;  // standalone
  }
  return votes(chosen, chosen) && size > chosen.settings.members.size() / 2;
}

std::int64_t Ensemble::zxid_of(const Server& server) const {
  return server.store->tree ? server.store->tree->zxid : 0;
}

std::optional<Ensemble::ServerHandle> Ensemble::candidate() const {
  std::optional<ServerHandle> best;
  const auto rank = [this](ServerHandle handle) {
    const Server& server = servers_.at(handle);
    return std::pair(zxid_of(server), server.settings.id);
  };
  for (const auto& [handle, server] : servers_) {
    if (is_quorum(handle, voters(handle)) && (!best || rank(*best) < rank(handle))) {
      best = handle;
    }
  }
  return best;
}

void Ensemble::keep_tree(Server& server) {
  if (!snapshot_ || snapshot_->zxid != tree_.zxid ||
      snapshot_->sessions.size() != tree_.sessions.size()) {
    snapshot_ = std::make_shared<const ZnodeTree>(tree_);
  }
  server.store->tree = snapshot_;
}

void Ensemble::set_down(Server& server) {
  if (server.role != Role::looking) {
    keep_tree(server);
    server.role = Role::looking;
  }
}

void Ensemble::lose_leader() {
  for (auto& [handle, server] : servers_) {
    set_down(server);
  }
  leader_.reset();
  core_.effect("ensemble: no leader");
  for (auto& [id, session] : sessions_) {
    if (session.expiry) {
      core_.clock().cancel(*session.expiry);
      session.expiry.reset();
    }
  }
}

void Ensemble::refresh() {
  if (leader_) {
    std::size_t size = 1;
    for (auto& [handle, server] : servers_) {
      if (server.role == Role::follower && !can_follow(servers_.at(*leader_), server)) {
        set_down(server);
      }
      size += server.role == Role::follower && votes(servers_.at(*leader_), server) ? 1U : 0U;
    }
    if (!is_quorum(*leader_, size)) {
      lose_leader();
    }
  }
  if (leader_) {
    schedule_join();
  } else if (const auto chosen = candidate()) {
    schedule_election(*chosen);
  } else if (election_) {
    core_.clock().cancel(*election_);
    election_.reset();
  }
  refresh_sessions();
}

void Ensemble::schedule_election(ServerHandle candidate) {
  if (election_) {
    return;
  }
  const auto quorum = quorum_of(candidate);
  const bool fresh = std::any_of(quorum.begin(), quorum.end(),
                                 [this](ServerHandle handle) { return servers_.at(handle).fresh; });
  const Time delay = fresh ? core_.pick(milliseconds(1500), milliseconds(2300))
                           : core_.pick(milliseconds(440), milliseconds(560));
  election_ = core_.clock().after(delay, "an election", [this] {
    election_.reset();
    elect();
  });
}

void Ensemble::elect() {
  const auto chosen = candidate();
  if (!chosen || leader_) {
    return;
  }
  leader_ = chosen;
  leader_since_ = core_.clock().now();
  Server& leader = servers_.at(*chosen);
  // Transactions that no server of this quorum has are lost: the others were not needed for it.
  tree_ = leader.store->tree ? *leader.store->tree : ZnodeTree{};
  tree_.zxid = ((tree_.zxid >> 32) + 1) << 32;
  before_last_.clear();
  for (const ServerHandle handle : quorum_of(*chosen)) {
    servers_.at(handle).role = Role::follower;
    servers_.at(handle).fresh = false;
    keep_tree(servers_.at(handle));
  }
  leader.role = Role::leader;
  if (leader.settings.reconfig && leader.settings.version == 0 &&
      !leader.settings.members.empty()) {
    leader.settings.version = static_cast<std::uint64_t>(tree_.zxid);
    if (leader.on_list) {
      leader.on_list(leader.settings);
    }
  }
  if (leader.settings.version > 0 && leader.settings.reconfig) {
    write_list();
    for (const ServerHandle handle : quorum_of(*chosen)) {
      if (handle != *chosen) {
        learn_list(servers_.at(handle));
      }
    }
  }
  core_.effect(fmt::format("ensemble: server {} leads", leader.settings.id));
  refresh_sessions();
  for (const auto& [id, timeout] : tree_.sessions) {
    const auto session = sessions_.find(id);
    if (session == sessions_.end()) {
      Session orphan;  // a session of the data directory whose user nobody remembers
      orphan.timeout = timeout;
      orphan.connected = false;
      sessions_.emplace(id, std::move(orphan));
    }
    sessions_.at(id).last_heard = core_.clock().now();
    schedule_expiry(id);
  }
}

void Ensemble::schedule_join() {
  const bool waiting = std::any_of(servers_.begin(), servers_.end(), [this](const auto& entry) {
    return entry.second.role == Role::looking && can_follow(servers_.at(*leader_), entry.second);
  });
  if (!waiting || join_) {
    return;
  }
  join_ = core_.clock().after(core_.pick(milliseconds(300), milliseconds(600)),
                              "a server joins the ensemble", [this] {
                                join_.reset();
                                let_join();
                              });
}

void Ensemble::let_join() {
  if (!leader_) {
    return;
  }
  for (auto& [handle, server] : servers_) {
    if (server.role == Role::looking && can_follow(servers_.at(*leader_), server)) {
      server.role = Role::follower;
      server.fresh = false;
      learn_list(server);
      keep_tree(server);
      core_.effect(fmt::format("ensemble: server {} follows", server.settings.id));
    }
  }
  refresh_sessions();
}

}  // namespace arcform::sim
