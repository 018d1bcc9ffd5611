// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tests/support/lab.h"

namespace arcform {

/// Three lab hosts with an ensemble and the cloud "test-cloud", two nodes a host, set up as
/// arcus.sh does it: nothing of arcform's is there.
class ArcusDeployment {
 public:
  static constexpr const char* kServers = "10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181";

  ArcusDeployment();

  ProcessResult arcform(const std::vector<std::string>& words) const;
  /// The words that say how to log in on the hosts.
  std::vector<std::string> access() const;
  std::string file(const std::string& name) const { return lab_.scratch() + "/" + name; }
  std::string read(const std::string& name) const;
  void write(const std::string& name, const std::string& text) const;

  ProcessResult zk(const std::string& command, const std::string& path,
                   const std::string& data = "") const;
  /// What runs: every pid with its command line, of nodes and servers on all hosts.
  std::string processes() const;
  std::string joined() const;
  const Lab& lab() const { return lab_; }

 private:
  void on_host(int host, const std::string& words) const;
  void start_ensemble() const;
  void register_cloud() const;

  Lab lab_;
};

}  // namespace arcform
