// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace arcform::sim {

/// One command of a scenario file and what it is expected to print:
///
///   # Comments and empty lines come before a command.
///   spec three.json
///   "count": 1 -> "count": 2
///   ----
///   ok
///
/// The expected text ends at an empty line.
struct Command {
  std::vector<std::string> before;  ///< comments and empty lines, as they are
  std::string line;                 ///< "spec three.json"
  std::vector<std::string> body;    ///< further lines up to "----"
  std::string expected;             ///< each line ends with a newline
};

/// Throws std::runtime_error when a command has no "----".
std::vector<Command> parse_scenario(std::string_view text);
/// The file with other expected texts; what is left at its end goes too.
std::string write_scenario(const std::vector<Command>& commands);

}  // namespace arcform::sim
