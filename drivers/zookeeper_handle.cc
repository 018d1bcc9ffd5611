// SPDX-License-Identifier: Apache-2.0
#include "drivers/zookeeper_handle.h"

#include <atomic>
#include <cassert>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>

#include <asio/post.hpp>
#include <fmt/format.h>
#include <zookeeper/zookeeper.h>

namespace arcform::zookeeper {

namespace {

// What a result holds until the client has looked at it: a lost connection leaves it untouched.
constexpr int kUntouched = 1;

static_assert(static_cast<int>(Rc::connection_loss) == ZCONNECTIONLOSS);
static_assert(static_cast<int>(Rc::invalid_state) == ZINVALIDSTATE);
static_assert(static_cast<int>(Rc::no_node) == ZNONODE);
static_assert(static_cast<int>(Rc::node_exists) == ZNODEEXISTS);
static_assert(static_cast<int>(Rc::session_expired) == ZSESSIONEXPIRED);
static_assert(static_cast<int>(Rc::throttled_op) == ZTHROTTLEDOP);

// The client has no place for a context in its log callback, and says nothing there that the
// return codes and the survey of the servers do not say better.
void drop_log(const char*) {}

Rc rc_of(int rc) {
  return static_cast<Rc>(rc);
}

zoo_op_t operation_of(const ZnodeChange& change) {
  zoo_op_t op{};
  const char* path = change.path.c_str();
  const int size = static_cast<int>(change.data.size());
  switch (change.kind) {
    case ZnodeChange::Kind::create:
      zoo_create_op_init(&op, path, change.data.data(), size, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT,
                         nullptr, 0);
      break;
    case ZnodeChange::Kind::create_ephemeral:
      zoo_create_op_init(&op, path, change.data.data(), size, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL,
                         nullptr, 0);
      break;
    case ZnodeChange::Kind::set:
      zoo_set_op_init(&op, path, change.data.data(), size, change.version, nullptr);
      break;
    case ZnodeChange::Kind::remove:
      zoo_delete_op_init(&op, path, change.version);
      break;
    case ZnodeChange::Kind::check:
      zoo_check_op_init(&op, path, change.version);
      break;
  }
  return op;
}

Znode znode_of(const char* value, int size, const Stat& stat) {
  Znode znode;
  if (value != nullptr && size > 0) {  // -1: the znode's data is null
    znode.data.assign(value, static_cast<std::size_t>(size));
  }
  znode.version = stat.version;
  znode.czxid = stat.czxid;
  znode.ctime_ms = stat.ctime;
  znode.ephemeral_owner = stat.ephemeralOwner;
  znode.children = stat.numChildren;
  return znode;
}

}  // namespace

// Where the client's threads end. It lives until zookeeper_close() has returned, so the raw
// pointers that the client holds never dangle: pending requests mostly lose their callbacks at
// close, therefore their tickets are owned here and not by the callback.
struct Handle::Inbox : std::enable_shared_from_this<Inbox> {
  using Item = std::variant<Reply, SessionChange, std::string>;

  struct Ticket {
    Inbox* inbox = nullptr;
    std::uint64_t id = 0;
    std::vector<zoo_op_result_t> results;
  };

  Inbox(asio::io_context& its_loop, Listener& its_listener)
      : loop(its_loop), listener(&its_listener) {}

  // On a thread of the client. Posting happens under the lock so that nothing touches the loop
  // once silence() has returned.
  void push(Item item) {
    const std::lock_guard lock(mutex);
    if (!open) {
      return;
    }
    items.push_back(std::move(item));
    if (!std::exchange(posted, true)) {
      asio::post(loop.get_executor(), [self = shared_from_this()] { self->deliver(); });
    }
  }

  void deliver() {
    std::vector<Item> taken;
    {
      const std::lock_guard lock(mutex);
      posted = false;
      taken.swap(items);
    }
    for (auto& item : taken) {
      if (listener == nullptr) {
        return;
      }
      if (Reply* reply = std::get_if<Reply>(&item)) {
        tickets.erase(reply->id);
        listener->on_reply(std::move(*reply));
      } else if (SessionChange* change = std::get_if<SessionChange>(&item)) {
        listener->on_session(*change);
      } else {
        listener->on_change(std::move(std::get<std::string>(item)));
      }
    }
  }

  asio::io_context& loop;
  Listener* listener;                                                  // the loop's
  std::unordered_map<std::uint64_t, std::unique_ptr<Ticket>> tickets;  // the loop's
  std::mutex mutex;
  bool open = true;
  bool posted = false;
  std::vector<Item> items;
};

struct Handle::Impl {
  std::shared_ptr<Inbox> inbox;  // First, so that it goes last.
  zhandle_t* zh = nullptr;

  template <class Submit>
  Rc send(std::uint64_t id, Submit submit) {
    auto ticket = std::make_unique<Inbox::Ticket>();
    ticket->inbox = inbox.get();
    ticket->id = id;
    const auto [place, is_new] = inbox->tickets.emplace(id, std::move(ticket));
    assert(is_new);
    const Rc rc = rc_of(submit(*place->second));
    if (rc != Rc::ok) {
      inbox->tickets.erase(id);
    }
    return rc;
  }
};

// On the client's completion thread: copy, hand over, nothing else.
struct Handle::Callbacks {
  static Inbox::Ticket& ticket_of(const void* data) {
    return *static_cast<Inbox::Ticket*>(const_cast<void*>(data));
  }

  static void on_data(int rc, const char* value, int size, const Stat* stat, const void* data) {
    Inbox::Ticket& ticket = ticket_of(data);
    Reply reply{ticket.id, rc_of(rc), {}, {}, {}};
    if (rc == ZOK && stat != nullptr) {
      reply.znode = znode_of(value, size, *stat);
    }
    ticket.inbox->push(std::move(reply));
  }

  static void on_strings(int rc, const String_vector* strings, const void* data) {
    Inbox::Ticket& ticket = ticket_of(data);
    Reply reply{ticket.id, rc_of(rc), {}, {}, {}};
    if (rc == ZOK && strings != nullptr) {
      reply.names.assign(strings->data, strings->data + strings->count);
    }
    ticket.inbox->push(std::move(reply));
  }

  static void on_string(int rc, const char*, const void* data) { on_void(rc, data); }
  static void on_stat(int rc, const Stat*, const void* data) { on_void(rc, data); }

  static void on_void(int rc, const void* data) {
    Inbox::Ticket& ticket = ticket_of(data);
    Reply reply{ticket.id, rc_of(rc), {}, {}, {}};
    for (const zoo_op_result_t& result : ticket.results) {
      if (result.err != kUntouched) {
        reply.operations.push_back(rc_of(result.err));
      }
    }
    ticket.inbox->push(std::move(reply));
  }

  /// Session events go to every watch as well, and do not use it up.
  static void on_watch(zhandle_t*, int type, int, const char* path, void* context) {
    if (type != ZOO_SESSION_EVENT && path != nullptr) {
      static_cast<Inbox*>(context)->push(std::string(path));
    }
  }

  static void on_event(zhandle_t* zh, int type, int state, const char*, void* context) {
    if (type != ZOO_SESSION_EVENT) {
      return;
    }
    SessionChange change;
    if (state == ZOO_CONNECTED_STATE) {
      change.kind = SessionChange::Kind::connected;
      change.session_id = zoo_client_id(zh)->client_id;
      change.timeout = std::chrono::milliseconds(zoo_recv_timeout(zh));
    } else if (state == ZOO_EXPIRED_SESSION_STATE) {
      change.kind = SessionChange::Kind::expired;
    } else if (state == ZOO_AUTH_FAILED_STATE) {
      change.kind = SessionChange::Kind::auth_failed;
    }
    static_cast<Inbox*>(context)->push(change);
  }
};

Handle::Handle(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Handle::~Handle() {
  if (impl_->zh != nullptr) {
    silence();
    close();
  }
}

Result<std::unique_ptr<Handle>> Handle::open(asio::io_context& loop,
                                             const std::vector<Endpoint>& servers,
                                             std::chrono::milliseconds session_timeout,
                                             Listener& listener) {
  // Both are settings of the whole process; the same each time, and handles are opened by one
  // thread only.
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  zoo_deterministic_conn_order(1);
  auto impl = std::make_unique<Impl>();
  impl->inbox = std::make_shared<Inbox>(loop, listener);
  const std::string text = connect_string(servers);
  impl->zh =
      zookeeper_init2(text.c_str(), Callbacks::on_event, static_cast<int>(session_timeout.count()),
                      nullptr, impl->inbox.get(), ZOO_NO_LOG_CLIENTENV, drop_log);
  if (impl->zh == nullptr) {
    return Error{ErrorCode::resource_exhausted,
                 fmt::format("zookeeper {}: cannot start the client (out of descriptors, threads "
                             "or memory?)",
                             text)};
  }
  // Addresses are numeric and never change: without this the I/O thread calls getaddrinfo() in
  // every round of its loop (3.8.0, zookeeper.c:update_addrs).
  zoo_set_servers_resolution_delay(impl->zh, -1);
  return std::unique_ptr<Handle>(new Handle(std::move(impl)));
}

Rc Handle::get(std::uint64_t id, const std::string& path) {
  return impl_->send(id, [&](Inbox::Ticket& ticket) {
    return zoo_aget(impl_->zh, path.c_str(), 0, Callbacks::on_data, &ticket);
  });
}

Rc Handle::children(std::uint64_t id, const std::string& path) {
  return impl_->send(id, [&](Inbox::Ticket& ticket) {
    return zoo_aget_children(impl_->zh, path.c_str(), 0, Callbacks::on_strings, &ticket);
  });
}

Rc Handle::sync(std::uint64_t id) {
  return impl_->send(id, [&](Inbox::Ticket& ticket) {
    return zoo_async(impl_->zh, "/", Callbacks::on_string, &ticket);
  });
}

Rc Handle::touch(std::uint64_t id) {
  return impl_->send(id, [&](Inbox::Ticket& ticket) {
    return zoo_aexists(impl_->zh, "/", 0, Callbacks::on_stat, &ticket);
  });
}

Rc Handle::watch(std::uint64_t id, const std::string& path, bool of_children) {
  // The inbox lives until the handle is closed, and no watch is called after that. The same
  // function with the same context on the same path counts once, however often it is set.
  Inbox* const inbox = impl_->inbox.get();
  return impl_->send(id, [&](Inbox::Ticket& ticket) {
    return of_children ? zoo_awget_children(impl_->zh, path.c_str(), Callbacks::on_watch, inbox,
                                            Callbacks::on_strings, &ticket)
                       : zoo_awexists(impl_->zh, path.c_str(), Callbacks::on_watch, inbox,
                                      Callbacks::on_stat, &ticket);
  });
}

Rc Handle::commit(std::uint64_t id, const std::vector<ZnodeChange>& changes) {
  // The client corrupts the heap when it meets an invalid path (3.8.0, zookeeper.c:zoo_amulti).
  assert(check_changes(changes).has_value());
  std::vector<zoo_op_t> operations;
  for (const ZnodeChange& change : changes) {
    operations.push_back(operation_of(change));
  }
  return impl_->send(id, [&](Inbox::Ticket& ticket) {
    ticket.results.assign(operations.size(), zoo_op_result_t{kUntouched, nullptr, 0, nullptr});
    return zoo_amulti(impl_->zh, static_cast<int>(operations.size()), operations.data(),
                      ticket.results.data(), Callbacks::on_void, &ticket);
  });
}

Rc Handle::reconfigure(std::uint64_t id, const std::string& joining, const std::string& leaving,
                       std::int64_t version) {
  const auto given = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  return impl_->send(id, [&](Inbox::Ticket& ticket) {
    return zoo_areconfig(impl_->zh, given(joining), given(leaving), nullptr, version,
                         Callbacks::on_data, &ticket);
  });
}

void Handle::silence() {
  impl_->inbox->listener = nullptr;
  const std::lock_guard lock(impl_->inbox->mutex);
  impl_->inbox->open = false;
}

void Handle::close() {
  assert(impl_->zh != nullptr);
  zookeeper_close(std::exchange(impl_->zh, nullptr));
}

struct Closer::Worker {
  std::atomic<bool> done = false;
  std::jthread thread;
};

Closer::Closer() = default;
Closer::~Closer() = default;

void Closer::join() {
  workers_.clear();
}

void Closer::close(std::unique_ptr<Handle> handle, std::function<void()> closed) {
  std::erase_if(workers_, [](const auto& worker) { return worker->done.load(); });
  Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
  worker.thread =
      std::jthread([&worker, its = std::move(handle), tell = std::move(closed)]() mutable {
        its->close();
        its.reset();
        tell();
        tell = nullptr;
        worker.done = true;
      });
}

}  // namespace arcform::zookeeper
