// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/run_process.h"

namespace arcform {

/// One deployment on this machine with a folder and ports of its own: a ZooKeeper server and two
/// cache nodes, as good a spec as can be, which a test then spoils. What runs of it is killed at
/// the end, each by the pid and start time that its identity file names. Failures throw
/// std::runtime_error.
class Here {
 public:
  Here();
  ~Here();
  Here(const Here&) = delete;
  Here& operator=(const Here&) = delete;

  /// Parts of the spec, as JSON; write_spec() puts them together.
  std::string host = R"({ "name": "here", "address": "127.0.0.1", "transport": "local" })";
  std::string arcus;
  std::string zookeeper = "/usr/share/zookeeper";
  std::string ensemble;
  std::string clouds;
  std::string directory;  ///< ours on the host

  std::uint16_t client_port() const { return ports_[0]; }
  std::uint16_t node_port(std::size_t index) const { return ports_[3 + index]; }
  const std::string& folder() const { return folder_; }
  std::string connect_string() const;
  static const char* service_code() { return "test-cloud"; }

  void write_spec() const;
  void write_file(const std::string& name, const std::string& text, unsigned mode = 0644) const;
  /// Runs the binary in the folder, with `before` in front of its words (`env A=B`, `setpriv ...`).
  ProcessResult arcform(std::vector<std::string> words,
                        const std::vector<std::string>& before = {}) const;
  /// write_spec(), then `arcform apply --yes spec.json`.
  ProcessResult apply() const;
  ProcessResult plan() const;
  /// Ends what runs of it. The destructor does it too.
  void end_processes() const;
  /// Paths in the folder that a write left half-done: temporary files of ours.
  std::vector<std::string> leftovers() const;
  /// Text with what differs from run to run replaced: @FOLDER@, @CLIENT@, @NODE1@, times, pids.
  std::string plain(std::string text) const;
  /// What a person must learn from a run that ended badly, without progress and plan: what stderr
  /// says, what was left alone and why, which steps failed, the verdict and the exit status.
  std::string essence(const ProcessResult& result) const;

 private:
  std::string folder_;
  std::array<std::uint16_t, 5> ports_{};
};

/// A socket of the test's own that listens on 127.0.0.1: the foreign process on a port.
class ForeignListener {
 public:
  explicit ForeignListener(std::uint16_t port);
  ~ForeignListener();
  ForeignListener(const ForeignListener&) = delete;
  ForeignListener& operator=(const ForeignListener&) = delete;

 private:
  int fd_;
};

/// The essence of a run (see Here::essence) after `plain`: for tests without a Here.
std::string essence_of(const ProcessResult& result);
/// Replaces times and pids.
std::string without_times(std::string text);
/// Fails the test unless the run ended with `status` and said that somewhere.
void require(const ProcessResult& result, int status, const std::string& says);
/// Runs a command that must succeed.
void run_or_throw(std::vector<std::string> argv);

}  // namespace arcform
