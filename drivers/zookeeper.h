// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <asio/io_context.hpp>

#include "drivers/world.h"

namespace arcform {

namespace zookeeper {
class Closer;
}  // namespace zookeeper

struct ZookeeperOptions {
  /// Asked for; the server keeps it within 2 to 20 of its ticks.
  std::chrono::milliseconds session_timeout{10'000};
  /// Requests of a session in flight at once; more of them wait their turn. The C client looks for
  /// trouble when thousands are queued (its wake-up pipe fills).
  std::size_t window = 256;
};

/// Real ZooKeeper ensembles, through the C client's asynchronous calls. A request ends with
/// deadline_exceeded after the session timeout (at least 5 s). A session counts as over when no
/// answer proved it alive for the negotiated timeout; the client itself says nothing of the kind
/// while no server is reachable. Destroy it before the loop; that waits, up to 4.5 s when servers
/// are gone, for sessions that are still being closed.
class ZookeeperClient : public Zookeeper {
 public:
  ZookeeperClient(asio::io_context& loop, Clock& clock, ZookeeperOptions options = {});
  ~ZookeeperClient() override;
  ZookeeperClient(const ZookeeperClient&) = delete;
  ZookeeperClient& operator=(const ZookeeperClient&) = delete;

  /// Servers are asked first how they are (srvr), so that a dead or silent one costs nothing while
  /// another serves, and the error can tell a missing quorum from a missing server. Other errors:
  /// invalid_argument (connect string), resource_exhausted. Where every server
  /// refuses the connection it waits 3 s at most.
  Awaitable<Result<std::unique_ptr<ZnodeSession>>> connect(
      std::string connect_string, std::chrono::milliseconds patience) override;

 private:
  asio::io_context& loop_;
  Clock& clock_;
  const ZookeeperOptions options_;
  const std::shared_ptr<zookeeper::Closer> closer_;
};

}  // namespace arcform
