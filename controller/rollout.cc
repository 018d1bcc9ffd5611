// SPDX-License-Identifier: Apache-2.0
// What a rollout remembers, and where: begin, end, load and keep.
#include "controller/rollout.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/apply_context.h"
#include "controller/observe.h"
#include "controller/perform.h"
#include "model/znodes.h"
#include "specs/records.h"

namespace arcform {
namespace {

using std::chrono::milliseconds;

/// What of the action starts a node; nullptr: nothing does.
const StartNode* start_in(const Action& action) {
  const auto* const restart = std::get_if<RestartNode>(&action);
  return restart != nullptr ? &*restart->start : std::get_if<StartNode>(&action);
}

/// A node that is up, and that the action takes down and starts again.
bool takes_node_down(const Action& action) {
  const auto* const restart = std::get_if<RestartNode>(&action);
  return restart != nullptr && !restart->paused;
}

/// The node that the next one waits for once it is started; nullptr: none.
const StartNode* waited_for(const Step& step) {
  const bool waits = step.settle || takes_node_down(step.action);
  return waits ? start_in(step.action) : nullptr;
}

/// Nothing is kept of starts in a cloud that nobody uses yet.
bool is_kept(const ApplyContext& context, const Action& action) {
  return takes_node_down(action) || context.in_use.contains(cloud_of(action));
}

}  // namespace

const DesiredNode* wanted_node(const DesiredState& desired, const std::string& service_code,
                               Endpoint node) {
  const DesiredCloud* const cloud = desired.cloud(service_code);
  if (cloud == nullptr || cloud->state == RunState::stopped ||
      desired.ensemble.state == RunState::stopped) {
    return nullptr;
  }
  const auto found = std::lower_bound(
      cloud->nodes.begin(), cloud->nodes.end(), node,
      [](const DesiredNode& item, Endpoint wanted) { return item.endpoint < wanted; });
  return found != cloud->nodes.end() && found->endpoint == node ? &*found : nullptr;
}

std::size_t most_down(const DesiredState& desired, const std::string& service_code) {
  const DesiredCloud* const cloud = desired.cloud(service_code);
  return cloud == nullptr ? 1 : std::max(1U, cloud->rollout.max_unavailable);
}

/// The ensemble's time is that of its leader when it made our lock, and ours since then.
Awaitable<void> Rollouts::read_clock(ApplyContext& context) {
  if (context.lock == nullptr || lock_taken_ == context.lock_taken) {
    co_return;
  }
  const auto found = co_await context.lock->reader().read(znodes::lock(context.desired.deployment));
  lock_taken_ = context.lock_taken;
  lock_ms_ = found && *found ? (*found)->ctime_ms : 0;
}

void Rollouts::take_over(ApplyContext& context, const std::string& code, const std::string& data) {
  const auto record = read_rollout(data);
  // What nobody can read, or was cut short, may have happened a moment ago.
  const bool just_now = !record || record->changing || lock_ms_ == 0;
  const auto ours = [&](std::int64_t ms) {
    return lock_taken_ - Time(milliseconds(std::max<std::int64_t>(0, lock_ms_ - ms)));
  };
  const Time changed = just_now ? lock_taken_ : ours(record->ring_changed_ms);
  const auto [known, added] = context.last_ring_change.try_emplace(code, changed);
  known->second = std::max(known->second, changed);
  const DesiredCloud* const cloud = context.desired.cloud(code);
  if (!record || cloud == nullptr) {
    return;
  }
  Memory& memory = memories_[code];
  memory.recent.clear();
  memory.down.clear();
  for (const RolloutRecord::Down& item : record->down) {
    memory.down[item.node].left = item.left;
  }
  for (const RolloutRecord::Restarted& item : record->restarted) {
    const Time at = lock_ms_ == 0 ? lock_taken_ : ours(item.at_ms);
    const auto& warm = cloud->rollout.warm;
    const bool late = warm && lock_taken_ - at > Time(std::chrono::seconds(warm->timeout_s));
    if (late && record->spec_digest != context.desired.digest) {
      continue;  // That rollout is over, whatever became of it.
    }
    memory.recent[item.node] = {at, item.hit_ratio, false, {{at, 0, 0}}};
  }
}

/// Once per lock: before we had it, others may have.
Awaitable<Result<void>> Rollouts::load(ApplyContext& context, std::string code) {
  const Semaphore::Permit turn = co_await turn_.acquire();
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  Memory& memory = memories_[code];
  if (memory.loaded_under == context.lock_taken || memory.in_flight > 0) {
    co_return Result<void>();
  }
  co_await read_clock(context);
  const std::string path = znodes::rollout(context.desired.deployment, code);
  const auto found = co_await (*lock)->reader().read(path);
  if (!found) {
    co_return found.error();
  }
  memory.loaded_under = context.lock_taken;
  if (*found && (*found)->version != memory.version) {  // What we wrote ourselves we know better.
    memory.version = (*found)->version;
    memory.loaded_at = context.world.clock.now();
    take_over(context, code, (*found)->data);
  }
  co_return Result<void>();
}

Awaitable<Result<void>> Rollouts::keep(ApplyContext& context, std::string code) {
  const Semaphore::Permit turn = co_await turn_.acquire();
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  co_await read_clock(context);
  Memory& memory = memories_[code];
  const auto theirs = [&](Time at) { return lock_ms_ + (at - lock_taken_) / milliseconds(1); };
  const auto changed = context.last_ring_change.find(code);
  RolloutRecord record{
      context.desired.digest,
      theirs(changed == context.last_ring_change.end() ? lock_taken_ : changed->second),
      memory.in_flight > 0,
      {},
      {}};
  for (const auto& [node, recent] : memory.recent) {
    record.restarted.push_back({node, theirs(recent.at), recent.hit_ratio});
  }
  for (const auto& [node, down] : memory.down) {
    record.down.push_back({node, down.left});
  }
  const std::string path = znodes::rollout(context.desired.deployment, code);
  const auto found = co_await (*lock)->reader().read(path);
  if (!found) {
    co_return found.error();
  }
  std::vector<ZnodeChange> changes;
  if (*found) {
    changes.push_back({ZnodeChange::Kind::set, path, write_rollout(record), (*found)->version});
  } else {
    const std::string root = znodes::rollouts(context.desired.deployment);
    const auto root_found = co_await (*lock)->reader().read(root);
    if (!root_found) {
      co_return root_found.error();
    }
    if (!*root_found) {
      changes.push_back({ZnodeChange::Kind::create, root, "", -1});
    }
    changes.push_back({ZnodeChange::Kind::create, path, write_rollout(record), -1});
  }
  const Result<void> kept = co_await (*lock)->commit(std::move(changes));
  if (!kept) {
    memory.version = -1;  // Whether it was written is not known.
    co_return kept.error().with("keep the state of the rollout in " + path);
  }
  memory.version = *found ? (*found)->version + 1 : 0;
  memory.kept_as_changing = record.changing;
  co_return Result<void>();
}

/// Takes a place among the nodes of the cloud that may be down because of us.
Awaitable<Result<void>> Rollouts::take_down(ApplyContext& context, std::string code,
                                            Endpoint node) {
  Memory& memory = memories_[code];
  const std::size_t most = most_down(context.desired, code);
  if (!memory.down.contains(node) && memory.down.size() >= most) {
    co_return Error{
        ErrorCode::failed_precondition,
        fmt::format("{} nodes of cloud {} are down because of us, and maxUnavailable is {}",
                    memory.down.size(), code, most)};
  }
  memory.down[node].in_flight = true;
  const auto life = co_await find_life(context.lock->reader(), code, node);
  if (!life) {
    co_return life.error();
  }
  memory.down[node].left = *life ? (*life)->czxid : 0;
  co_return Result<void>();
}

/// What is known of the node before the step, and that the step is under way.
Awaitable<Result<void>> Rollouts::note_begun(ApplyContext& context, const Step& step) {
  const std::string code = cloud_of(step.action);
  Memory& memory = memories_[code];
  bool news = !memory.kept_as_changing;
  if (takes_node_down(step.action)) {
    const Result<void> taken = co_await take_down(context, code, start_in(step.action)->node);
    if (!taken) {
      co_return taken.error();
    }
    news = true;
  }
  const DesiredCloud* const cloud = context.desired.cloud(code);
  const StartNode* const start = waited_for(step);
  if (start != nullptr && cloud != nullptr &&
      (cloud->rollout.warm || cloud->rollout.min_ready_s > 0)) {
    std::optional<double> before;
    if (cloud->rollout.warm && takes_node_down(step.action)) {
      const Observation<NodeCounters> counters = co_await ask_counters(
          context.host(start->host), start->node.port, context.patience.answer);
      if (counters.is_present()) {
        before = hit_ratio(counters.value().hits, counters.value().misses);
      }
    }
    RestartedNode& recent = memory.recent[start->node];
    recent.hit_ratio = std::max(recent.hit_ratio, before);  // Still cold from the last time?
    recent.at = context.world.clock.now();
    recent.in_flight = true;
    news = true;
  }
  if (!news) {
    co_return Result<void>();
  }
  auto kept = co_await keep(context, code);
  co_return kept;
}

Awaitable<Result<void>> Rollouts::begin(ApplyContext& context, const Step& step) {
  const std::string code = cloud_of(step.action);
  if (!is_kept(context, step.action)) {
    co_return Result<void>();
  }
  const Result<void> loaded = co_await load(context, code);
  if (!loaded) {
    co_return loaded.error();
  }
  Memory& memory = memories_[code];
  const StartNode* const start = start_in(step.action);
  const bool was_down = start != nullptr && memory.down.contains(start->node);
  ++memory.in_flight;
  const Result<void> begun = co_await note_begun(context, step);
  if (!begun) {
    note_ended(context, step);
    if (start != nullptr && !was_down) {
      memory.down.erase(start->node);
    }
  }
  co_return begun;
}

void Rollouts::note_ended(ApplyContext& context, const Step& step) {
  Memory& memory = memories_[cloud_of(step.action)];
  --memory.in_flight;
  const StartNode* const start = start_in(step.action);
  if (start == nullptr) {
    return;
  }
  if (const auto down = memory.down.find(start->node); down != memory.down.end()) {
    down->second.in_flight = false;
  }
  const auto recent = memory.recent.find(start->node);
  if (recent != memory.recent.end() && recent->second.in_flight) {
    recent->second.at = context.world.clock.now();
    recent->second.in_flight = false;
    recent->second.samples = {{recent->second.at, 0, 0}};
  }
}

Awaitable<void> Rollouts::end(ApplyContext& context, const Step& step, bool done) {
  const std::string code = cloud_of(step.action);
  if (!is_kept(context, step.action)) {
    co_return;
  }
  note_ended(context, step);
  Memory& memory = memories_[code];
  const StartNode* const start = start_in(step.action);
  if (start != nullptr && done) {
    memory.down.erase(start->node);
  }
  if (memory.in_flight > 0) {
    co_return;  // It says "changing" until the last one has ended.
  }
  const bool possible = context.lock != nullptr && context.lock->alive();
  if (possible) {  // If it is not kept, the next run takes the change for one of just now.
    const Result<void> kept = co_await keep(context, code);
    if (!kept) {
      context.progress.waiting(kept.error().message);
    }
  }
}

bool Rollouts::is_changing(const std::string& service_code) const {
  const auto found = memories_.find(service_code);
  return found != memories_.end() && found->second.in_flight > 0;
}

}  // namespace arcform
