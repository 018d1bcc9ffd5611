// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/observed.h"
#include "model/render.h"

namespace arcform {

/// What an ensemble says of itself and of the clouds in it, without any spec.
struct ZookeeperView {
  std::string connect_string;
  /// As asked, with the answer of each to `srvr`.
  std::vector<std::pair<std::string, Observation<ServerAnswer>>> servers;
  Observation<TreeFacts> tree;  ///< with every registered cloud in it
};

/// Servers with their modes, clouds with how many of their nodes are mapped and joined, and each
/// cloud's nodes. `options.clouds` leaves only some. Pure.
std::string render_zookeeper(const ZookeeperView& view, const RenderOptions& options);

}  // namespace arcform
