// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "drivers/task_group.h"
#include "drivers/world.h"
#include "model/plan.h"

namespace arcform {

struct ApplyContext;

/// What keeps the next node of a cloud from being touched: the time since its ring last changed,
/// nodes that have just been restarted and are not ready or not warm yet, and an ensemble that has
/// only just found its leader. It is kept in ZooKeeper (one small znode per cloud in use), written
/// before a node is touched and after, so that the next run honours what this one has begun.
class Rollouts {
 public:
  explicit Rollouts(asio::io_context& loop) : turn_(loop, 1) {}

  /// Why no further step may start; empty: it may.
  using WhyNot = std::function<std::string()>;

  /// Waits until the step may begin, or `why_not` says that it may not. Errors: failed_precondition
  /// (a node did not warm up in time, and the spec wants that to stop the rollout), aborted (a node
  /// that was restarted has left again).
  Awaitable<Result<void>> await_turn(ApplyContext& context, const Step& step, WhyNot why_not);
  /// The step is about to change the ring: kept before it does. An error means: do not begin.
  Awaitable<Result<void>> begin(ApplyContext& context, const Step& step);
  /// It has ended, well or not.
  Awaitable<void> end(ApplyContext& context, const Step& step);

 private:
  /// Hits and misses of a node at one moment.
  struct Sample {
    Time at{0};
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
  };
  /// A node that has been restarted, until it is as good as before.
  struct Recent {
    Time at{0};
    std::optional<double> hit_ratio{};  ///< before it was stopped
    bool in_flight = false;             ///< its step has not ended yet
    std::vector<Sample> samples{};
  };
  struct Memory {
    bool loaded = false;
    Time loaded_at{0};
    std::size_t in_flight = 0;
    bool kept_as_changing = false;
    std::map<Endpoint, Recent> recent{};
  };
  /// Something to wait for; `text` tells of it, again and again when it changes with time.
  struct Wait {
    Time until{0};
    std::string text;
    bool changes = false;
  };
  using Look = Result<std::optional<Wait>>;

  Awaitable<void> read_clock(ApplyContext& context);
  void take_over(ApplyContext& context, const std::string& code, const std::string& data);
  Awaitable<Result<void>> load(ApplyContext& context, std::string code);
  Awaitable<Result<void>> keep(ApplyContext& context, std::string code);
  /// What the step has to wait for now; nothing: it may begin.
  Awaitable<Look> look(ApplyContext& context, std::string code, bool ring, Time quiet_until);
  Awaitable<Look> look_at_recent(ApplyContext& context, std::string code);
  Awaitable<void> sample(ApplyContext& context, std::string code, Endpoint node);
  /// Whether a restarted node is ready and warm; what it waits for otherwise.
  Look judge(ApplyContext& context, const std::string& code, Endpoint node);

  std::map<std::string, Memory> memories_;  ///< by service code
  Time lock_taken_{0};                      ///< `lock_ms_` by our own clock
  std::int64_t lock_ms_ = 0;  ///< when our lock was made, by the clock of the ensemble; 0: unknown
  Semaphore turn_;            ///< of loading and keeping
};

/// The hit ratio between two readings; nothing: there were no gets.
std::optional<double> hit_ratio(std::uint64_t hits, std::uint64_t misses);

/// How long nodes of the cloud live on in ZooKeeper without a sign: their longest session timeout.
/// One such time after a join the other nodes scrub the keys that have moved.
std::chrono::seconds settle_time(const DesiredState& desired, const std::string& service_code);

/// Since when the ensemble has its leader, as its servers say (`mntr`). What they do not say counts
/// from the moment at which this run took its lock.
Awaitable<Time> leader_since(ApplyContext& context);

}  // namespace arcform
