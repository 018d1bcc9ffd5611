// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "model/result.h"

namespace arcform {

/// What was packed.
struct Packed {
  std::uint64_t files = 0;
  std::uint64_t folders = 0;
  std::uint64_t links = 0;
  std::uint64_t bytes = 0;  ///< of the files together
};

/// Packs everything below `folder` into the tar archive `file`, compressed as the name says
/// (.tar.gz or .tgz, .tar.xz, .tar.zst; .tar: not at all), such that the same content always gives
/// the same bytes: sorted by name, root's, of one fixed time, 0755 when it can be run (and folders)
/// and 0644 else. `file` is there whole or not at all. Errors: not_found, permission_denied,
/// invalid_argument (no such kind of archive; a socket, device or pipe; a symbolic link that is
/// absolute, leads out of the folder or nowhere; nothing to pack; `file` lies in the folder),
/// resource_exhausted (disk full).
Result<Packed> pack(const std::string& folder, const std::string& file);

}  // namespace arcform
