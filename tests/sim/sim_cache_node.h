// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/sim/sim_admin.h"
#include "tests/sim/sim_machine.h"

namespace arcform::sim {

/// arcus-memcached 1.15.0 as its users see it: binds, waits for ZooKeeper up to its session
/// timeout, looks up its mapping, creates its ephemeral, serves; leaves on SIGTERM; pauses when its
/// ephemeral is deleted; exits 75 when it learns that its session expired, 71 when its port is
/// taken, 76 when it cannot join. It never notices a changed mapping. Below /opt/stock it is stock
/// memcached in the clothes of examples/stock-node.
class CacheNode final : public Program, public SessionUser {
 public:
  CacheNode(SimCore& core, Ensemble& ensemble, Machine& machine,
            const std::vector<std::string>& argv);

  void launch() override;
  void terminate() override;
  void gone() override;
  void freeze(bool frozen) override;
  std::optional<std::string> answer(std::uint16_t port, const std::string& question) override;

  void on_connection(bool connected) override;
  void on_expired() override;
  void on_gone(const std::string& path) override;

 private:
  enum class State { starting, joining, serving, paused, leaving };

  void connect();
  /// From the mapping; nothing: there is no usable one and the process has ended.
  std::optional<std::string> service_code();
  void join();
  void write_server_log();
  void leave();

  Ensemble& ensemble_;
  NodeAdmin admin_;
  std::uint16_t port_ = 0;
  std::uint32_t memory_mb_ = 0;
  Time timeout_{0};
  std::vector<Endpoint> ensemble_list_;
  bool uses_zookeeper_ = false;
  Time give_up_{0};
  State state_ = State::starting;
  bool launched_ = false;
  bool terminated_ = false;
  bool term_pending_ = false;
  bool frozen_ = false;
  std::int64_t session_ = 0;
  std::string identity_;  ///< ip:port
  std::string path_;      ///< of its ephemeral
};

/// "ip:port,ip:port"; what is not an ip:port is left out, as an unresolvable name would be.
std::vector<Endpoint> parse_endpoints(const std::string& list);

}  // namespace arcform::sim
