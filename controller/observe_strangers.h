// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "drivers/world.h"

/// What runs on a host without being ours, as far as it may be taken over.
namespace arcform {

/// Ports of the processes on this host that were started as cache nodes of some cloud and are in no
/// slot of ours, sorted.
std::vector<std::uint16_t> stranger_ports(const HostFacts& facts);

/// The one ZooKeeper server that is in no slot of ours and whose file says that it serves clients
/// on this port; nullopt: there is none, or its file cannot be read. `id`: of the spec.
Awaitable<std::optional<RunningServer>> observe_stranger(HostReader& host, const HostFacts& facts,
                                                         int id, std::uint16_t client_port);

/// Every ZooKeeper server on the host with the file that it was started with, ours or not.
Awaitable<std::vector<RunningServer>> observe_servers(HostReader& host, const HostFacts& facts);

}  // namespace arcform
