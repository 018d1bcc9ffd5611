// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace arcform {

/// The exit statuses of the command line. Stable: scripts rely on them.
enum class ExitStatus {
  done = 0,
  error = 1,
  changes_pending = 2,  ///< plan --exit-code, and there is something to do
  refused = 3,          ///< by a guard, or nobody was there to say yes
  invalid = 4,          ///< the spec or the command line
  steps_failed = 5,
  stale_plan = 6,
  lock_held = 7,
  not_converged = 8,  ///< in time
  incomplete = 9,     ///< something could not be observed
  bug = 70,
  interrupted = 130,
  terminated = 143,
};

enum class Command { validate, plan, apply, status, schema, pack };

/// What the command line asks for.
struct Options {
  Command command = Command::plan;
  std::string spec = "arcform.json";
  std::string folder;      ///< pack: what is packed
  std::string output;      ///< pack: the archive
  std::string home;        ///< of the user, for "~" in paths; not of the command line
  bool exit_code = false;  ///< plan: 2 when there are changes
  bool full = false;       ///< long lists whole
  bool yes = false;        ///< apply: do not ask
  std::size_t parallel = 32;
  std::chrono::seconds timeout{600};
  std::chrono::seconds lock_timeout{12};
  std::vector<std::string> allow_removal;
};

/// What to print and how to exit instead of running a command: help, the version, a usage error.
struct Answer {
  std::string text;
  ExitStatus status = ExitStatus::done;
};

/// Reads a command line (without the program's name). Times are written "90s", "10m", "2h" or as
/// plain seconds.
std::variant<Options, Answer> read_command_line(std::vector<std::string> arguments);

}  // namespace arcform
