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
#include "model/recovery.h"

namespace arcform {

struct ApplyContext;

/// What keeps the next node of a cloud from being touched: the time since its ring last changed,
/// nodes that we took down and that have not joined again, nodes that have just been restarted and
/// are not ready or not warm yet, and an ensemble that has only just found its leader. It is kept
/// in ZooKeeper (one small znode per cloud in use), written before a node is touched and after, so
/// that the next run honours what this one has begun.
class Rollouts {
 public:
  explicit Rollouts(asio::io_context& loop) : turn_(loop, 1) {}

  /// Why no further step may start; empty: it may.
  using WhyNot = std::function<std::string()>;

  /// Whether a step may begin.
  enum class Turn {
    now,
    later,  ///< not by ApplyContext::look_by: the world is to be looked at first
  };
  /// Waits until the step may begin, or `why_not` says that it may not. Errors: failed_precondition
  /// (a node did not warm up in time, and the spec wants that to stop the rollout), aborted (a node
  /// that was restarted has left again, or one that we took down has not joined again).
  Awaitable<Result<Turn>> await_turn(ApplyContext& context, const Step& step, WhyNot why_not);
  /// The step is about to change the ring: kept before it does. An error means: do not begin. So
  /// does one more node down than the cloud may have because of us (failed_precondition): the
  /// planner and await_turn() see to it that this never happens, and it is checked apart from them.
  Awaitable<Result<void>> begin(ApplyContext& context, const Step& step);
  /// It has ended, well or not. A node that it may have left down counts on.
  Awaitable<void> end(ApplyContext& context, const Step& step, bool done);
  /// Some step that changes the cloud's ring is under way.
  bool is_changing(const std::string& service_code) const;

 private:
  /// A node that we took down and that has not been seen joined since.
  struct Down {
    std::int64_t left = 0;   ///< czxid of the ephemeral that stood before; 0: none did
    bool in_flight = false;  ///< its step has not ended yet
  };
  struct Memory {
    std::optional<Time> loaded_under{};  ///< the lock, by when it was taken
    Time loaded_at{0};
    std::int32_t version = -1;  ///< of the znode as we know it; another one is somebody else's
    std::size_t in_flight = 0;
    bool kept_as_changing = false;
    std::map<Endpoint, RestartedNode> recent{};  ///< until they are as good as before
    std::map<Endpoint, Down> down{};
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
  Awaitable<Result<void>> take_down(ApplyContext& context, std::string code, Endpoint node);
  Awaitable<Result<void>> note_begun(ApplyContext& context, const Step& step);
  void note_ended(ApplyContext& context, const Step& step);
  /// What the step has to wait for now; nothing: it may begin.
  Awaitable<Look> look(ApplyContext& context, const Step& step, Time quiet_until);
  /// The nodes that are down because of us, but for one: the one that the step is about.
  Awaitable<Look> look_at_down(ApplyContext& context, std::string code, Endpoint but);
  std::size_t count_down(const std::string& code, Endpoint but) const;
  Awaitable<Look> look_at_recent(ApplyContext& context, std::string code, Endpoint but);
  Awaitable<void> sample(ApplyContext& context, std::string code, Endpoint node);
  /// Whether a restarted node is ready and warm; what it waits for otherwise.
  Look judge(ApplyContext& context, const std::string& code, Endpoint node);

  std::map<std::string, Memory> memories_;  ///< by service code
  Time lock_taken_{0};                      ///< `lock_ms_` by our own clock
  std::int64_t lock_ms_ = 0;  ///< when our lock was made, by the clock of the ensemble; 0: unknown
  Semaphore turn_;            ///< of loading and keeping
};

/// The node of the cloud that the spec wants up; nullptr: it does not.
const DesiredNode* wanted_node(const DesiredState& desired, const std::string& service_code,
                               Endpoint node);

/// How many nodes of the cloud may be down because of us at once.
std::size_t most_down(const DesiredState& desired, const std::string& service_code);

/// Since when the ensemble has its leader, as its servers say (`mntr`). What they do not say counts
/// from the moment at which this run took its lock.
Awaitable<Time> leader_since(ApplyContext& context);

}  // namespace arcform
