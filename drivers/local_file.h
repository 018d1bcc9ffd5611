// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "model/result.h"

namespace arcform {

/// Writes a file of this machine whole: beside it, then renamed, so that nobody ever sees a part of
/// it and an old one stays when there is no room. What is no regular file (/dev/stdout, a pipe) is
/// written to as it is. Errors name the path: permission_denied, not_found, resource_exhausted.
Result<void> write_local_file(const std::string& path, std::string_view text);

}  // namespace arcform
