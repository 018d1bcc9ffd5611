// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/observed.h"

/// A cache node is started with a list of the ensemble's servers and goes by it until it is told of
/// another one (`zkensemble set`) or starts again; a server that was built for it also follows the
/// list of an ensemble that is reconfigured (arcus-memcached 1.15.0, arcus_zk.c).
namespace arcform {

/// "10.0.0.1:2181,10.0.0.2:2181", sorted, each once; nullopt: it is empty or holds a name, which
/// may be any of them.
std::optional<std::vector<Endpoint>> parse_servers(std::string_view list);

/// The value of -z; empty: there is none.
std::string_view ensemble_argument(const Argv& argv);

/// How the servers that a running node goes by differ from the spec's, by what that takes. At most
/// one of the three texts says something.
struct EnsembleDifference {
  std::string tell;     ///< it can be told while it runs
  std::string restart;  ///< it cannot, and knows too few of them
  /// Its next start gets it right: it was told, or it knows enough of them. Enough: any majority
  /// has one that it knows, so it can always reach an ensemble that serves.
  std::string debt;
  std::vector<Endpoint> before = {};  ///< what it goes by; only with `tell`

  bool empty() const { return tell.empty() && restart.empty() && debt.empty(); }
};

/// `wanted`: the spec's servers, sorted. `started_with`: the node's -z. `answer`: what it says
/// itself; nullptr: it does not answer. Where names make it impossible to tell, they do not differ.
EnsembleDifference compare_ensemble(const std::vector<Endpoint>& wanted,
                                    std::string_view started_with, const NodeAnswer* answer);

/// Whether the node may know one of `servers`, which are sorted.
bool may_know_one_of(std::string_view started_with, const NodeAnswer* answer,
                     const std::vector<Endpoint>& servers);

/// "10.0.0.1:2181,10.0.0.2:2181"
std::string text_of(const std::vector<Endpoint>& servers);

}  // namespace arcform
