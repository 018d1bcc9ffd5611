// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <asio/io_context.hpp>

#include "drivers/world.h"
#include "drivers/zookeeper_codes.h"

namespace arcform::zookeeper {

/// What came back for one request.
struct Reply {
  std::uint64_t id = 0;
  Rc rc = Rc::ok;
  Znode znode;                     ///< get
  std::vector<std::string> names;  ///< children, in the server's order
  std::vector<Rc> operations;      ///< transaction, one for each operation; empty: never looked at
};

/// A change of the session, as the client tells it. It never tells of an expiry before it reaches
/// a server again (3.8.0, zookeeper.c:zookeeper_process).
struct SessionChange {
  enum class Kind { connected, disconnected, expired, auth_failed };
  Kind kind = Kind::disconnected;
  std::int64_t session_id = 0;           ///< connected
  std::chrono::milliseconds timeout{0};  ///< connected: as negotiated
};

/// One handle of the C client: the only class that touches it. Everything but close() is called on
/// the loop's thread. The client's own two threads end at a queue that wakes the loop. Its socket
/// and its pipe are not close-on-exec: a child process must close what it inherits.
class Handle {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_reply(Reply reply) = 0;
    virtual void on_session(SessionChange change) = 0;
  };

  /// Starts to connect, to the servers in their order. `listener` is called on the loop, never
  /// from inside a call of this class, until silence().
  static Result<std::unique_ptr<Handle>> open(asio::io_context& loop,
                                              const std::vector<Endpoint>& servers,
                                              std::chrono::milliseconds session_timeout,
                                              Listener& listener);
  ~Handle();

  /// Each of these sends one request; its reply carries `id`, which is new each time. After
  /// anything but Rc::ok there will be no reply. Paths are valid (check_path, check_changes).
  Rc get(std::uint64_t id, const std::string& path);
  Rc children(std::uint64_t id, const std::string& path);
  Rc sync(std::uint64_t id);
  Rc touch(std::uint64_t id);
  Rc commit(std::uint64_t id, const std::vector<ZnodeChange>& changes);
  Rc reconfigure(std::uint64_t id, const std::string& joining, const std::string& leaving,
                 std::int64_t version);

  /// No request, no call of the listener and no use of the loop after this.
  void silence();
  /// Ends the session if a server is there and frees the handle. Blocks: up to 4.5 s when the
  /// server does not answer (zookeeper.c:zookeeper_close). After silence(), on any thread, once.
  void close();

 private:
  struct Inbox;
  struct Callbacks;
  struct Impl;
  explicit Handle(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Closes handles on threads of its own, so that the loop does not wait for a server that is gone;
/// the destructor waits for all of them.
class Closer {
 public:
  Closer();
  ~Closer();
  /// `handle` is silent. `closed` is called on another thread, when the session is over.
  void close(std::unique_ptr<Handle> handle, std::function<void()> closed);
  /// Waits until all are closed.
  void join();

 private:
  struct Worker;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace arcform::zookeeper
