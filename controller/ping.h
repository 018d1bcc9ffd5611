// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/world.h"
#include "model/ping.h"

namespace arcform {

/// Asks every host, server and node of the spec once, side by side. A host is asked by running the
/// smallest script there is over its own transport, never by a bare connection to its SSH port,
/// which sshd counts as a failed login; servers and nodes are asked on their host's loopback.
/// What the spec wants stopped is not asked. Changes nothing.
Awaitable<PingReport> ping(ReadWorld world, Zookeeper& zookeeper, const DesiredState& desired);

}  // namespace arcform
