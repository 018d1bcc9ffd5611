// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/adoption.h"

/// What runs as the spec says and is not ours yet: for who looks, it is up and not adopted, not a
/// stranger in the way. Only model/ uses it.
namespace arcform {

struct Unadopted {
  /// What the next apply takes over; nodes too whose cloud is refused as it is.
  Adoption found;
  /// The world with that in it as ours; nullopt: there is nothing of the kind.
  std::optional<ObservedState> after;
  std::set<Endpoint> nodes;  ///< of `found`

  const ObservedState& world(const ObservedState& observed) const {
    return after ? *after : observed;
  }
  bool has(Endpoint node) const { return nodes.contains(node); }
  bool has_cloud(const std::string& service_code) const;
  bool has_server(int id) const;
  /// Why the cloud is not taken over as the spec is; empty: it is, or it is no such cloud.
  std::string refusal(const std::string& service_code) const;
};

/// Pure.
Unadopted find_unadopted(const DesiredState& desired, const ObservedState& observed);

/// "3 servers, cloud shop, 6 nodes"; nothing: "". `clouds`: only these; empty: everything.
std::string adoption_words(const Adoption& found, const std::vector<std::string>& clouds);

}  // namespace arcform
