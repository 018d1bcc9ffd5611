// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/desired.h"

namespace arcform {

/// One thing that is wrong with a spec (or, as a warning, suspicious), and what to do about it.
struct Diagnostic {
  int line = 0;  ///< from 1
  int column = 0;
  std::string path;  ///< "clouds[0].nodes[1].port"; empty: the file as a whole
  std::string what;
  std::string advice;  ///< may be empty
  bool warning = false;
  bool operator==(const Diagnostic&) const = default;
};

/// What a spec says, or why it says nothing.
struct SpecResult {
  std::optional<DesiredState> desired;  ///< only when there is no error
  std::vector<Diagnostic> diagnostics;  ///< errors and warnings, in the order of the file
};

/// Reads a whole spec: syntax, every rule on its fields and every rule across them, all in one
/// pass. Pure: `file_name` only goes into DesiredState::source. At most kDiagnosticsMax problems
/// are kept; a last one says how many more there were.
SpecResult read_spec(std::string_view text, std::string_view file_name);

/// sha256 (hex) of everything that the spec says, without file name and positions: two specs of one
/// digest ask for the same. To be taken anew when archives' checksums were filled in.
std::string spec_digest(const DesiredState& desired);

inline constexpr std::size_t kDiagnosticsMax = 1'000;

/// "file:line:column: path: what; what to do", with "warning: " before the path of a warning. One
/// line, safe for a terminal.
std::string format(const Diagnostic& diagnostic, std::string_view file_name);

}  // namespace arcform
