// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/commands.h"

namespace arcform {

/// The commands that only look: each to its end, or with --watch until a signal.
Awaitable<ExitStatus> run_status(Machine& machine, const Options& options,
                                 const DesiredState& desired);
/// `status -z`: no spec, only what ZooKeeper says.
Awaitable<ExitStatus> run_zookeeper_status(Machine& machine, const Options& options);
/// 5 when something does not answer, else 9 when something could not be asked, else 0.
Awaitable<ExitStatus> run_ping(Machine& machine, const Options& options,
                               const DesiredState& desired);

/// Error invalid_argument: a cloud that `status` is to keep to is none of the spec's.
Result<void> check_clouds(const std::vector<std::string>& clouds, const DesiredState& desired);

}  // namespace arcform
