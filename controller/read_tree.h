// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/world.h"
#include "model/desired.h"

namespace arcform {

/// Reads what `desired` and the deployment's record need to know of the trees: requests are
/// pipelined, clouds of others are only named. Nothing is written. `reader` and `desired` must
/// outlive the call. Errors: those of ZnodeReader; invalid_argument never: a znode that is not
/// what Arcus or arcform writes is reported as unusual or taken for absent, not trusted.
Awaitable<Result<TreeFacts>> read_tree(asio::io_context& loop, ZnodeReader& reader,
                                       const DesiredState& desired);

/// The same without a spec: every registered cloud in full, and no deployment's records.
Awaitable<Result<TreeFacts>> read_every_cloud(asio::io_context& loop, ZnodeReader& reader);

/// The children of cache_list/<svc> with their owners; nullopt: the cloud has no cache_list.
Awaitable<Result<std::optional<std::vector<ObservedJoin>>>> read_joins(asio::io_context& loop,
                                                                       ZnodeReader& reader,
                                                                       std::string service_code);

}  // namespace arcform
