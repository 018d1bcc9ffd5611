// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "drivers/world.h"
#include "tests/sim/sim_ensemble.h"

namespace arcform::sim {

class SimSession;

/// Sessions of the controller with the simulated ensemble.
class SimZookeeper final : public Zookeeper {
 public:
  /// `session_timeout` is what sessions ask for. Must outlive its sessions.
  SimZookeeper(SimCore& core, Ensemble& ensemble, std::chrono::milliseconds session_timeout)
      : core_(core), ensemble_(ensemble), session_timeout_(session_timeout) {}

  Awaitable<Result<std::unique_ptr<ZnodeSession>>> connect(
      std::string connect_string, std::chrono::milliseconds patience) override;

  /// The controller sleeps for so long while the world goes on; its sessions send no heartbeat.
  void suspend(Time pause);
  /// Ids of the sessions that are open, sorted.
  std::vector<std::int64_t> sessions() const;
  /// What Fault::foreign_write does, just before a commit of these changes.
  std::function<void(const std::vector<ZnodeChange>&)> on_foreign_write;

 private:
  friend class SimSession;

  SimCore& core_;
  Ensemble& ensemble_;
  std::chrono::milliseconds session_timeout_;
  std::set<SimSession*> open_;
};

/// One such session. Its fate is the ensemble's; faults strike at each request.
class SimSession final : public ZnodeSession, public SessionUser {
 public:
  SimSession(SimZookeeper& zookeeper, std::vector<Endpoint> addresses);
  ~SimSession() override;
  SimSession(const SimSession&) = delete;
  SimSession& operator=(const SimSession&) = delete;

  Awaitable<Result<std::optional<Znode>>> read(std::string path) override;
  Awaitable<Result<std::optional<std::vector<std::string>>>> children(std::string path) override;
  Awaitable<Result<void>> sync() override;
  std::chrono::milliseconds session_timeout() const override;
  bool alive() const override;
  Awaitable<Result<void>> commit(std::vector<ZnodeChange> changes) override;
  std::int64_t session_id() const override { return id_; }
  Awaitable<void> close() override;

  void on_connection(bool connected) override;
  void on_expired() override;
  void on_gone(const std::string& /*path*/) override {}

 private:
  /// The way to the server: time passes, faults strike. `subject`: "read /arcus".
  Awaitable<Result<void>> reach(std::string subject);
  Result<void> usable(const std::string& subject) const;
  /// The znode as this read sees it; nullopt: there is none.
  std::optional<TreeNode> look(const std::string& path, const std::string& subject);
  void end();

  SimZookeeper& zookeeper_;
  SimCore& core_;
  Ensemble& ensemble_;
  std::int64_t id_ = 0;
  Time timeout_{0};
  bool closed_ = false;
  bool expired_ = false;
  std::optional<Time> silent_since_;  ///< disconnected since
};

}  // namespace arcform::sim
