// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/desired.h"
#include "model/diff.h"
#include "model/moment.h"
#include "model/observed.h"
#include "model/other_revision.h"
#include "model/plan.h"

/// What a controller that acts by itself may do, and how soon: values in, values out. Large
/// outages by automation were mostly a partial or stale view taken for the truth, and no limit on
/// what followed from it; these are the limits.
namespace arcform {

struct DampingLimits {
  /// A node that dies again is started again at once the first time, after `backoff_first` the
  /// second time, then twice as long each time, up to `backoff_most`.
  std::chrono::seconds backoff_first{10};
  std::chrono::seconds backoff_most{300};
  /// Its failures are forgotten when it has been up for so long.
  std::chrono::seconds healthy_after{600};
  /// More failures than this within `window` and it is frozen: left alone until a person resumes
  /// it or the spec changes.
  std::size_t failures_most = 5;
  std::chrono::seconds window{1800};
  /// More than this share, in percent, of all nodes gone within `mass_window`, or of all hosts that
  /// were seen before unknown: the view is suspect.
  unsigned share = 30;
  std::size_t mass_nodes_least = 3;  ///< fewer are no mass, however small the deployment is
  std::size_t mass_hosts_least = 2;
  std::chrono::seconds mass_window{60};
  /// A second mass event that soon after the one before is left to a person.
  std::chrono::seconds cool_down{3600};
  /// After the start and after every change of the leader nothing destructive happens before two
  /// complete looks so far apart have agreed that the view is whole.
  std::chrono::seconds quarantine{30};
};

/// What one look says about who is there.
struct Sighting {
  std::map<Endpoint, Verdict> nodes;    ///< every node of the spec that should run
  std::set<std::string> hosts_known;    ///< probed
  std::set<std::string> hosts_unknown;  ///< not reached
  bool tree_known = false;
  std::uint64_t revision = 0;  ///< the last applied one, as recorded
  /// Nodes of ours run or ran, and the ensemble has no record of the deployment.
  bool orphans = false;
};
Sighting sight(const DesiredState& desired, const ObservedState& observed);

/// What is remembered of one node.
struct NodeDamping {
  std::vector<Moment> failures;  ///< within the window, oldest first
  bool up = false;               ///< when last seen, or as we left it
  Moment up_since{};
  std::optional<Moment> gone_since;  ///< seen up, then gone
  bool frozen = false;
  bool operator==(const NodeDamping&) const = default;
};

/// The memory of one leadership.
struct Damping {
  std::map<Endpoint, NodeDamping> nodes;
  std::set<std::string> hosts_seen;   ///< probed at least once
  std::set<Endpoint> mass;            ///< gone together, and not all back yet
  std::optional<Moment> mass_since;   ///< the event that goes on
  std::optional<Moment> mass_before;  ///< when the one before began
  bool mass_held = false;             ///< it came within the cool-down of the one before
  bool hosts_suspect = false;         ///< too many hosts are unknown
  std::uint64_t revision = 0;         ///< the highest that was seen
  /// The ensemble has lost what was recorded, or is another one: since it had this revision.
  std::optional<std::uint64_t> lost;
  std::optional<Moment> first_complete;  ///< look since the start
  std::size_t complete = 0;              ///< such looks
  std::optional<Moment> trusted;         ///< when the quarantine ended
  bool operator==(const Damping&) const = default;
};

/// After a look at `now`.
Damping note_look(Damping memory, const Sighting& sighting, Moment now,
                  const DampingLimits& limits);
/// We have started the node, or tried to in vain.
Damping note_started(Damping memory, Endpoint node, Moment now);
Damping note_start_failed(Damping memory, Endpoint node, Moment now, const DampingLimits& limits);
/// A person says that all is well: every freeze, backoff and mass event ends, in this scope ("all",
/// "node:IP:PORT", ...: see pause.h; scopes wider than a node release all nodes).
Damping release(Damping memory, const std::string& scope);

/// What the spec and its people leave to the controller.
struct Mandate {
  WatchPolicy policy;
  bool approved = false;  ///< all of this spec, where policy.rollout asks: it was applied before
  std::set<StepId> approved_steps;       ///< of the plan, by a person
  std::vector<Pause> freezes;            ///< recorded by this or an earlier leader, that hold
  std::optional<AppliedRevision> other;  ///< of another spec, applied by a person since
};

/// Which steps of a plan may run now.
struct Permission {
  std::vector<std::string> why_not;  ///< by step; empty: it may
  std::vector<std::string> alarms;   ///< for people, the same text while it lasts
  std::optional<Moment> look_again;  ///< when the first wait of the above is over
  std::vector<StepId> to_approve;    ///< a person has not said yes to these
};
Permission permit(const Damping& memory, const Sighting& sighting, const Plan& plan,
                  const Mandate& mandate, Moment now, const DampingLimits& limits);

/// Whether clients or data may lose something by it, even where it is right.
bool is_destructive(const Action& action);
/// How long after its last failure a node that failed so often within the window is left alone.
std::chrono::seconds backoff(std::size_t failures, const DampingLimits& limits);

}  // namespace arcform
