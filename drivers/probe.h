// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "drivers/world.h"

namespace arcform {

/// The body (see frame_script) of the one script that looks at a host. Shell built-ins, /proc and
/// two children (`ss`, or `grep` without it, for the listening sockets and `cat` for every small
/// file), because what a
/// probe costs a host is its forks. `directory`: our folder, absolute or starting with "~/".
std::string probe_script(const ProbeRequest& request, std::string_view directory);

/// What the probe printed, as facts. Strict: anything but a complete, well-formed answer to exactly
/// this request is an Error (unavailable), never half of the facts. Processes of nested PID
/// namespaces (containers) are among the processes, with the pids that the host gives them; those
/// of a sibling or parent namespace cannot be seen, and neither can other users' under hidepid.
Result<HostFacts> parse_probe(std::string_view output, const ProbeRequest& request);

}  // namespace arcform
