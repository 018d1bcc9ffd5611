// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "model/diff.h"

/// The parts that `diff` is made of; only model/ uses them.
namespace arcform {

void diff_hosts(const DesiredState& desired, const ObservedState& observed,
                std::vector<Drift>& out);
void diff_ensemble(const DesiredState& desired, const ObservedState& observed,
                   std::vector<Drift>& out);
void diff_clouds(const DesiredState& desired, const ObservedState& observed,
                 std::vector<Drift>& out);
/// A package out of an archive on one host; `drift` says which, and where in the spec.
void diff_archive(const DesiredState& desired, const HostFacts& facts, Drift drift,
                  std::vector<Drift>& out);
/// What the spec runs from the package and is not in it: "no bin/memcached"; empty: nothing.
std::string lacks(const DesiredState& desired, const std::string& package,
                  const ObservedPackage& seen);

/// Nodes and servers of this deployment run only while the ensemble is wanted.
bool nodes_should_run(const DesiredState& desired, const DesiredCloud& cloud);
/// While the ensemble is wanted stopped, registrations are left as they are.
bool desired_tree_is_written(const DesiredState& desired);

}  // namespace arcform
