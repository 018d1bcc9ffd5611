// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace arcform {

/// How a process ended and what it said.
struct ProcessResult {
  int status = -1;  ///< its exit status; 128 + signal if it was killed
  std::string out;
  std::string err;  ///< empty when it ran on a terminal
  std::chrono::milliseconds took{0};
  bool timed_out = false;  ///< it was still running at the deadline and was killed
};

/// A process of the test with its output captured. Killed (SIGKILL, to itself alone) and collected
/// at the end, and when the test's process dies. Failures throw std::runtime_error.
class StartedProcess {
 public:
  enum class Input { none, terminal };

  /// `argv[0]` is looked up on the PATH. With `terminal`, all three descriptors are a new
  /// pseudo terminal, which is the controlling one of a new session.
  explicit StartedProcess(std::vector<std::string> argv, Input input = Input::none);
  ~StartedProcess();
  StartedProcess(const StartedProcess&) = delete;
  StartedProcess& operator=(const StartedProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Types on its terminal.
  void type(const std::string& text) const;
  /// Reads its output until stdout has the text (true), or it ended or the time is over (false).
  bool await_output(const std::string& text, std::chrono::milliseconds limit);
  /// What stdout has said as far as it was read.
  const std::string& out() const { return result_.out; }
  /// Waits for its end; kills it at the limit.
  ProcessResult finish(std::chrono::milliseconds limit);

 private:
  bool pump(std::chrono::milliseconds limit);

  pid_t pid_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  std::chrono::steady_clock::time_point begun_;
  ProcessResult result_;
};

/// Runs a command to its end.
ProcessResult run_process(std::vector<std::string> argv,
                          std::chrono::milliseconds limit = std::chrono::seconds(60));

/// Looks at `condition` until it holds (true) or `limit` has passed (false).
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit);

}  // namespace arcform
