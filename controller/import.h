// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/commands.h"

namespace arcform {

/// Writes the spec of an Arcus configuration file; reads nothing else.
ExitStatus run_import_conf(const Options& options, Console& console);

/// Writes the spec of what runs. Status incomplete: some hosts could not be seen, and the spec says
/// which.
Awaitable<ExitStatus> run_import_live(Machine& machine, const Options& options);

/// Writes a whole file or none: beside it, and then in its place. An existing one is replaced only
/// with `force`. Errors: already_exists, unavailable with the system's reason.
Result<void> write_whole_file(const std::string& path, const std::string& text, bool force);

}  // namespace arcform
