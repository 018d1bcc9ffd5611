// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/sim_world.h"

namespace arcform::sim {

/// Three hosts 10.0.0.1 to 10.0.0.3 ("h1" to "h3"), an ensemble of three, a cloud "test" with
/// nodes on port 11211 of each, and the direct driver calls that bring it up.
struct Deployment {
  explicit Deployment(std::uint64_t seed = 1);

  Endpoint endpoint(int host) const;
  Result<void> configure(int host);
  Result<ProcessIdentity> start_server(int host);
  Result<ProcessIdentity> start_node(int host, std::uint32_t session_timeout_s = 30);
  Result<std::string> ask_server(int host, const std::string& word);
  Result<std::string> ask_node(int host);
  std::unique_ptr<ZnodeSession> connect();
  Result<void> commit(ZnodeSession& session, std::vector<ZnodeChange> changes);
  /// Configures and starts all servers, waits for a leader.
  void start_ensemble();
  /// The Arcus tree, the cloud and the mappings of its three nodes.
  void create_tree();
  /// All of it, with every node joined.
  void start_all();

  SimWorld world;
};

DesiredState three_hosts();
ZnodeChange create(const std::string& path, const std::string& data = "");
ZnodeChange create_ephemeral(const std::string& path);
ZnodeChange set(const std::string& path, const std::string& data, std::int32_t version = -1);
ZnodeChange remove(const std::string& path, std::int32_t version = -1);
std::string host_name(int host);

}  // namespace arcform::sim
