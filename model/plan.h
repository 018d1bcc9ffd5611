// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/action.h"
#include "model/shared.h"

namespace arcform {

using StepId = std::uint32_t;  ///< index into Plan::steps

/// An action with the reason for it and its place in the order.
struct Step {
  Action action;
  Reason reason;        ///< for people: "not running (its process is gone)"
  SourcePosition at;    ///< what in the spec asked for it; line 0: nothing (a record did)
  bool repair = false;  ///< the desired state did not change, the world did
  /// The ring of a cloud in use changes: at least one session timeout must lie between this step
  /// and the previous such step of the cloud (every join makes the other nodes scrub moved keys
  /// one session timeout later: arcus-memcached arcus_zk.c, sm_check_and_scrub_stale).
  bool settle = false;
  Shared<std::vector<StepId>> after;  ///< steps that must have succeeded, ascending
  bool operator==(const Step&) const = default;
};

/// Why something that differs is not being changed.
enum class Hold {
  unknown,      ///< it could not be observed
  unsupported,  ///< understood, not supported yet
  guard,        ///< a rule forbids it, or it must be asked for by name
  foreign,      ///< something that is not ours is in the way
  waiting,      ///< in progress by itself: look again later
};
/// "refused": the one word for it in texts and documents; nullptr: no such kind.
const char* name_of(Hold hold);

/// A difference that the plan leaves alone, and what to do about it.
struct Held {
  Hold hold = Hold::unknown;
  std::string subject;
  std::string reason;
  SourcePosition at;
  bool operator==(const Held&) const = default;
};

/// Counts over one cloud, for the summary and the impact line.
struct CloudImpact {
  std::string service_code;
  std::uint32_t nodes = 0;             ///< in the spec
  std::uint32_t down_at_once_max = 0;  ///< nodes that we take down at the same time
  std::uint32_t caches_lost = 0;       ///< restarts and stops of nodes that are up
  std::uint32_t joining = 0;           ///< nodes that join the ring
  std::uint32_t leaving = 0;           ///< nodes that leave it for good
  bool operator==(const CloudImpact&) const = default;
};

/// What would be done, in an order that keeps every rule: a value. Steps are in topological order.
struct Plan {
  std::vector<Step> steps;
  std::vector<Launch> launches;
  std::vector<Held> held;           ///< sorted by (hold, subject)
  std::vector<std::string> alarms;  ///< foreign things that do harm where they are
  std::vector<std::string> later;   ///< what cannot be known before a step of this plan has run
  /// Nodes that are as the spec says and were started otherwise: nothing is done about it, their
  /// next start gets it right.
  std::vector<std::string> debts;
  std::vector<CloudImpact> impact;  ///< clouds with at least one step
  std::size_t hidden = 0;           ///< changes and held differences that a selection leaves out
  bool operator==(const Plan&) const = default;

  /// Nothing to do and nothing that keeps desired and observed apart.
  bool converged() const { return steps.empty() && held.empty() && later.empty(); }
  bool holds(Hold kind) const;
  /// Nothing differs; only what somebody else started has still to be taken over as it runs.
  bool only_adopts() const;
};

/// What an apply is narrowed to: a cloud (service code), a host (name), or a node ("ip:port").
struct Selector {
  enum class Kind { cloud, host, node };
  Kind kind = Kind::cloud;
  std::string name;
  bool operator==(const Selector&) const = default;
};

/// What a person asked for beyond the spec.
struct Policy {
  /// Clouds that may lose any number of nodes, or go although clients are attached.
  std::vector<std::string> allow_removal;
  std::vector<std::string> adopt{};  ///< clouds to take over although the spec lists less
  std::vector<Selector> only{};      ///< not empty: nothing else is planned
  bool operator==(const Policy&) const = default;
};

/// Pure: the same values give byte-identical plans. See model/README.md for the rules.
Plan plan(const DesiredState& desired, const ObservedState& observed, const Policy& policy);

}  // namespace arcform
