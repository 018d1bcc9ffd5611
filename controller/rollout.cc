// SPDX-License-Identifier: Apache-2.0
// What a rollout remembers, and where: begin, end, load and keep.
#include "controller/rollout.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/apply_context.h"
#include "controller/observe.h"
#include "model/znodes.h"
#include "specs/records.h"

namespace arcform {
namespace {

using std::chrono::milliseconds;

/// The node that the step starts or starts again; nullptr: none.
const StartNode* started_by(const Step& step) {
  if (const auto* const restart = std::get_if<RestartNode>(&step.action)) {
    return restart->paused ? nullptr : &*restart->start;
  }
  return step.settle ? std::get_if<StartNode>(&step.action) : nullptr;
}

}  // namespace

std::optional<double> hit_ratio(std::uint64_t hits, std::uint64_t misses) {
  if (hits + misses == 0) {
    return std::nullopt;
  }
  return static_cast<double>(hits) / static_cast<double>(hits + misses);
}

std::chrono::seconds settle_time(const DesiredState& desired, const std::string& service_code) {
  std::uint16_t longest = 0;
  if (const DesiredCloud* const cloud = desired.cloud(service_code)) {
    for (const DesiredNode& node : cloud->nodes) {
      longest = std::max(longest, node.config.session_timeout_s);
    }
  }
  return std::chrono::seconds(longest);
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
  for (const RolloutRecord::Restarted& item : record->restarted) {
    const Time at = lock_ms_ == 0 ? lock_taken_ : ours(item.at_ms);
    const auto& warm = cloud->rollout.warm;
    const bool late = warm && lock_taken_ - at > Time(std::chrono::seconds(warm->timeout_s));
    if (late && record->spec_digest != context.desired.digest) {
      continue;  // That rollout is over, whatever became of it.
    }
    memories_[code].recent[item.node] = {at, item.hit_ratio, false, {{at, 0, 0}}};
  }
}

Awaitable<Result<void>> Rollouts::load(ApplyContext& context, std::string code) {
  const Semaphore::Permit turn = co_await turn_.acquire();
  Memory& memory = memories_[code];
  if (memory.loaded) {
    co_return Result<void>();
  }
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  co_await read_clock(context);
  const std::string path = znodes::rollout(context.desired.deployment, code);
  const auto found = co_await (*lock)->reader().read(path);
  if (!found) {
    co_return found.error();
  }
  memory.loaded = true;
  memory.loaded_at = context.world.clock.now();
  if (*found) {
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
      {}};
  for (const auto& [node, recent] : memory.recent) {
    record.restarted.push_back({node, theirs(recent.at), recent.hit_ratio});
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
    co_return kept.error().with("keep the state of the rollout in " + path);
  }
  memory.kept_as_changing = record.changing;
  co_return Result<void>();
}

Awaitable<Result<void>> Rollouts::begin(ApplyContext& context, const Step& step) {
  const std::string code = cloud_of(step.action);
  if (!context.in_use.contains(code)) {
    co_return Result<void>();
  }
  const Result<void> loaded = co_await load(context, code);
  if (!loaded) {
    co_return loaded.error();
  }
  Memory& memory = memories_[code];
  const DesiredCloud* const cloud = context.desired.cloud(code);
  const StartNode* const start = started_by(step);
  bool news = !memory.kept_as_changing;
  ++memory.in_flight;
  if (start != nullptr && cloud != nullptr &&
      (cloud->rollout.warm || cloud->rollout.min_ready_s > 0)) {
    std::optional<double> before;
    if (cloud->rollout.warm && std::holds_alternative<RestartNode>(step.action)) {
      const Observation<NodeCounters> counters = co_await ask_counters(
          context.host(start->host), start->node.port, context.patience.answer);
      if (counters.is_present()) {
        before = hit_ratio(counters.value().hits, counters.value().misses);
      }
    }
    Recent& recent = memory.recent[start->node];
    recent.hit_ratio = std::max(recent.hit_ratio, before);  // Still cold from the last time?
    recent.at = context.world.clock.now();
    recent.in_flight = true;
    news = true;
  }
  if (news) {
    const Result<void> kept = co_await keep(context, code);
    if (!kept) {
      --memory.in_flight;
      co_return kept.error();
    }
  }
  co_return Result<void>();
}

Awaitable<void> Rollouts::end(ApplyContext& context, const Step& step) {
  const std::string code = cloud_of(step.action);
  const auto found = memories_.find(code);
  if (found == memories_.end() || found->second.in_flight == 0) {
    co_return;
  }
  Memory& memory = found->second;
  --memory.in_flight;
  const StartNode* const start = started_by(step);
  const auto recent = start == nullptr ? memory.recent.end() : memory.recent.find(start->node);
  if (recent != memory.recent.end()) {
    recent->second.at = context.world.clock.now();
    recent->second.in_flight = false;
    recent->second.samples = {{recent->second.at, 0, 0}};
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

}  // namespace arcform
