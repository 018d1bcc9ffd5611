// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct _zhandle;  // NOLINT(bugprone-reserved-identifier): the client library's name

namespace arcform::stock {

/// Something the ZooKeeper client library told us.
struct Event {
  enum class Kind {
    connected,  ///< the session is (again) connected
    lost,       ///< the connection is gone, the library is looking for another server
    expired,    ///< the session is gone for ever
    refused,    ///< authentication failed
    watch,      ///< the znode or the children at `path` changed
    reply,      ///< request `id` is answered with `code`
  };
  Kind kind{};
  std::string path;
  std::uint64_t id = 0;
  int code = 0;                       ///< ZooKeeper's error code; 0 = fine
  std::vector<std::string> children;  ///< of a children request
  std::int64_t owner = 0;             ///< ephemeralOwner, of an exists request
  int version = 0;                    ///< of an exists request
};

/// Error codes that decide something here (zookeeper.h).
inline constexpr int kZkNoNode = -101;
inline constexpr int kZkNodeExists = -110;

/// The text of a code, as the client library gives it.
const char* zk_error_text(int code);

/// One session with ZooKeeper over the asynchronous half of its C client. Its callbacks run on the
/// library's threads and do nothing but put an Event into a queue; everything here belongs to one
/// thread. Every request gets exactly one reply event unless the session is closed before.
class ZkSession {
 public:
  ZkSession();
  ZkSession(const ZkSession&) = delete;
  ZkSession& operator=(const ZkSession&) = delete;
  ZkSession(ZkSession&&) = delete;
  ZkSession& operator=(ZkSession&&) = delete;
  ~ZkSession();

  /// Starts to connect; `ensemble` is a numeric `ip:port,...` list. False with errno set if the
  /// library refuses the list. Once per object.
  bool open(const std::string& ensemble, int timeout_ms, int verbosity);
  bool is_open() const { return handle_ != nullptr; }
  /// Ends the session on the server, which removes its ephemeral znodes. Blocks up to about 4 s if
  /// the server is silent. Requests without a reply never get one.
  void close();

  /// The session goes on with these servers; false if the library refuses the list.
  bool go_by(const std::string& ensemble);

  std::uint64_t sync(const std::string& path);
  std::uint64_t children(const std::string& path, bool watch);
  std::uint64_t exists(const std::string& path, bool watch);
  /// An open ACL, as the Arcus server gives its znodes.
  std::uint64_t create(const std::string& path, const std::string& data, bool ephemeral,
                       bool sequential);

  /// The timeout that the server granted; known once connected.
  int timeout_ms() const;
  std::int64_t session_id() const;

  /// Readable while events are waiting.
  int event_fd() const;
  std::vector<Event> take();

 private:
  class Queue;
  struct Ticket;
  struct Callbacks;

  Ticket* new_ticket();
  std::uint64_t issued(const Ticket* ticket, int code);

  std::unique_ptr<Queue> queue_;  // Outlives the handle: its callbacks write here.
  std::map<std::uint64_t, std::unique_ptr<Ticket>> tickets_;
  std::uint64_t last_id_ = 0;
  _zhandle* handle_ = nullptr;
};

}  // namespace arcform::stock
