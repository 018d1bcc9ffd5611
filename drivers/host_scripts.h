// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/world.h"

/// The texts that change a host (bodies for run_script). They only ever hold values quoted.
namespace arcform {

/// What our scripts return on purpose; every other status is a tool's own failure.
enum class ScriptStatus : int {
  done = 0,
  not_found = 10,
  already_exists = 11,
  permission_denied = 12,
  failed_precondition = 13,
  resource_exhausted = 14,
  unsupported = 15,
  aborted = 16,
  deadline_exceeded = 17,
};

/// Where the scripts work.
struct ScriptPlace {
  std::string directory;          ///< our folder on the host: absolute, or "~/..."
  Fence fence;                    ///< of what changes the host
  std::string shell = "/bin/sh";  ///< what the process that becomes the program runs in first
};

/// Shell functions and variables that all scripts share: `say`, `nearest`, $d (our folder), $boot;
/// refuses when /proc shows another PID namespace than the shell lives in.
std::string script_prelude(std::string_view directory);
/// Shell functions for those who own a slot for a moment: `lives`, `acquire`, `occupied`.
std::string script_of_slots();

/// `starts PID`, `lives PID TICKS`, `await_end PID TICKS HUNDREDTHS`, `nap SECONDS`, and
/// `stands PID TICKS`, which is `lives` but waits for one that is ending.
std::string_view process_functions();

/// Makes the rest of a script run only while no later epoch than the place's is known on the host.
std::string script_fence(const ScriptPlace& place);
/// Only that.
std::string fence_script(const ScriptPlace& place);

/// Prints "running BOOT PID TICKS" (it lived already) or "started BOOT PID TICKS".
std::string start_script(const StartRequest& request, const ScriptPlace& place);
/// Prints "gone" or "killed".
std::string stop_script(const StopRequest& request, const ScriptPlace& place);
/// Raises the soft limit of open files of a process to at least `files`.
std::string raise_open_files_script(const ProcessIdentity& process, std::uint64_t files,
                                    const ScriptPlace& place);
std::string forget_script(const std::string& slot, const ScriptPlace& place);
std::string set_aside_script(const std::string& slot, const std::vector<std::string>& directories,
                             const ScriptPlace& place);
/// On failure prints the index of the file that failed.
std::string write_files_script(const std::vector<FileWrite>& files, const ScriptPlace& place);
std::string last_words_script(const std::string& slot, const ScriptPlace& place);
/// Prints "alive" or "dead".
std::string is_alive_script(const ProcessIdentity& process, const ScriptPlace& place);

}  // namespace arcform
