// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/ensemble_session.h"
#include "controller/world.h"
#include "specs/import_live.h"

namespace arcform {

/// Reads what runs: the whole Arcus tree, all requests on their way at once, and unless told
/// otherwise each host that it names. A host that cannot be seen says so in its place. Errors: the
/// tree could not be read (unavailable), or there is none (not_found).
Awaitable<Result<LiveFacts>> read_live(ReadWorld world, ZnodeReader& reader,
                                       std::vector<Endpoint> zookeeper, ImportTerms terms,
                                       bool log_in);

}  // namespace arcform
