// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/cli.h"

namespace CLI {
class App;
}

namespace arcform {

/// The options of `watch` that name hooks beside those of the spec.
void add_hook_options(CLI::App& watch, Options& options);

/// What they name: for each --hook-url and --hook-exec a hook "command-line-1", ...; all get the
/// same kinds of events.
std::vector<WatchHook> hooks_of(const Options& options);

}  // namespace arcform
