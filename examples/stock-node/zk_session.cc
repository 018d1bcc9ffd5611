// SPDX-License-Identifier: Apache-2.0
#include "examples/stock-node/zk_session.h"

#include <algorithm>
#include <mutex>

#include <sys/eventfd.h>
#include <zookeeper/zookeeper.h>

#include "examples/stock-node/fd.h"

namespace arcform::stock {

const char* zk_error_text(int code) {
  return zerror(code);
}

class ZkSession::Queue {
 public:
  Queue() : ready_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  void push(Event event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    eventfd_write(ready_.get(), 1);
  }
  std::vector<Event> take() {
    const std::lock_guard lock(mutex_);
    eventfd_t count = 0;
    eventfd_read(ready_.get(), &count);
    return std::exchange(events_, {});
  }
  int fd() const { return ready_.get(); }

 private:
  Fd ready_;
  std::mutex mutex_;
  std::vector<Event> events_;
};

/// What a completion gets: owned by the session, so a completion that never runs leaks nothing.
struct ZkSession::Ticket {
  Queue* queue;
  std::uint64_t id;
};

struct ZkSession::Callbacks {
  static void watcher(zhandle_t* /*handle*/, int type, int state, const char* path,
                      void* context) noexcept {
    auto* queue = static_cast<Queue*>(context);
    Event event;
    if (type != ZOO_SESSION_EVENT) {
      event.kind = Event::Kind::watch;
      event.path = path != nullptr ? path : "";
    } else if (state == ZOO_CONNECTED_STATE) {
      event.kind = Event::Kind::connected;
    } else if (state == ZOO_EXPIRED_SESSION_STATE) {
      event.kind = Event::Kind::expired;
    } else if (state == ZOO_AUTH_FAILED_STATE) {
      event.kind = Event::Kind::refused;
    } else {
      event.kind = Event::Kind::lost;
    }
    queue->push(std::move(event));
  }

  // Session events go to every registered watcher; the handle's own one already reports them.
  static void znode_watcher(zhandle_t* handle, int type, int state, const char* path,
                            void* context) noexcept {
    if (type != ZOO_SESSION_EVENT) {
      watcher(handle, type, state, path, context);
    }
  }

  static void reply(const void* ticket, Event event) {
    const auto* from = static_cast<const Ticket*>(ticket);
    event.kind = Event::Kind::reply;
    event.id = from->id;
    from->queue->push(std::move(event));
  }

  static void on_string(int code, const char* /*value*/, const void* ticket) noexcept {
    Event event;
    event.code = code;
    reply(ticket, std::move(event));
  }

  static void on_strings(int code, const String_vector* names, const void* ticket) noexcept {
    Event event;
    event.code = code;
    if (code == ZOK && names != nullptr) {
      event.children.assign(names->data, names->data + names->count);
    }
    reply(ticket, std::move(event));
  }

  static void on_stat(int code, const Stat* stat, const void* ticket) noexcept {
    Event event;
    event.code = code;
    if (code == ZOK && stat != nullptr) {
      event.owner = stat->ephemeralOwner;
      event.version = stat->version;
    }
    reply(ticket, std::move(event));
  }
};

ZkSession::ZkSession() : queue_(std::make_unique<Queue>()) {}

ZkSession::~ZkSession() {
  close();
}

bool ZkSession::open(const std::string& ensemble, int timeout_ms, int verbosity) {
  // The levels the Arcus server chooses (arcus_zk.c, arcus_zk_init).
  zoo_set_debug_level(verbosity > 1   ? ZOO_LOG_LEVEL_DEBUG
                      : verbosity > 0 ? ZOO_LOG_LEVEL_INFO
                                      : ZOO_LOG_LEVEL_WARN);
  handle_ = zookeeper_init(ensemble.c_str(), &Callbacks::watcher, timeout_ms, nullptr, queue_.get(),
                           ZOO_NO_LOG_CLIENTENV);
  if (handle_ == nullptr) {
    return false;
  }
  zoo_set_servers_resolution_delay(handle_, -1);
  return true;
}

void ZkSession::close() {
  if (handle_ != nullptr) {
    zookeeper_close(std::exchange(handle_, nullptr));
  }
}

ZkSession::Ticket* ZkSession::new_ticket() {
  const std::uint64_t id = ++last_id_;
  auto& slot = tickets_[id];
  slot = std::make_unique<Ticket>(Ticket{queue_.get(), id});
  return slot.get();
}

std::uint64_t ZkSession::issued(const Ticket* ticket, int code) {
  if (code != ZOK) {  // The library did not take the request: it will not answer it either.
    Callbacks::on_string(code, nullptr, ticket);
  }
  return ticket->id;
}

bool ZkSession::go_by(const std::string& ensemble) {
  return handle_ != nullptr && zoo_set_servers(handle_, ensemble.c_str()) == ZOK;
}

std::uint64_t ZkSession::sync(const std::string& path) {
  const Ticket* ticket = new_ticket();
  return issued(ticket, zoo_async(handle_, path.c_str(), &Callbacks::on_string, ticket));
}

std::uint64_t ZkSession::children(const std::string& path, bool watch) {
  const Ticket* ticket = new_ticket();
  return issued(
      ticket, zoo_awget_children(handle_, path.c_str(), watch ? &Callbacks::znode_watcher : nullptr,
                                 queue_.get(), &Callbacks::on_strings, ticket));
}

std::uint64_t ZkSession::exists(const std::string& path, bool watch) {
  const Ticket* ticket = new_ticket();
  return issued(ticket,
                zoo_awexists(handle_, path.c_str(), watch ? &Callbacks::znode_watcher : nullptr,
                             queue_.get(), &Callbacks::on_stat, ticket));
}

std::uint64_t ZkSession::create(const std::string& path, const std::string& data, bool ephemeral,
                                bool sequential) {
  const Ticket* ticket = new_ticket();
  const int flags = (ephemeral ? ZOO_EPHEMERAL : 0) | (sequential ? ZOO_SEQUENCE : 0);
  // No data at all is length -1 in this protocol; the server creates its date znodes that way.
  const char* bytes = data.empty() ? nullptr : data.data();
  const int length = data.empty() ? -1 : static_cast<int>(data.size());
  return issued(ticket, zoo_acreate(handle_, path.c_str(), bytes, length, &ZOO_OPEN_ACL_UNSAFE,
                                    flags, &Callbacks::on_string, ticket));
}

int ZkSession::timeout_ms() const {
  return zoo_recv_timeout(handle_);
}

std::int64_t ZkSession::session_id() const {
  return zoo_client_id(handle_)->client_id;
}

int ZkSession::event_fd() const {
  return queue_->fd();
}

std::vector<Event> ZkSession::take() {
  std::vector<Event> events = queue_->take();
  for (const Event& event : events) {
    if (event.kind == Event::Kind::reply) {
      tickets_.erase(event.id);
    }
  }
  return events;
}

}  // namespace arcform::stock
