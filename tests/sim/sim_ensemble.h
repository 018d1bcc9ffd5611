// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/names.h"
#include "tests/sim/sim_core.h"
#include "tests/sim/sim_tree.h"

namespace arcform::sim {

/// What a server reads from its zoo.cfg.
struct ServerSettings {
  int id = 0;                          ///< from myid
  std::map<int, std::string> members;  ///< id to host of every server.N line; empty: standalone
  std::uint16_t client_port = 2181;
  std::string data_directory;
  Time tick{std::chrono::milliseconds(2000)};
  Time session_min{0};  ///< 0: 2 ticks
  Time session_max{0};  ///< 0: 20 ticks
  bool standalone_enabled = true;
  bool reconfig = false;                ///< dynamic reconfiguration
  std::map<int, std::string> lines;     ///< id to the value of every server.N line
  std::uint64_t version = 0;            ///< of that list; 0: from zoo.cfg
  std::string client_address;           ///< of its own line; empty: it listens everywhere
  std::set<std::string> words{"srvr"};  ///< four-letter words it answers; "*": all
};

/// "server.4=10.0.0.4:2888:3888:participant;10.0.0.4:2181" into the list; false: no such line.
bool read_member_line(const std::string& line, ServerSettings& settings);
/// The list as /zookeeper/config and `conf` have it.
std::string list_text(const ServerSettings& settings);

/// What a data directory holds: the tree as of when its server last took part.
struct ZnodeStore {
  std::shared_ptr<const ZnodeTree> tree;  ///< nullptr: nothing yet
};

/// Who uses a session. Called at the moment that it learns of something.
class SessionUser {
 public:
  virtual ~SessionUser() = default;
  virtual void on_connection(bool connected) = 0;
  /// The server said so; the session is forgotten already.
  virtual void on_expired() = 0;
  /// A znode that the session watches with watch() is gone.
  virtual void on_gone(const std::string& path) = 0;
  /// A znode that the session follows came, went or changed, or its children did.
  virtual void on_change(const std::string& /*path*/) {}
};

/// One ZooKeeper ensemble: the servers that run, who leads, the tree, and the sessions.
///
/// A leader needs a majority of the servers in its own configuration that can reach it and know of
/// it; among those who could, the one with the newest data leads. Elections take 2 s when a server
/// of the quorum has just started and 0.5 s otherwise (ZooKeeper 3.8.0: 3 servers started together
/// serve after 2.3 to 3.3 s; after the death of a leader, 0.44 to 0.56 s). Without a leader nothing
/// is served and no session expires; a new leader gives every session its whole timeout again.
class Ensemble {
 public:
  enum class Role { looking, follower, leader };
  using ServerHandle = std::uint32_t;

  explicit Ensemble(SimCore& core) : core_(core) {}

  // Servers.
  ServerHandle add_server(std::string machine, std::string address, ServerSettings settings,
                          std::shared_ptr<ZnodeStore> store);
  void remove_server(ServerHandle handle);
  /// Called with the list of members that the server has learnt from its leader.
  void on_list(ServerHandle handle, std::function<void(const ServerSettings&)> then);
  const ServerSettings& settings(ServerHandle handle) const { return servers_.at(handle).settings; }
  /// Somebody else's ensemble: one server at each address, always serving.
  void add_external(const std::vector<Endpoint>& addresses);
  Role role(ServerHandle handle) const { return servers_.at(handle).role; }
  std::size_t synced_followers() const;
  std::size_t connections(ServerHandle handle) const;
  /// A list that a server which serves runs with, and of which no majority serves without the
  /// server on this machine; empty: none.
  std::string list_without_quorum(std::string_view machine) const;
  bool has_leader() const { return leader_.has_value(); }
  /// How long the leader has led; only while there is one.
  Time leader_age() const { return core_.clock().now() - leader_since_; }
  /// Id of the leading server.
  std::optional<int> leader_id() const;
  /// Looks again at who can talk to whom; call after every change of the network.
  void refresh();
  /// A server that serves, that is one of `addresses`, and that `machine` can reach.
  bool reachable(std::string_view machine, const std::vector<Endpoint>& addresses) const;
  const ZnodeTree& tree() const { return tree_; }

  // Sessions. All but open() work on whatever the session's state is.
  /// Precondition: reachable(). `wanted` is clamped to what the leader allows.
  std::int64_t open(std::string machine, std::vector<Endpoint> addresses, Time wanted,
                    SessionUser* user);
  Time timeout(std::int64_t session) const;
  bool connected(std::int64_t session) const;
  /// When the leader last heard of it; up to 15 % of its timeout before the connection was lost.
  Time last_heard(std::int64_t session) const;
  /// Its ephemerals vanish at once; when it is not connected this is abandon().
  void close(std::int64_t session);
  /// The user is gone without a word; the session lives on until it expires.
  void abandon(std::int64_t session);
  /// The session's user knows these servers from now on.
  void go_by(std::int64_t session, std::vector<Endpoint> addresses);
  /// It expires now, as if the leader had not heard of it for its timeout.
  void expire(std::int64_t session);
  /// Keeps a session from talking although the network would let it; for a sleeping user.
  void freeze(std::int64_t session, bool frozen);
  void watch(std::int64_t session, const std::string& path) { watches_[path].insert(session); }

  /// Once, as the real one's watches.
  void follow(std::int64_t session, const std::string& path) { follows_[path].insert(session); }

  /// Precondition: has_leader(). `by` names the writer in the log; session 0: an operator.
  std::optional<CommitFailure> commit(std::int64_t session, const std::vector<ZnodeChange>& changes,
                                      std::string_view by);
  /// Changes the list of members as `reconfig` does. `unavailable`: it is done, and the leader that
  /// the session talked to is gone by it. Precondition: has_leader().
  std::optional<ErrorCode> reconfigure(const std::string& joining, const std::string& leaving,
                                       std::uint64_t version);
  /// The znode as it was before the last commit, where another session made that and this session
  /// has seen nothing newer; nullptr: no staler view is possible.
  const TreeBefore* stale_view(std::int64_t session) const;
  /// The session has seen everything up to now.
  void saw_everything(std::int64_t session);

 private:
  struct Server {
    std::string machine;
    std::string address;
    ServerSettings settings;
    std::shared_ptr<ZnodeStore> store;
    std::function<void(const ServerSettings&)> on_list;
    Role role = Role::looking;
    bool fresh = true;  ///< has not taken part since it was started
    bool external = false;
  };
  struct Session {
    std::string machine;
    std::vector<Endpoint> addresses;
    Time timeout{0};
    SessionUser* user = nullptr;
    bool connected = true;
    bool frozen = false;
    std::int64_t seen = 0;  ///< zxid
    Time last_heard{0};     ///< of a session that is not connected
    std::optional<SimClock::EventId> expiry;
  };

  bool can_follow(const Server& leader, const Server& server) const;
  /// Whether the leader counts it: it is in the list that the leader has.
  bool votes(const Server& leader, const Server& server) const;
  std::size_t voters(ServerHandle leader) const;
  /// It follows: it takes over a list that is newer than its own.
  void learn_list(Server& server);
  void write_list();
  std::vector<ServerHandle> quorum_of(ServerHandle leader) const;
  bool is_quorum(ServerHandle leader, std::size_t size) const;
  std::optional<ServerHandle> candidate() const;
  std::int64_t zxid_of(const Server& server) const;
  void lose_leader();
  void schedule_election(ServerHandle candidate);
  void elect();
  void schedule_join();
  void let_join();
  void set_down(Server& server);
  void keep_tree(Server& server);
  void refresh_sessions();
  void refresh_session(std::int64_t id);
  void schedule_expiry(std::int64_t id);
  void remove_ephemerals(std::int64_t session, const std::string& why);
  void notify(const TreeBefore& before);
  void notify_followers(const TreeBefore& before);

  SimCore& core_;
  ZnodeTree tree_;
  std::shared_ptr<const ZnodeTree> snapshot_;  ///< of tree_, while their zxids agree
  std::map<ServerHandle, Server> servers_;
  ServerHandle next_handle_ = 1;
  std::optional<ServerHandle> leader_;
  Time leader_since_{0};
  std::optional<SimClock::EventId> election_;
  std::optional<SimClock::EventId> join_;
  std::int64_t next_session_ = 0x100000000000000;  ///< real ones start with a time: never reused
  std::map<std::int64_t, Session> sessions_;
  std::map<std::string, std::set<std::int64_t>> watches_;
  std::map<std::string, std::set<std::int64_t>> follows_;
  TreeBefore before_last_;        ///< the last commit's undo
  std::int64_t last_writer_ = 0;  ///< its session
};

}  // namespace arcform::sim
