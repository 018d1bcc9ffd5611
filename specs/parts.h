// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/result.h"
#include "specs/fields.h"

/// The parts of a spec in the order in which they are read; each needs those before it. Internal
/// to specs/: users include specs/reader.h.
namespace arcform {

/// A cache node and the entry of the spec that asked for it.
struct PlacedNode {
  std::uint32_t host = 0;  ///< index into DesiredState::hosts
  std::uint16_t port = 0;
  std::uint32_t memlimit_mb = 0;
  std::uint32_t cloud = 0;  ///< index in the file
  std::uint32_t entry = 0;  ///< index in the cloud's "nodes"
  SourcePosition at;

  /// "clouds[0].nodes[1]"
  std::string path() const;
};

/// What has been read so far.
struct Reading {
  Problems problems;
  DesiredState desired;
  bool hosts_complete = true;                          ///< no host was left out because of an error
  bool packages_complete = true;                       ///< likewise
  bool ensemble_complete = true;                       ///< likewise
  std::map<SourcePosition, std::size_t> host_entries;  ///< index in "hosts" by position
  std::vector<PlacedNode> nodes;                       ///< of all clouds, in the order of the file
  std::size_t guesses = 0;                             ///< host names guessed so far

  /// "hosts[2]": the entry that a host comes from.
  std::string path_of(const DesiredHost& host) const;
};

inline constexpr std::size_t kHostsMax = 100'000;
inline constexpr std::size_t kNodesMax = 1'000'000;
inline constexpr std::size_t kSuggestionsMax = 20;  ///< names of hosts guessed in one spec

/// Changes `ssh` by what the object at `value` says.
void read_ssh(const json::Value& value, const std::string& path, SshAccess& ssh,
              Problems& problems);
/// {"file": ...}, {"environment": ...} or "prompt"; or a report that does not repeat it.
SecretSource read_secret(ObjectFields& parent, std::string_view key, Problems& problems);
/// "watch": what a watching controller may do, and whom it tells.
void read_watch(ObjectFields& root, Reading& reading);
/// "ssh" and "hosts"; leaves the hosts sorted by name.
void read_hosts(ObjectFields& root, Reading& reading);
void read_packages(ObjectFields& root, Reading& reading);
void read_ensemble(ObjectFields& root, Reading& reading);
/// The fields of a node's "config" that are set while it runs, into `config.online`.
void read_online_settings(ObjectFields& fields, NodeConfig& config);
/// The rules between settings of one node, reported at its entry.
void check_settings(const NodeConfig& config, SourcePosition at, const std::string& path,
                    Problems& problems);
/// "90s", "20m", "2h", or a number of seconds, 0 to a day; or a report.
std::optional<std::uint32_t> read_time(ObjectFields& fields, std::string_view key);
/// "state": running, unless it says otherwise.
RunState read_state(ObjectFields& fields);
/// "rollout" of a cloud whose nodes have been read.
void read_rollout(const json::Value& value, const std::string& path, DesiredCloud& cloud,
                  Problems& problems);
/// Also sorts: clouds by service code, nodes by endpoint.
void read_clouds(ObjectFields& root, Reading& reading);

/// Whether the host has an IPv4 address, or one that was refused already.
bool has_ipv4(const DesiredHost& host);
/// Reports an error of expand_range.
void report_range(const Error& error, SourcePosition at, const std::string& path,
                  Problems& problems);
/// The host's index, or nothing and a report (a guess at the name included).
std::optional<std::uint32_t> find_host(const std::string& name, SourcePosition at,
                                       const std::string& path, Reading& reading);
/// Reports an undefined package.
void check_package(const std::string& name, SourcePosition at, const std::string& path,
                   Reading& reading);

/// The rules between parts: ports, addresses, memory, loopback.
void check_across(Reading& reading);

/// sha256 (hex) of a text.
std::string sha256_hex(const std::string& text);

/// sha256 (hex) of everything that the spec says, without file name and positions.
std::string digest_of(const DesiredState& desired);

}  // namespace arcform
