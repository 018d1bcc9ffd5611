// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/commands.h"

namespace arcform {

/// `arcform watch`: keeps the deployment true until SIGINT or SIGTERM, then stops at a safe point
/// or after 8 s, without the lock. SIGHUP reads the spec again, a change of the file does as well.
Awaitable<ExitStatus> run_watch(Machine& machine, const Options& options,
                                const DesiredState& desired);

/// `arcform pause`, `resume` and `approve`.
Awaitable<ExitStatus> run_request(Machine& machine, const Options& options,
                                  const DesiredState& desired);

}  // namespace arcform
