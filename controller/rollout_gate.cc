// SPDX-License-Identifier: Apache-2.0
// What the next step of a rollout waits for.
#include <algorithm>

#include <fmt/format.h>

#include "controller/apply_context.h"
#include "controller/observe.h"
#include "controller/perform.h"
#include "controller/rollout.h"
#include "model/znodes.h"

namespace arcform {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Servers expire sessions once per tick.
constexpr seconds kExpiryMargin{4};
constexpr seconds kTellFirst{5};
constexpr seconds kTellMost{60};

/// Takes away a node that runs and that an earlier look judged. What only follows the word
/// "stopped" in the spec does not depend on what was seen.
bool destroys(const Step& step) {
  return std::holds_alternative<RestartNode>(step.action) ||
         (step.settle && std::holds_alternative<StopNode>(step.action));
}

std::string without_numbers(std::string text) {
  std::erase_if(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return text;
}

/// The node that the step is about.
Endpoint node_of(const Action& action) {
  if (const auto* const restart = std::get_if<RestartNode>(&action)) {
    return restart->start->node;
  }
  const auto* const stop = std::get_if<StopNode>(&action);
  return stop != nullptr ? stop->node : std::get<StartNode>(action).node;
}

/// Tells of each wait once, and of one that changes again and again, ever more rarely.
class Teller {
 public:
  Teller(Progress& progress, const Clock& clock) : progress_(progress), clock_(clock) {}
  void tell(const std::string& text, bool changes) {
    const Time now = clock_.now();
    const std::string kind = changes ? "changes" : without_numbers(text);
    const bool again = changes && now >= next_;
    if (kind == told_ && !again) {
      return;
    }
    interval_ =
        again && !told_.empty() ? std::min(interval_ * 2, Time(kTellMost)) : Time(kTellFirst);
    next_ = now + interval_;
    told_ = kind;
    progress_.waiting(text);
  }

 private:
  Progress& progress_;
  const Clock& clock_;
  std::string told_;  ///< a wait that counts down is one wait
  Time interval_{kTellFirst};
  Time next_{0};
};

}  // namespace

Awaitable<Time> leader_since(ApplyContext& context) {
  for (const DesiredServer& server : context.desired.ensemble.servers) {
    const Result<std::string> reply =
        co_await context.host(server.host)
            .ask(context.desired.ensemble.client_port, "mntr", "", context.patience.answer);
    const auto age = reply ? parse_leader_age(*reply) : std::nullopt;
    if (age) {
      co_return context.world.clock.now() - Time(*age);
    }
  }
  co_return context.lock_taken;
}

Awaitable<void> Rollouts::sample(ApplyContext& context, std::string code, Endpoint endpoint) {
  const DesiredNode* const node = wanted_node(context.desired, code, endpoint);
  if (node == nullptr) {
    memories_[code].recent.erase(endpoint);
    co_return;
  }
  Host& host = context.host(context.desired.hosts[node->host].name);
  const Observation<NodeCounters> counters =
      co_await ask_counters(host, endpoint.port, context.patience.answer);
  const auto found = memories_[code].recent.find(endpoint);
  if (!counters.is_present() || found == memories_[code].recent.end()) {
    co_return;
  }
  add_sample(found->second,
             {context.world.clock.now(), counters.value().hits, counters.value().misses});
}

Rollouts::Look Rollouts::judge(ApplyContext& context, const std::string& code, Endpoint node) {
  Memory& memory = memories_[code];
  const auto found = memory.recent.find(node);
  const DesiredCloud* const cloud = context.desired.cloud(code);
  if (found == memory.recent.end() || found->second.in_flight || cloud == nullptr) {
    return std::optional<Wait>();
  }
  RestartedNode& recent = found->second;
  const Time now = context.world.clock.now();
  Recovery found_now = judge_recovery(cloud->rollout, node, recent, memory.loaded_at, now);
  switch (found_now.state) {
    case Recovery::State::recovered:
      return std::optional<Wait>();
    case Recovery::State::settling:
      return std::optional(Wait{found_now.until, std::move(found_now.text)});
    case Recovery::State::warming:
      return std::optional(Wait{now + Time(seconds(1)), std::move(found_now.text), true});
    case Recovery::State::cold:
      break;
  }
  if (cloud->rollout.warm->stops) {
    return Error{ErrorCode::failed_precondition,
                 found_now.text +
                     "; find out why, then run the same command, or set "
                     "\"onTimeout\": \"continue\" in rollout.warm"};
  }
  context.progress.waiting(found_now.text + "; going on all the same");
  recent.hit_ratio.reset();
  return std::optional<Wait>();
}

std::size_t Rollouts::count_down(const std::string& code, Endpoint but) const {
  const auto& down = memories_.at(code).down;
  return down.size() - down.count(but);
}

/// A node that we took down takes its place until it has joined anew, whatever of it can be seen
/// meanwhile. An ephemeral that was there before says so too, but only when it stands for longer
/// than that of a process which our last step may have ended: then the step never came that far.
Awaitable<Rollouts::Look> Rollouts::look_at_down(ApplyContext& context, std::string code,
                                                 Endpoint but) {
  const auto changed = context.last_ring_change.find(code);
  const Time last = changed == context.last_ring_change.end() ? Time{0} : changed->second;
  const Time sure = last + Time(settle_time(context.desired, code)) + context.patience.node_drain +
                    context.patience.node_stop + kExpiryMargin;
  const std::map<Endpoint, Down> before = memories_[code].down;
  std::optional<Wait> wait;
  std::string gone;
  for (const auto& [node, down] : before) {
    if (down.in_flight || node == but) {
      continue;
    }
    const auto life = co_await find_life(context.lock->reader(), code, node);
    if (!life) {
      co_return life.error();
    }
    const bool joined = *life && ((*life)->czxid != down.left || context.world.clock.now() >= sure);
    if (joined || wanted_node(context.desired, code, node) == nullptr) {
      memories_[code].down.erase(node);
    } else if (!*life) {
      gone += (gone.empty() ? "" : ", ") + node.text();
    } else {
      wait = Wait{sure, fmt::format("{} may have been stopped by a step that failed: no other node "
                                    "of cloud {} is touched before that is sure",
                                    node.text(), code)};
    }
  }
  const std::size_t most = most_down(context.desired, code);
  if (count_down(code, but) < most) {
    co_return std::optional<Wait>();
  }
  if (!gone.empty()) {
    co_return Error{ErrorCode::aborted,
                    fmt::format("{} was taken down by us and has not joined cloud {} again, and "
                                "maxUnavailable is {}: find out why (can its host be reached?); "
                                "once it is back, or not in the spec any more, the rest can go on",
                                gone, code, most)};
  }
  co_return wait;
}

Awaitable<Rollouts::Look> Rollouts::look_at_recent(ApplyContext& context, std::string code,
                                                   Endpoint but) {
  const DesiredCloud* const cloud = context.desired.cloud(code);
  std::vector<Endpoint> nodes;
  for (const auto& [node, recent] : memories_[code].recent) {
    if (!recent.in_flight && !memories_[code].down.contains(node)) {
      nodes.push_back(node);
    }
  }
  std::optional<Wait> first;
  std::size_t waiting = 0;
  std::vector<Endpoint> ready;
  for (const Endpoint node : nodes) {
    if (cloud != nullptr && cloud->rollout.warm) {
      co_await sample(context, code, node);
    }
    Look one = judge(context, code, node);
    if (!one) {
      co_return one.error();
    }
    if (*one) {
      ++waiting;
      first = first ? first : *one;
    } else {
      ready.push_back(node);
    }
  }
  if (waiting > 0 && waiting + count_down(code, but) >= most_down(context.desired, code)) {
    co_return first;
  }
  for (const Endpoint node : ready) {
    memories_[code].recent.erase(node);
    const Result<std::string> child = co_await find_join(context.lock->reader(), code, node);
    if (!child) {
      co_return child.error();
    }
    if (child->empty() && wanted_node(context.desired, code, node) != nullptr) {
      co_return Error{ErrorCode::aborted,
                      fmt::format("{} was restarted and has left cloud {} again; plan again",
                                  node.text(), code)};
    }
  }
  co_return std::optional<Wait>();
}

Awaitable<Rollouts::Look> Rollouts::look(ApplyContext& context, const Step& step,
                                         Time quiet_until) {
  const std::string code = cloud_of(step.action);
  const Time now = context.world.clock.now();
  if (now < quiet_until) {
    co_return std::optional(
        Wait{quiet_until,
             fmt::format("the ensemble has only just found its leader: nodes of cloud {} are left "
                         "alone for {:.0f} s",
                         code, in_seconds(quiet_until - now))});
  }
  if (!step.settle) {
    co_return std::optional<Wait>();
  }
  const auto last = context.last_ring_change.find(code);
  if (last != context.last_ring_change.end()) {
    const Time settled = last->second + Time(settle_time(context.desired, code));
    if (now < settled) {
      co_return std::optional(
          Wait{settled, fmt::format("cloud {} settles for {:.0f} s before its next node is touched",
                                    code, in_seconds(settled - now))});
    }
  }
  const Endpoint node = node_of(step.action);
  if (destroys(step)) {
    Look down = co_await look_at_down(context, code, node);
    if (!down || *down) {
      co_return down;
    }
  }
  auto recent = co_await look_at_recent(context, code, node);
  co_return recent;
}

Awaitable<Result<Rollouts::Turn>> Rollouts::await_turn(ApplyContext& context, const Step& step,
                                                       WhyNot why_not) {
  const std::string code = cloud_of(step.action);
  if (code.empty() || (!step.settle && !destroys(step))) {
    co_return Turn::now;
  }
  const Result<void> loaded = co_await load(context, code);
  if (!loaded) {
    co_return loaded.error();
  }
  Time quiet_until{0};
  bool waited = false;
  Teller teller(context.progress, context.world.clock);
  while (why_not().empty()) {
    if (!waited && destroys(step)) {
      const Time since = co_await leader_since(context);
      quiet_until = since + Time(settle_time(context.desired, code));
    }
    const Look wait = co_await look(context, step, quiet_until);
    if (!wait) {
      co_return wait.error();
    }
    if (!*wait) {
      if (!waited) {
        break;
      }
      waited = false;  // Another leader may have been found meanwhile: from the start.
      continue;
    }
    waited = true;
    const Time next = context.world.clock.now() + Time(seconds(1));
    if ((*wait)->changes || (*wait)->until >= next) {  // What is over in a moment needs no words.
      teller.tell((*wait)->text, (*wait)->changes);
    }
    co_await context.world.clock.wait_until(std::min((*wait)->until, next));
    if (context.world.clock.now() >= context.look_by) {
      co_return Turn::later;
    }
  }
  co_return Turn::now;
}

}  // namespace arcform
