// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/desired.h"
#include "model/observed.h"

namespace arcform {

/// What the three witnesses of a cache node say together.
enum class Verdict {
  up,        ///< our process lives, it answers, its ephemeral stands
  stopped,   ///< no process, no ephemeral
  crashed,   ///< no process (proven), its old ephemeral still stands
  paused,    ///< the process lives, no ephemeral: it serves stale data and never comes back itself
  starting,  ///< the process lives, no ephemeral yet, younger than it may take to join
  silent,    ///< process and ephemeral stand, and it does not answer
  foreign,   ///< a process that is not ours has the port
  unknown,   ///< a witness is missing
};
const char* name_of(Verdict verdict);

/// One cache node, judged.
struct NodeJudgement {
  Verdict verdict = Verdict::unknown;
  std::string why;                           ///< in a few words
  const ObservedSlot* slot = nullptr;        ///< of the node's host; may be nullptr
  const ObservedProcess* process = nullptr;  ///< our live process; may be nullptr
  const ObservedJoin* join = nullptr;        ///< the standing ephemeral; may be nullptr
};

/// Judges the node `endpoint` of `service_code` on `host`. Pointers point into `observed`.
NodeJudgement judge(const ObservedState& observed, std::string_view host, Endpoint endpoint,
                    std::string_view service_code, std::uint32_t session_timeout_s);

enum class DriftKind {
  // hosts and packages
  host_unknown,
  directory_not_writable,
  package_missing,
  java_missing,
  // the ensemble
  server_not_configured,
  server_config_differs,
  server_data_foreign,  ///< the data directory belongs to another server id
  server_port_taken,
  server_down,
  server_outdated,  ///< runs with another configuration than zoo.cfg should have
  server_not_serving,
  server_running,  ///< and should be stopped
  server_unknown,
  ensemble_unknown,  ///< the tree cannot be read and may hold something
  tree_missing,
  // clouds
  cloud_unregistered,
  cloud_foreign,   ///< registered, and not by this deployment
  cloud_unlisted,  ///< claimed, and gone from the spec
  foreign_child,   ///< a child of cache_list/<svc> that is no node of the cloud
  // cache nodes
  node_unmapped,
  node_mapped_elsewhere,
  node_unlisted,  ///< mapped to a cloud of ours, and not in the spec
  node_down,
  node_crashed,
  node_paused,
  node_starting,
  node_silent,
  node_port_taken,
  node_outdated,  ///< runs with other threads, session timeout or package
  node_untuned,   ///< runs with another memlimit or connections
  node_running,   ///< and should be stopped
  node_unknown,
};

/// One difference between desired and observed.
struct Drift {
  DriftKind kind = DriftKind::host_unknown;
  std::string host;   ///< host name; empty where it does not apply
  std::string cloud;  ///< service code; empty where it does not apply
  Endpoint node;
  int server = 0;
  std::string detail;  ///< before → after, or why, for people
  SourcePosition at;
  bool operator==(const Drift&) const = default;
};

/// Every difference, in a stable order: hosts, ensemble, then per cloud its registration and its
/// nodes by address. Pure.
std::vector<Drift> diff(const DesiredState& desired, const ObservedState& observed);

}  // namespace arcform
