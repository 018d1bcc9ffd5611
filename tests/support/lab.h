// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/run_process.h"

namespace arcform {

/// Hosts of its own out of tests/lab/lab, with the stock-node example installed at kPrefix on each.
/// They end with this object. What a test process that died left behind is taken down by the next
/// lab. Needs root. Failures throw std::runtime_error.
class Lab {
 public:
  /// Where the Arcus of the lab's hosts is installed.
  static constexpr const char* kPrefix = "/home/arcus/arcus";

  explicit Lab(int hosts);
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  /// The lab's folder on this machine: keys/, known_hosts, hosts/<host>/home.
  const std::string& folder() const { return folder_; }
  /// A folder of this machine for the test's own files; removed with the lab.
  const std::string& scratch() const { return scratch_; }
  int hosts() const { return hosts_; }
  /// "cache001.arcus"
  static std::string host(int number);

  /// The command that runs `argv` at the operator's place: what is signalled is `argv` itself.
  std::vector<std::string> at_operator(const std::vector<std::string>& argv) const;
  ProcessResult run(const std::vector<std::string>& argv,
                    std::chrono::milliseconds limit = std::chrono::seconds(60)) const;
  /// Runs a shell command on a host as `user`.
  ProcessResult exec(int number, const std::string& command,
                     const std::string& user = "root") const;
  /// A command of the lab itself ("cut", "cache003"); throws when it fails.
  void command(const std::vector<std::string>& words) const;
  /// Commands that sshd has run on a host so far.
  std::size_t commands_run(int number) const;

 private:
  std::string name_;
  std::string folder_;
  std::string scratch_;
  int hosts_;
};

}  // namespace arcform
