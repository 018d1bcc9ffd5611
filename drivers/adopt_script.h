// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drivers/host_scripts.h"
#include "drivers/world.h"

/// The texts for what runs on a host without being ours yet (bodies for run_script).
namespace arcform {

/// Prints "adopted".
std::string adopt_script(const AdoptRequest& request, const ScriptPlace& place);
/// Prints "absent", or "file" and a newline and the content.
std::string read_file_script(const std::string& path, const ScriptPlace& place);

}  // namespace arcform
