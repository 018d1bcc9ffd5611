// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/diff.h"

/// A status as values, for machines; render_status is the same for people.
namespace arcform {

enum class Known { yes, no, unknown };

struct ServerStatus {
  int id = 0;
  std::string host;
  std::string address;               ///< ip:port
  std::optional<std::uint32_t> pid;  ///< of our live process
  std::string mode;  ///< leader, follower, observer, standalone, not serving, down or unknown
  std::string version;
  std::uint32_t connections = 0;
  bool adopted = true;  ///< false: somebody else started it, and the next apply takes it over
  bool operator==(const ServerStatus&) const = default;
};

struct NodeStatus {
  Endpoint node;
  std::string host;
  Verdict verdict = Verdict::unknown;
  std::string why;
  bool in_spec = true;
  std::optional<std::uint32_t> pid;
  Known answers = Known::unknown;
  std::string version;
  Known joined = Known::unknown;
  std::optional<NodeConfig> config;  ///< what it was started with
  bool adopted = true;  ///< false: somebody else started it, and it is as the spec says
  bool operator==(const NodeStatus&) const = default;
};

struct CloudStatus {
  std::string service_code;
  bool in_spec = true;
  Known registered = Known::unknown;
  bool claimed = false;
  std::uint32_t clients = 0;
  std::uint32_t nodes_wanted = 0;
  std::uint32_t nodes_up = 0;  ///< of those of the spec
  std::vector<NodeStatus> nodes;
  std::vector<std::string> foreign_children;
  bool operator==(const CloudStatus&) const = default;
};

/// Something that could not be observed.
struct Unobserved {
  std::string subject;
  std::string why;
  bool operator==(const Unobserved&) const = default;
};

struct StatusReport {
  std::string deployment;
  std::string spec;     ///< file name
  std::string verdict;  ///< one line in words
  bool converged = false;
  std::string external;  ///< connect string; empty: the ensemble is ours
  std::vector<ServerStatus> servers;
  std::vector<CloudStatus> clouds;
  std::vector<std::string> other_clouds;
  std::vector<Unobserved> unobserved;
  std::uint64_t revision = 0;  ///< the last applied one; 0: none, or unknown
  std::string applied_at;
  std::string applied_by;
  std::string lock_holder;
  bool operator==(const StatusReport&) const = default;
};

/// Pure.
StatusReport status_report(const DesiredState& desired, const ObservedState& observed);

}  // namespace arcform
