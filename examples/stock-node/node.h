// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "examples/stock-node/options.h"

namespace arcform::stock {

/// The life of a node, from its limits to its exit status: limits and user, daemon, engine,
/// membership, then events until SIGTERM or SIGINT (0), the end of the session (75) or of the
/// engine (its status). A node whose znode is deleted leaves ZooKeeper and goes on serving.
int run_node(const Options& options);

}  // namespace arcform::stock
