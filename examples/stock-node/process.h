// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "examples/stock-node/log.h"
#include "examples/stock-node/options.h"
#include "examples/stock-node/outcome.h"

namespace arcform::stock {

/// Core and open-file limits (max(current, connections + 20)) and the user, in the server's order
/// and with its exit statuses: 71, 64 for root without -u, 67 for an unknown user.
std::optional<Failure> set_limits_and_user(const Options& options);

/// Goes into the background; the caller's process ends with 0 at once. The working directory
/// becomes / unless `keep_directory`, the standard descriptors /dev/null unless `keep_stdio`.
std::optional<Failure> daemonize(bool keep_directory, bool keep_stdio);

/// A failure is only worth a warning, as in the server.
void write_pid_file(const std::string& path, const Log& log);
void remove_pid_file(const std::string& path, const Log& log);

/// Finds a library where dlopen(3) finds it for an installed server: a path with a slash is taken
/// as it is, a bare name is looked for in PREFIX/lib, the server's run path. Status 1 if it is not
/// there.
std::optional<Failure> check_library(const std::string& path);

}  // namespace arcform::stock
