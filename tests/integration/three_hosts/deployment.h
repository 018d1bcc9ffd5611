// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/lab.h"

namespace arcform {

/// The hosts of a spec's servers, where they listen, and the nodes that its cloud is born with.
constexpr const char* kThree = R"(["cache001.arcus", "cache002.arcus", "cache003.arcus"])";
constexpr const char* kServers = "10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181";
constexpr const char* kSixNodes =
    "10.0.0.1:11211 10.0.0.1:11212 10.0.0.2:11211 10.0.0.2:11212 10.0.0.3:11211 10.0.0.3:11212";

/// Prints the name of what is tested next, and how long the step before took.
void step(const std::string& name);

/// `text` with the one place where `from` stands replaced; fails the test unless there is exactly
/// one.
std::string replaced(const std::string& text, const std::string& from, const std::string& to);
bool contains(const std::string& text, const std::string& part);
std::string example(const std::string& name);

/// Fails the test, with all that the process said, unless it ended by itself with `status`.
void require_status(const ProcessResult& result, int status);
/// The same for what must stand in its output.
void require_says(const ProcessResult& result, const std::string& text);

/// examples/three-hosts.json on lab hosts, operated with the real binary over SSH.
///
/// What stands in the example for the reader's own machine is replaced by what the lab has: the
/// identity file, known_hosts, the prefix of Arcus; and the nodes' sessionTimeout is 10 s, the
/// shortest there is, as changes of a ring are spaced by it.
class Deployment {
 public:
  explicit Deployment(int hosts);

  const Lab& lab() const { return lab_; }
  /// The spec as it is now.
  const std::string& spec() const { return spec_; }
  void edit(const std::string& from, const std::string& to) { spec_ = replaced(spec_, from, to); }
  void set_spec(std::string text) { spec_ = std::move(text); }

  /// The command that runs arcform on the spec, at the operator's place.
  std::vector<std::string> command(const std::vector<std::string>& words) const;
  ProcessResult plan() const { return run({"plan"}); }
  ProcessResult apply() const { return run({"apply", "--yes"}); }
  ProcessResult status() const { return run({"status"}); }
  ProcessResult run(const std::vector<std::string>& words) const;
  /// `apply --yes` that must end well; then another that must find nothing to do.
  /// `allow_removal`: a cloud that may lose many of its nodes.
  ProcessResult converge(const std::string& allow_removal = "") const;

  ProcessResult zk(const std::string& command, const std::string& path,
                   const std::string& data = "") const;
  bool has_znode(const std::string& path) const { return zk("get", path).status == 0; }
  /// "10.0.0.1:11211 10.0.0.1:11212" as their ephemeral znodes say.
  std::string joined(const std::string& cloud) const;
  /// The paths that have the word in them, but for the log that cache nodes write of themselves.
  std::string znodes_with(const std::string& word) const;
  std::string all_znodes() const { return zk("tree", "/arcus").out + zk("tree", "/arcform").out; }

  /// Pids on the host as text, one a line; empty: no such process.
  std::string node_pid(int host, int port) const;
  std::string server_pid(int host) const;
  std::string pids(int host, const std::string& pattern) const;
  /// The host that leads the ensemble, as its own answer to `srvr` says; 0: none.
  int leader() const;
  /// Names, sizes and times of the files, and names of the processes, of all hosts.
  std::string traces() const;

 private:
  Lab lab_;
  std::string spec_;
  std::string path_;
};

// The steps of the guide's test that are told in files of their own, in order.
void edits_do_what_they_say(Deployment& it);
void what_breaks_is_repaired(Deployment& it);
void unreachable_is_unknown(Deployment& it);

}  // namespace arcform
