// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/diff.h"

/// The parts that `diff` is made of; only model/ uses them.
namespace arcform {

void diff_hosts(const DesiredState& desired, const ObservedState& observed,
                std::vector<Drift>& out);
void diff_ensemble(const DesiredState& desired, const ObservedState& observed,
                   std::vector<Drift>& out);
/// What a host runs from a package. One package may hold both.
struct PackageRoles {
  bool server = false;  ///< a ZooKeeper server
  bool node = false;    ///< cache nodes
};
PackageRoles roles_on(const DesiredState& desired, const std::string& host,
                      const std::string& package);
/// What these need of a package and is not in it: "no bin/memcached"; empty: nothing.
std::string lacks(PackageRoles roles, const ObservedPackage& seen);
/// A package out of an archive on one host; `drift` says which, and where in the spec.
void diff_archive(const DesiredState& desired, const HostFacts& facts, PackageRoles roles,
                  Drift drift, std::vector<Drift>& out);

/// The two states, indexed for one diff of the clouds. They must outlive it.
struct DiffWorld {
  const DesiredState& desired;
  const ObservedState& observed;
  const TreeFacts* tree = nullptr;  ///< nullptr: unknown, or known to be empty
  bool tree_known = false;
  std::string connect_string{};                      ///< that nodes should go by
  std::vector<Endpoint> servers{};                   ///< the same, sorted; empty: it holds names
  std::vector<const Observation<HostFacts>*> hosts;  ///< by index into desired.hosts
  std::vector<std::uint32_t> slots_known;            ///< of each host: the spec's
  std::vector<std::pair<Endpoint, const DesiredCloud*>> wanted;  ///< every desired node, sorted
  std::map<std::uint32_t, std::string> host_names;  ///< by address; those of the spec come first
};
DiffWorld index(const DesiredState& desired, const ObservedState& observed);
/// `next`: where the node is looked for first, and afterwards the place behind it.
const DesiredCloud* wanted_cloud(const DiffWorld& world, Endpoint node, std::size_t& next);
Drift node_drift(DriftKind kind, const std::string& host, const std::string& cloud, Endpoint node,
                 SourcePosition at, Reason detail);

/// About how many nodes of the spec have not joined, for how much there will be to say.
std::size_t nodes_missing(const DesiredState& desired, const ObservedState& observed);

/// One cloud of the spec: its registration, then its nodes by address. What is to be said of
/// 100,000 nodes need not be there all at once.
void diff_cloud(DiffWorld& world, const DesiredCloud& cloud, std::vector<Drift>& out);
/// What is ours and not in the spec; after all of its clouds.
void diff_unlisted(const DiffWorld& world, std::vector<Drift>& out);

/// Whether a server of the ensemble serves, or may for all that is known.
bool ensemble_may_serve(const DesiredState& desired, const ObservedState& observed);
/// A process of ours runs as this node on a host of the spec.
bool runs_in_our_slot(const DesiredState& desired, const ObservedState& observed, Endpoint node);

/// Nodes and servers of this deployment run only while the ensemble is wanted.
bool nodes_should_run(const DesiredState& desired, const DesiredCloud& cloud);
/// While the ensemble is wanted stopped, registrations are left as they are.
bool desired_tree_is_written(const DesiredState& desired);

}  // namespace arcform
