// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

namespace arcform::stock {

/// Exit statuses of the Arcus server (sysexits.h numbers; arcus-memcached memcached.c, arcus_zk.c).
inline constexpr int kExitBadOption = 1;     ///< bad option value, missing engine or extension
inline constexpr int kExitUsage = 64;        ///< EX_USAGE: root without -u, -c too small, no SASL
inline constexpr int kExitHostname = 65;     ///< EX_DATAERR: host name longer than 128 bytes
inline constexpr int kExitNoUser = 67;       ///< EX_NOUSER: -u names nobody
inline constexpr int kExitNoHost = 68;       ///< EX_NOHOST: no local address or host name
inline constexpr int kExitUnavailable = 69;  ///< EX_UNAVAILABLE: no usable ZooKeeper address
inline constexpr int kExitSystem = 71;       ///< EX_OSERR: bind, rlimit, setuid
inline constexpr int kExitExpired = 75;      ///< EX_TEMPFAIL: the ZooKeeper session expired
inline constexpr int kExitMembership = 76;   ///< EX_PROTOCOL: connect, mapping or create failed
inline constexpr int kExitAuth = 77;         ///< EX_NOPERM: ZooKeeper refused our authentication
inline constexpr int kExitCacheList = 78;    ///< EX_CONFIG: the cache list cannot be read

/// Why the node stops before it is up: the exit status and the text for the log (no newline).
struct Failure {
  int status = 0;
  std::string text;
};

/// A value or the failure that replaces it.
template <class T>
using Outcome = std::variant<T, Failure>;

}  // namespace arcform::stock
