// SPDX-License-Identifier: Apache-2.0
// How a node of the double lives: one loop, until something ends it.
#include <poll.h>
#include <sys/signalfd.h>

#include "tests/arcus_double/server.h"

namespace arcform::stock {
namespace {

/// How often a drain looks whether connections still go.
constexpr int kTickMs = 200;

}  // namespace

std::optional<int> Server::follow_membership() {
  switch (membership_->standing()) {
    case Standing::member:
      return std::nullopt;
    case Standing::removed:
      log_.warning("My ephemeral znode in cache_list is deleted. Please check and rejoin.");
      membership_->leave();
      membership_.reset();
      return std::nullopt;
    case Standing::expired:
      log_.warning("ZOO_SESSION_EVENT Expired. shutting down");
      end("expiry");
      return kExitExpired;
    case Standing::refused:
      end("refusal");
      return kExitAuth;
  }
  return std::nullopt;
}

/// The listener is closed and the znode is gone before the clients' time begins.
std::optional<int> Server::drain() {
  if (listener_.valid()) {
    if (membership_) {
      membership_->leave();
      membership_.reset();
    }
    listener_.reset();
  }
  const bool falling = clients_.size() < clients_before_ && !clients_.empty();
  clients_before_ = clients_.size();
  const bool over = Clock::now() >= drain_until_;
  return over || (!fixed_drain_ && !falling) ? std::optional(end("shutdown")) : std::nullopt;
}

std::optional<int> Server::look_at(const Fd& signals, short listener, short membership) {
  signalfd_siginfo signal{};
  if (read(signals.get(), &signal, sizeof(signal)) == sizeof(signal)) {
    if (draining_ || !is_deaf("SIGTERM")) {
      return end("SIGTERM");
    }
    log_.warning("does not listen to SIGTERM");
  }
  if (listener != 0) {
    accept_one();
  }
  return membership != 0 && membership_ ? follow_membership() : std::nullopt;
}

int Server::run(const Fd& signals) {
  const auto answer = [this](const std::string& line) { return admin(line); };
  while (true) {
    std::vector<pollfd> fds{{signals.get(), POLLIN, 0},
                            {listener_.get(), POLLIN, 0},
                            {membership_ ? membership_->event_fd() : -1, POLLIN, 0}};
    for (const Client& client : clients_) {
      const int events = POLLIN | (client.has_output() ? POLLOUT : 0);
      fds.push_back({client.fd(), static_cast<short>(events), 0});
    }
    const int ready = poll(fds.data(), fds.size(), draining_ ? kTickMs : -1);
    auto polled = fds.begin() + 3;
    for (auto client = clients_.begin(); client != clients_.end(); ++polled) {
      const bool written = (polled->revents & POLLOUT) == 0 || client->write();
      const bool read = (polled->revents & (POLLIN | POLLHUP | POLLERR)) == 0 ||
                        (written && client->read(store_, answer));
      client = written && read ? std::next(client) : clients_.erase(client);
    }
    if (const auto status = look_at(signals, fds[1].revents, fds[2].revents)) {
      return *status;
    }
    if (draining_ && (ready == 0 || listener_.valid())) {
      if (const auto status = drain()) {
        return *status;
      }
    }
  }
}

}  // namespace arcform::stock
