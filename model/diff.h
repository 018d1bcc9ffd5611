// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/desired.h"
#include "model/observed.h"
#include "model/shared.h"

namespace arcform {

/// What the three witnesses of a cache node say together.
enum class Verdict {
  up,        ///< our process lives, it answers, its ephemeral stands
  stopped,   ///< no process, no ephemeral
  crashed,   ///< no process (proven), its old ephemeral still stands
  paused,    ///< the process lives, no ephemeral: it serves stale data and never comes back itself
  starting,  ///< the process lives and is too young to have joined and to answer
  silent,    ///< process and ephemeral stand, and it does not answer
  foreign,   ///< a process that is not ours has the port
  unknown,   ///< a witness is missing
};
const char* name_of(Verdict verdict);

/// One cache node, judged. Pointers point into the observed state.
struct NodeJudgement {
  Verdict verdict = Verdict::unknown;
  Reason why;                                ///< in a few words
  const ObservedSlot* slot = nullptr;        ///< of the node's host; may be nullptr
  const ObservedProcess* process = nullptr;  ///< our live process; may be nullptr
  const ObservedJoin* join = nullptr;        ///< the standing ephemeral; may be nullptr
};

/// What is known about one node's surroundings.
struct NodeWitnesses {
  const Observation<HostFacts>* host = nullptr;  ///< nullptr: the host was never asked
  /// nullptr: the tree could not be read. A cloud that is not registered is an empty one.
  const ObservedCloud* cloud = nullptr;
  const Observation<NodeAnswer>* answer = nullptr;  ///< nullptr: never asked
  /// A child of `cloud` that may be the node's: looked at first. nullptr: no idea.
  const ObservedJoin* near = nullptr;
  /// A slot of `host` that may be the node's: looked at first. nullptr: no idea.
  const ObservedSlot* near_slot = nullptr;
};

/// Judges one cache node by its three witnesses. A process that was started less than
/// `session_timeout_s` ago and neither serves nor stands in the cloud may still be joining.
NodeJudgement judge(const NodeWitnesses& witnesses, Endpoint endpoint,
                    std::uint32_t session_timeout_s);

/// The witnesses of a node of `service_code` on `host`.
NodeWitnesses witnesses_of(const ObservedState& observed, const std::string& host,
                           Endpoint endpoint, const std::string& service_code);

/// True when every server's host was seen, none runs and none has any data: what the ensemble will
/// hold is known to be nothing.
bool ensemble_is_new(const DesiredState& desired, const ObservedState& observed);

enum class DriftKind {
  // hosts and packages
  host_unknown,
  directory_not_writable,
  package_missing,
  package_unfit,     ///< an archive of ours is unpacked there, and lacks what the spec runs from it
  release_unneeded,  ///< an old release that nothing runs from, beyond those that are kept
  java_missing,
  // the ensemble
  server_not_configured,
  server_config_differs,
  server_data_foreign,  ///< the data directory belongs to another server id, or nobody knows to
                        ///< whom
  server_data_stale,    ///< it was ours when the server was a member before
  server_port_taken,
  server_down,
  server_outdated,  ///< runs with another configuration than zoo.cfg should have
  server_not_serving,
  server_running,   ///< and should be stopped
  server_unlisted,  ///< runs, and the spec does not have it
  server_unknown,
  ensemble_membership,  ///< the ensemble has other members than the spec
  ensemble_unknown,     ///< the tree cannot be read and may hold something
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
  node_outdated,      ///< runs with what only another start changes
  node_untuned,       ///< has other settings, and can be told so while it runs
  node_untunable,     ///< the spec sets what its server does not know
  node_behind,        ///< goes by other servers of the ensemble than the spec has
  node_restart_debt,  ///< is as the spec says, and was started otherwise: nothing to do now
  node_running,       ///< and should be stopped
  node_unknown,
};

/// One difference between desired and observed.
struct Drift {
  DriftKind kind = DriftKind::host_unknown;
  std::string host;     ///< host name; empty where it does not apply
  std::string cloud;    ///< service code; empty where it does not apply
  std::string package;  ///< name in the spec; only for drift of packages
  Endpoint node;
  int server = 0;
  Reason detail;  ///< before → after, or why, for people
  SourcePosition at;
  bool operator==(const Drift&) const = default;
};

/// Every difference, in a stable order: hosts, ensemble, then per cloud its registration and its
/// nodes by address. Pure.
std::vector<Drift> diff(const DesiredState& desired, const ObservedState& observed);

}  // namespace arcform
