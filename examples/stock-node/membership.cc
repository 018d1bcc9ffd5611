// SPDX-License-Identifier: Apache-2.0
#include "examples/stock-node/membership.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <fmt/chrono.h>
#include <poll.h>

namespace arcform::stock {
namespace {

constexpr int kConnectionLoss = -4;

std::string join_path(std::string_view parent, std::string_view child) {
  return fmt::format("{}/{}", parent, child);
}

std::string with_code(int code) {
  return fmt::format("error={}({})", code, zk_error_text(code));
}

Failure not_joined(std::string text) {
  return {kExitMembership, std::move(text)};
}

// The date of the log entries is the node's local one.
std::string local_date() {
  const std::time_t now = std::time(nullptr);
  return fmt::format("{:%Y-%m-%d}", fmt::localtime(now));
}

}  // namespace

std::optional<Failure> Membership::join(const JoinRequest& request, int cancel_fd) {
  cancel_fd_ = cancel_fd;
  std::optional<Failure> failure = connect(request);
  if (!failure) {
    failure = find_service(request.identity.name);
  }
  if (!failure) {
    failure = create_ephemeral(request);
  }
  if (!failure) {
    failure = start_watching();
  }
  cancel_fd_ = -1;
  // Whatever failed, an expired or refused session is the deeper reason.
  if (failure && standing_ == Standing::expired) {
    return Failure{kExitExpired, "ZOO_SESSION_EVENT Expired. shutting down"};
  }
  if (failure && standing_ == Standing::refused) {
    return Failure{kExitAuth, "ZOO_SESSION_EVENT Auth failed. shutting down"};
  }
  return failure;
}

std::optional<Failure> Membership::connect(const JoinRequest& request) {
  timeout_ = std::chrono::seconds(request.session_timeout_s);
  const Clock::time_point deadline = Clock::now() + timeout_;
  if (!session_.open(request.identity.ensemble, static_cast<int>(timeout_.count()),
                     log_.verbosity())) {
    return not_joined(fmt::format("zookeeper_init() failed: {}", std::strerror(errno)));
  }
  while (!connected_ && standing_ == Standing::member) {
    if (!wait_until(deadline)) {
      return not_joined("cannot to be ZOO_CONNECTED_STATE");
    }
  }
  if (!connected_) {
    return not_joined("Failed to initialize zk client");
  }
  timeout_ = std::chrono::milliseconds(session_.timeout_ms());
  log_.info("ZooKeeper client initialized. (ZK session timeout={} ms, session_id={:#x})",
            timeout_.count(), static_cast<std::uint64_t>(session_.session_id()));
  return std::nullopt;
}

std::optional<Failure> Membership::find_service(const NodeName& name) {
  const Event synced = reply_to(session_.sync(std::string(kMappingRoot)));
  if (synced.code != 0) {
    return not_joined(
        fmt::format("Failed to synchronize zpath={}: {}", kMappingRoot, with_code(synced.code)));
  }
  Event found;
  std::string path;
  for (const std::string& key : name.mapping_keys()) {
    path = join_path(kMappingRoot, key);
    if (key == name.ip) {
      log_.warning("Recheck the server mapping without port number. zpath={}", path);
    }
    found = reply_to(session_.children(path, false));
    if (found.code != kZkNoNode) {
      break;
    }
  }
  if (found.code != 0) {
    return not_joined(
        fmt::format("Failed to read the server mapping. zpath={} {}", path, with_code(found.code)));
  }
  Outcome<std::string> service = service_code(found.children, path);
  if (auto* failure = std::get_if<Failure>(&service)) {
    return std::move(*failure);
  }
  cloud_path_ = join_path(kCacheListRoot, std::get<std::string>(service));
  znode_path_ = join_path(cloud_path_, name.znode());
  log_.warning("Found the valid server mapping. service_code={}", std::get<std::string>(service));
  return std::nullopt;
}

std::optional<Failure> Membership::create_ephemeral(const JoinRequest& request) {
  const Event created =
      reply_to(session_.create(znode_path_, znode_data(request.memory_mb), true, false));
  if (created.code != 0) {
    return not_joined(
        fmt::format("cannot create znode {}: {}", znode_path_, with_code(created.code)));
  }
  const Event seen = reply_to(session_.exists(znode_path_, true));
  if (seen.code != 0) {
    return not_joined(
        fmt::format("cannot find znode {} just created: {}", znode_path_, with_code(seen.code)));
  }
  log_.info("Joined Arcus cloud at {}(ver={})", znode_path_, seen.version);
  write_log_entry(request.identity.name.znode());
  return std::nullopt;
}

// Only for the record: as in the server, a missing parent or a failure is no reason to stop.
void Membership::write_log_entry(const std::string& znode) {
  const std::string day = join_path(kServerLogRoot, local_date());
  int code = reply_to(session_.exists(day, false)).code;
  if (code == kZkNoNode) {
    code = reply_to(session_.create(day, "", false, false)).code;
  }
  if (code == 0 || code == kZkNodeExists) {
    code = reply_to(session_.create(fmt::format("{}/{}-", day, znode), "join", false, true)).code;
  }
  if (code != 0) {
    log_.debug("cannot log this activity. {}", with_code(code));
  }
}

std::optional<Failure> Membership::start_watching() {
  const Event list = reply_to(session_.children(cloud_path_, true));
  if (list.code != 0) {
    return Failure{kExitCacheList,
                   fmt::format("Failed to read cache list in zpath={}: {} Terminating...",
                               cloud_path_, with_code(list.code))};
  }
  judge_list(list);
  log_.warning("Memcached is watching Arcus cache cloud for \"{}\"", cloud_path_);
  return std::nullopt;
}

Event Membership::reply_to(std::uint64_t id) {
  const Clock::time_point deadline = Clock::now() + timeout_;
  while (true) {
    if (auto found = replies_.extract(id)) {
      return std::move(found.mapped());
    }
    if (standing_ != Standing::member || !wait_until(deadline)) {
      Event silence;
      silence.kind = Event::Kind::reply;
      silence.code = kConnectionLoss;
      return silence;
    }
  }
}

bool Membership::wait_until(Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      return false;
    }
    std::array<pollfd, 2> fds{{{session_.event_fd(), POLLIN, 0}, {cancel_fd_, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), static_cast<int>(left.count())) <= 0) {
      continue;
    }
    if (fds[1].revents != 0) {
      return false;
    }
    take_events();
    return true;
  }
}

void Membership::take_events() {
  for (Event& event : session_.take()) {
    switch (event.kind) {
      case Event::Kind::connected:
        log_.info("ZOO_SESSION_EVENT Connected.");
        connected_ = true;
        // A read that was lost with the connection left no watch behind: read again.
        own_stale_ = true;
        list_stale_ = true;
        break;
      case Event::Kind::lost:
        log_.warning("ZOO_SESSION_EVENT Connecting.");
        connected_ = false;
        break;
      case Event::Kind::expired:
        connected_ = false;
        standing_ = Standing::expired;
        break;
      case Event::Kind::refused:
        connected_ = false;
        standing_ = Standing::refused;
        break;
      case Event::Kind::watch:
        own_stale_ = own_stale_ || event.path == znode_path_;
        list_stale_ = list_stale_ || event.path == cloud_path_;
        break;
      case Event::Kind::reply:
        replies_.emplace(event.id, std::move(event));
        break;
    }
  }
}

Standing Membership::standing() {
  take_events();
  if (auto own = replies_.extract(own_read_)) {
    own_read_ = 0;
    judge_own_znode(own.mapped());
  }
  if (auto list = replies_.extract(list_read_)) {
    list_read_ = 0;
    judge_list(list.mapped());
  }
  replies_.clear();  // Late answers to requests of a join that did not wait for them.
  read_what_is_stale();
  return standing_;
}

void Membership::read_what_is_stale() {
  if (!connected_ || standing_ != Standing::member) {
    return;
  }
  if (own_stale_ && own_read_ == 0) {
    own_stale_ = false;
    own_read_ = session_.exists(znode_path_, true);
  }
  if (list_stale_ && list_read_ == 0) {
    list_stale_ = false;
    list_read_ = session_.children(cloud_path_, true);
  }
}

void Membership::judge_own_znode(const Event& reply) {
  const bool gone = reply.code == kZkNoNode;
  const bool of_another = reply.code == 0 && reply.owner != session_.session_id();
  if ((gone || of_another) && standing_ == Standing::member) {
    standing_ = Standing::removed;
  }
  // Any other code: the connection was lost, and its return makes us read again.
}

void Membership::judge_list(const Event& reply) {
  if (reply.code == 0) {
    log_.info("update cluster config. (count={})", reply.children.size());
  }
}

}  // namespace arcform::stock
