// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "examples/stock-node/identity.h"
#include "examples/stock-node/log.h"
#include "examples/stock-node/outcome.h"
#include "examples/stock-node/zk_session.h"

namespace arcform::stock {

/// What is asked of ZooKeeper at the start.
struct JoinRequest {
  Identity identity;
  int memory_mb = 0;
  int session_timeout_s = 30;
};

/// What has become of a joined node.
enum class Standing {
  member,   ///< nothing to do
  removed,  ///< our ephemeral znode was deleted
  expired,  ///< the session is gone
  refused,  ///< ZooKeeper refused our authentication
};

/// A node's place in the cache list: one session and one ephemeral znode, handled in the order and
/// with the texts of arcus-memcached arcus_zk.c. Belongs to one thread.
class Membership {
 public:
  explicit Membership(const Log& log) : log_(log) {}

  /// Connects, reads the mapping, creates the ephemeral znode and its log entry, starts to watch.
  /// Waits at most the session timeout for the connection. Gives up when `cancel_fd` becomes
  /// readable (what it returns then means nothing). Failures: 76 not connected, no mapping, not
  /// created; 75 expired; 77 refused; 78 the cache list cannot be read.
  std::optional<Failure> join(const JoinRequest& request, int cancel_fd);

  /// Readable when standing() has something new.
  int event_fd() const { return session_.event_fd(); }
  /// Takes the events in, renews the watches and says where we stand. Does not block.
  Standing standing();
  /// Goes on in the same session with these servers: a numeric `ip:port,...` list. False: refused.
  bool go_by(const std::string& ensemble) { return session_.go_by(ensemble); }
  /// Closes the session, which removes the znode. Blocks up to about 4 s if ZooKeeper is silent.
  void leave() { session_.close(); }

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<Failure> connect(const JoinRequest& request);
  std::optional<Failure> find_service(const NodeName& name);
  std::optional<Failure> create_ephemeral(const JoinRequest& request);
  std::optional<Failure> start_watching();
  void write_log_entry(const std::string& znode);

  /// The reply to request `id`; a code of connection loss if none comes.
  Event reply_to(std::uint64_t id);
  /// Waits for events and takes them in; false at the deadline or when cancelled.
  bool wait_until(Clock::time_point deadline);
  void take_events();
  void read_what_is_stale();
  void judge_own_znode(const Event& reply);
  void judge_list(const Event& reply);

  Log log_;
  ZkSession session_;
  int cancel_fd_ = -1;
  std::chrono::milliseconds timeout_{};
  bool connected_ = false;
  Standing standing_ = Standing::member;
  std::string cloud_path_;
  std::string znode_path_;
  std::map<std::uint64_t, Event> replies_;  ///< not yet looked at
  bool own_stale_ = false;                  ///< our znode is to be read again
  bool list_stale_ = false;                 ///< the cloud is to be read again
  std::uint64_t own_read_ = 0;              ///< that read, while it is under way; 0 = none
  std::uint64_t list_read_ = 0;
};

}  // namespace arcform::stock
