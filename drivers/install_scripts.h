// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drivers/host_scripts.h"

namespace arcform {

/// Takes the archive from descriptor 3 and prints "installed", or "present" when the release is
/// there already. All that is not whole lies in FOLDER/.RELEASE.arcform-BOOT-PID-TICKS, named after
/// the process that works on it.
std::string install_script(const InstallRequest& request, const ScriptPlace& place);
std::string remove_release_script(const RemoveRequest& request, const ScriptPlace& place);

}  // namespace arcform
