// SPDX-License-Identifier: Apache-2.0
#include "examples/stock-node/identity.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace arcform::stock {
namespace {

constexpr std::uint16_t kSyslogPort = 514;  // The port the server "connects" to; nothing is sent.

std::string text_of(const in_addr& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &address, text.data(), text.size());
  return text.data();
}

// The node's name has room for IPv4 only, so IPv4 is all that is asked for.
std::optional<in_addr> resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) {
    return std::nullopt;
  }
  sockaddr_in address{};
  std::memcpy(&address, found->ai_addr, sizeof(address));
  freeaddrinfo(found);
  return address.sin_addr;
}

// The kernel's source address towards `remote`; errno tells why if there is none.
std::optional<in_addr> source_address(const in_addr& remote) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return std::nullopt;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kSyslogPort);
  address.sin_addr = remote;
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool known = connect(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
  const int error = errno;
  close(fd);
  errno = error;
  return known ? std::optional(address.sin_addr) : std::nullopt;
}

std::optional<std::string> host_name(const in_addr& local) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr = local;
  std::array<char, NI_MAXHOST> name{};
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), sizeof(address), name.data(),
                  name.size(), nullptr, 0, NI_NAMEREQD) == 0) {
    return name.data();
  }
  if (gethostname(name.data(), name.size() - 1) == 0) {
    return name.data();
  }
  return std::nullopt;
}

struct Reachable {
  std::string ensemble;
  in_addr local{};
};

Outcome<Reachable> reach(const std::string& list, const Log& log) {
  Reachable reachable;
  bool local_known = false;
  for (const EnsembleMember& member : split_ensemble(list)) {
    const std::optional<in_addr> remote = resolve(member.host);
    if (!remote) {
      log.warning("Invalid IP/hostname in arg: {}", member.host);
      continue;
    }
    if (!local_known) {
      if (const std::optional<in_addr> local = source_address(*remote)) {
        reachable.local = *local;
        local_known = true;
      } else {
        log.warning("Cannot connect to ensemble {}: {}", member.host, std::strerror(errno));
      }
    }
    if (member.port.empty()) {
      return Failure{kExitMembership, fmt::format("zookeeper_init() failed: {}: no port in \"{}\"",
                                                  std::strerror(EINVAL), member.host)};
    }
    // Numeric addresses only: given names, the client library asks the resolver again and again.
    reachable.ensemble += fmt::format("{}{}:{}", reachable.ensemble.empty() ? "" : ",",
                                      text_of(*remote), member.port);
  }
  if (!local_known) {
    return Failure{kExitUnavailable, "not able to connect any Ensemble server"};
  }
  return reachable;
}

}  // namespace

Outcome<Identity> identify(const std::string& ensemble, int port, const Log& log) {
  Outcome<Reachable> reached = reach(ensemble, log);
  if (const auto* failure = std::get_if<Failure>(&reached)) {
    return *failure;
  }
  const Reachable& reachable = std::get<Reachable>(reached);
  Identity identity{{text_of(reachable.local), port, ""}, reachable.ensemble};
  if (const char* public_ip = std::getenv("ARCUS_CACHE_PUBLIC_IP")) {
    identity.name.ip = public_ip;
  }
  if (const char* overwrite = std::getenv("ARCUS_CACHE_HOSTNAME_OVERWRITE")) {
    identity.name.hostname = overwrite;
  } else if (const std::optional<std::string> found = host_name(reachable.local)) {
    identity.name.hostname = *found;
  } else {
    return Failure{kExitNoHost, fmt::format("cannot get hostname: {}", std::strerror(errno))};
  }
  if (identity.name.hostname.size() > kMaxHostname) {
    return Failure{kExitHostname,
                   fmt::format("Too long hostname. hostname={}", identity.name.hostname)};
  }
  return identity;
}

}  // namespace arcform::stock
