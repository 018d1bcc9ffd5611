// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/shell.h"
#include "drivers/waiting.h"

namespace arcform {

/// A program to run on this machine.
struct ChildRequest {
  std::vector<std::string> argv;     ///< argv[0] is looked up on the PATH
  std::string input;                 ///< its standard input, then end of file
  std::shared_ptr<ByteSource> more;  ///< what follows the input; nullptr: nothing
  /// Not zero: the deadline is so long after the last byte that went either way.
  std::chrono::milliseconds stall{0};
  std::string directory;   ///< to run in; empty: ours
  std::string stop_after;  ///< not empty: done once this was read from its standard output
  /// Not zero: end of file only once nothing came back for so long after `input`; `linger_talking`
  /// after it has said something.
  std::chrono::milliseconds linger_silent{0};
  std::chrono::milliseconds linger_talking{0};
  /// Given its standard output as it comes; false: it is killed, and done.
  std::function<bool(std::string_view)> on_output;
  std::chrono::milliseconds silence{0};  ///< with on_output: no output for so long is an error
  bool own_group = true;                 ///< false: it may read from our terminal
};

struct ChildOutcome {
  ShellOutput output;
  int exit_status = 0;   ///< 128 + signal when one ended it
  bool stopped = false;  ///< `stop_after` was seen; the child was killed and has no exit status
};

/// Runs a program without a shell and without our descriptors, until both of its output streams are
/// closed and it has ended. A child that is not waited for any more (deadline, too much output, the
/// coroutine destroyed) is killed with its process group and reaped. Errors, without a subject:
/// not_found (no such program), resource_exhausted (output above kShellOutputMax, no descriptors),
/// deadline_exceeded.
Awaitable<Result<ChildOutcome>> run_child(asio::io_context& loop, ChildRequest request,
                                          Instant until);

}  // namespace arcform
