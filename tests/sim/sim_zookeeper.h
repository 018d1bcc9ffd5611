// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
  /// The controller has died: its sessions live on until they expire.
  void abandon();
  /// Ids of the sessions that are open, sorted.
  std::set<std::int64_t> sessions() const;
  /// What Fault::foreign_write does, just before a commit of these changes.
  std::function<void(const std::vector<ZnodeChange>&)> on_foreign_write;

 private:
  friend class SimSession;

  SimCore& core_;
  Ensemble& ensemble_;
  std::chrono::milliseconds session_timeout_;
  std::set<SimSession*> open_;
};

/// One such session; its fate is the ensemble's, faults strike at each request. Requests keep it
/// alive, so whoever opened it may drop it while one of them still waits.
class SimSession final : public SessionUser {
 public:
  using Self = std::shared_ptr<SimSession>;

  /// `name`: the connect string, for messages.
  SimSession(SimZookeeper& zookeeper, std::string name, std::vector<Endpoint> addresses);
  ~SimSession() override { end(); }
  SimSession(const SimSession&) = delete;
  SimSession& operator=(const SimSession&) = delete;

  static Awaitable<Result<std::optional<Znode>>> read(Self self, std::string path);
  static Awaitable<Result<std::optional<std::vector<std::string>>>> children(Self self,
                                                                             std::string path);
  static Awaitable<Result<void>> sync(Self self);
  static Awaitable<Result<void>> commit(Self self, std::vector<ZnodeChange> changes);
  static Awaitable<Result<void>> reconfigure(Self self, std::string joining, std::string leaving,
                                             std::uint64_t version);
  static Awaitable<void> close(Self self);

  std::chrono::milliseconds timeout() const;
  bool alive() const;
  std::int64_t id() const { return id_; }
  /// Closes it; repeating that does nothing.
  void end();

  void on_connection(bool connected) override;
  void on_expired() override;
  void on_gone(const std::string& /*path*/) override {}

 private:
  /// The way to the server: time passes, faults strike. `subject`: "read /arcus".
  static Awaitable<Result<void>> reach(Self self, std::string subject);
  Result<void> usable(const std::string& subject) const;
  /// The znode as this read sees it; nullopt: there is none.
  std::optional<TreeNode> look(const std::string& path, const std::string& subject);
  Error error(ErrorCode code, const std::string& subject, const std::string& why) const;

  SimZookeeper& zookeeper_;
  SimCore& core_;
  Ensemble& ensemble_;
  std::string name_;
  std::int64_t id_ = 0;
  Time timeout_{0};
  bool closed_ = false;
  bool expired_ = false;
  std::optional<Time> silent_since_;  ///< the last proof of life, while there is no connection
};

}  // namespace arcform::sim
