// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "examples/stock-node/outcome.h"

namespace arcform::stock {

/// Where the Arcus server looks and writes (arcus-memcached arcus_zk.c).
inline constexpr std::string_view kMappingRoot = "/arcus/cache_server_mapping";
inline constexpr std::string_view kCacheListRoot = "/arcus/cache_list";
inline constexpr std::string_view kServerLogRoot = "/arcus/cache_server_log";

/// Longest host name and service code that the server takes (arcus_zk.c).
inline constexpr std::size_t kMaxHostname = 128;
inline constexpr std::size_t kMaxServiceCode = 128;

/// How a cache node calls itself.
struct NodeName {
  std::string ip;
  int port = 0;
  std::string hostname;

  bool operator==(const NodeName&) const = default;

  /// `<ip>:<port>-<hostname>`, the name of the ephemeral znode.
  std::string znode() const;
  /// The keys below cache_server_mapping in the order of arcus_check_server_mapping:
  /// `<ip>:<port>`, `<hostname>:<port>`, `<ip>`. The first that exists wins.
  std::array<std::string, 3> mapping_keys() const;
};

/// The service code that a mapping key's children name. Exactly one child is allowed; its name is
/// cut at the first '^' (arcus_parse_server_mapping). `path` is the key's path, for the text.
Outcome<std::string> service_code(const std::vector<std::string>& children, std::string_view path);

/// One `host:port` of a -z list. `port` is empty if there was none.
struct EnsembleMember {
  std::string host;
  std::string port;

  bool operator==(const EnsembleMember&) const = default;
};

/// Splits a -z list at commas; empty members are dropped.
std::vector<EnsembleMember> split_ensemble(std::string_view list);

/// The data of the ephemeral znode: `<N>MB`, N = the -m value at start.
std::string znode_data(int memory_mb);

}  // namespace arcform::stock
