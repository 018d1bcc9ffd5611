// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "controller/lock.h"
#include "controller/progress.h"
#include "controller/rollout.h"
#include "controller/upload_meter.h"
#include "controller/world.h"
#include "drivers/task_group.h"
#include "model/desired.h"
#include "model/plan.h"

namespace arcform {

/// How long single waits of an apply may take.
struct ApplyPatience {
  std::chrono::milliseconds connect{10'000};  ///< a session with a serving ensemble
  std::chrono::milliseconds answer{2'000};    ///< one reply of a server or node
  std::chrono::milliseconds server_start{30'000};
  std::chrono::milliseconds quorum{60'000};
  std::chrono::milliseconds election{5'000};      ///< before servers count as unable to agree
  std::chrono::milliseconds node_drain{6'000};    ///< between `shutdown` and SIGTERM
  std::chrono::milliseconds node_stop{10'000};    ///< between SIGTERM and SIGKILL
  std::chrono::milliseconds join_margin{15'000};  ///< beyond the node's session timeout
  std::chrono::milliseconds lock{12'000};         ///< for the lock of an apply that may have died
};

/// Everything that steps share while a deployment is being applied; one per apply, kept over its
/// rounds. All of it is used from one thread.
struct ApplyContext {
  World world;
  const DesiredState& desired;
  EnsembleSession& session;
  Progress& progress;
  ApplyPatience patience;
  std::string holder;          ///< for the lock: "ann@ops1 pid 4711"
  std::uint64_t revision = 0;  ///< the last applied one, as observed
  std::vector<std::string> allow_removal;
  std::size_t parallel = 32;
  bool asks_turn = true;  ///< a watching controller that holds the lock is asked to let it go

  std::unique_ptr<DeploymentLock> lock;
  Time lock_taken{0};                            ///< when the lock was taken
  std::set<std::string> in_use;                  ///< clouds in which nodes stood when last seen
  std::map<std::string, Time> last_ring_change;  ///< by service code
  std::map<std::string, std::set<std::string>> joined_before;  ///< see note_joined()
  UploadMeter uploads;
  /// What was found in releases that this apply installed, by host and prefix.
  std::map<std::pair<std::string, std::string>, ObservedPackage> installed;
  const Plan* plan = nullptr;   ///< of the pass that runs
  Time deadline = Time::max();  ///< no new step starts after it
  /// A step that would wait for its turn beyond this is left to the next round, which looks first.
  Time look_by = Time::max();
  bool interrupted = false;  ///< no new step may start
  Rollouts rollouts;         ///< what keeps the next node from being touched

  ApplyContext(World world_in, const DesiredState& desired_in, EnsembleSession& session_in,
               Progress& progress_in)
      : world(world_in),
        desired(desired_in),
        session(session_in),
        progress(progress_in),
        uploads(world_in.clock, progress_in),
        rollouts(world_in.loop),
        lock_turn_(world_in.loop, 1) {}

  /// The deployment's lock; taken at the first call, when an ensemble serves. Errors:
  /// already_exists (held by another), failed_precondition (it was ours and is lost), unavailable.
  Awaitable<Result<DeploymentLock*>> locked();
  /// Whoever changes `lock` holds this.
  Awaitable<Semaphore::Permit> lock_turn_permit() { return lock_turn_.acquire(); }
  /// Waits `step` longer each time, up to `longest`: for conditions on the other side.
  Awaitable<void> pause(std::chrono::milliseconds& step,
                        std::chrono::milliseconds longest = std::chrono::milliseconds(250));

  Host& host(const std::string& name);
  /// Our folder on that host.
  std::string directory_on(const std::string& name) const;
  /// Where a ZooKeeper server on that host is asked.
  std::vector<Endpoint> server_endpoints(const std::string& name) const;
  /// Hosts outside the spec, from the last observation's records.
  std::map<std::string, DesiredHost> other_hosts;

 private:
  /// Announces (or takes back) that an apply waits for the lock.
  Awaitable<void> ask_turn(ZnodeSession& live, bool wanted);

  Semaphore lock_turn_;
};

}  // namespace arcform
