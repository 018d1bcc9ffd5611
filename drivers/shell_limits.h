// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "model/result.h"

/// What all shells agree on.
namespace arcform {

/// Per output stream of a script, and per answer of a port.
inline constexpr std::size_t kShellOutputMax = std::size_t{1} << 20;

/// What /bin/sh is given with -c to run a script of `size` bytes that comes first on its standard
/// input: a shell that reads its own script from there reads ahead, dd does not.
inline std::string run_from_input(std::size_t size) {
  return "eval \"$(dd bs=1 count=" + std::to_string(size) + " 2>/dev/null)\"";
}

inline Error too_much_output() {
  return Error{ErrorCode::resource_exhausted, "more than 1 MB of output"};
}

/// A host that forwards nothing is asked straight, but not past the one that leads to it: `jump`.
inline Error no_way_behind(const std::string& jump) {
  return Error{ErrorCode::unavailable,
               "sshd does not forward connections (AllowTcpForwarding), and behind " + jump +
                   " there is no other way to its ports; allow forwarding there"};
}

/// Where `text` ends when it is cut right after the first `end`; npos while that is not there.
/// `searched` bytes were looked at before.
inline std::size_t find_end(std::string_view text, std::string_view end, std::size_t searched) {
  const std::size_t from = searched < end.size() ? 0 : searched - end.size() + 1;
  const std::size_t at = text.find(end, from);
  return at == std::string_view::npos ? at : at + end.size();
}

}  // namespace arcform
