// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "examples/stock-node/fd.h"
#include "examples/stock-node/identity.h"
#include "examples/stock-node/membership.h"
#include "examples/stock-node/options.h"
#include "tests/arcus_double/client.h"
#include "tests/sim/sim_admin.h"

namespace arcform::stock {

/// The port of a node: taken from the start, answered only once it has joined. Failure 71: taken.
Outcome<Fd> listen_on(const Options& options);

/// A node that has its place and its port, until it ends. What a test wants to know of it or wants
/// it to do stands in files of the folder `var` of its prefix: `ended` gets a line "PORT HOW" when
/// it ends ("shutdown", "SIGTERM"), and `PORT.deaf` says what it does not listen to ("shutdown",
/// "SIGTERM", or both).
class Server {
 public:
  Server(const Options& options, const Log& log, Fd listener, std::string folder);

  /// Joins its cloud; nothing: it has none, or is a member now.
  std::optional<Failure> join();
  /// Serves until it ends; its exit status.
  int run(const Fd& signals);

 private:
  using Clock = std::chrono::steady_clock;

  bool is_deaf(const std::string& to) const;
  std::optional<int> look_at(const Fd& signals, short listener, short membership);
  std::optional<int> follow_membership();
  std::optional<int> drain();
  void accept_one();
  std::string admin(const std::string& line);
  std::string shut_down(const std::vector<std::string>& words);
  std::string rejoin();
  std::string stats() const;
  std::string stats_zookeeper() const;
  sim::NodeAdmin::Process process();
  int end(const std::string& how);

  const Options& options_;
  const Log& log_;
  Fd listener_;
  std::string folder_;
  sim::NodeAdmin admin_;
  std::optional<Membership> membership_;
  std::optional<Identity> identity_;
  std::vector<Endpoint> servers_;  ///< of the ensemble
  std::list<Client> clients_;
  Store store_;
  std::uint32_t held_mb_ = 0;  ///< never falls
  Clock::time_point begun_ = Clock::now();
  bool draining_ = false;
  bool fixed_drain_ = false;  ///< as long as was said
  Clock::time_point drain_until_;
  std::size_t clients_before_ = 0;
};

}  // namespace arcform::stock
