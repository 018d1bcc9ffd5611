// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "model/diff.h"
#include "model/plan.h"

/// Taking over what somebody else (arcus.sh, mostly) set up: nothing that runs is changed, only
/// written down as ours. Only model/ and the status command use it.
namespace arcform {

/// What can be taken over as it runs, and what cannot and why.
struct Adoption {
  std::vector<AdoptServer> servers;
  std::vector<AdoptCloud> clouds;
  std::vector<AdoptNode> nodes;
  std::vector<Held> refused;  ///< clouds and servers that differ from what the spec says of them

  bool empty() const { return servers.empty() && clouds.empty() && nodes.empty(); }
};

/// Looks for what can be taken over among the differences. Pure. A cloud: registered, owned by no
/// deployment, and without nodes that the spec does not list (unless the policy names it). A node:
/// the only process that was started for its port, which listens, answers and has joined the cloud
/// at this address. A server: runs with settings equal to the spec's.
Adoption find_adoption(const DesiredState& desired, const ObservedState& observed,
                       const std::vector<Drift>& drift, const Policy& policy);

/// Adds to `contacts` the differences that find_adoption looks at; nothing for nullptr.
void keep_contacts(const std::vector<Drift>& drift, std::vector<Drift>* contacts);

/// The world as it will be seen once that is done.
ObservedState after_adoption(const ObservedState& observed, const Adoption& adoption);

/// Why a server that runs is not what the spec asks for: "tickTime 2000 → 3000, ..."; empty: its
/// settings are equal. What arcform sets for itself and no client or server notices is left out.
std::string server_difference(const DesiredState& desired, const DesiredServer& server,
                              const RunningServer& running);

}  // namespace arcform
