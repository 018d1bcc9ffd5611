// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace arcform::stock_test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// Looks at `condition` until it holds (true) or `limit` has passed (false).
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = 10s);

using Environment = std::map<std::string, std::string>;

/// A process of the test, with its output in a file; killed and collected at the end.
class Child {
 public:
  Child(std::vector<std::string> argv, const std::string& output, const Environment& extra = {});
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&&) = delete;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// The exit status, 128 + signal if it was killed; empty if it still runs after `limit`.
  std::optional<int> exit_status(std::chrono::milliseconds limit = 10s);
  bool running() { return !exit_status(0ms); }
  std::string output() const;

 private:
  pid_t pid_;
  std::string output_;
  std::optional<int> status_;
};

/// Whether `pid` is a process that has not ended (a zombie has).
bool alive(pid_t pid);
/// Second field of /proc/PID/stat and the like.
std::string comm(pid_t pid);
std::vector<std::string> command_line(pid_t pid);
std::vector<pid_t> children_of(pid_t pid);

}  // namespace arcform::stock_test
