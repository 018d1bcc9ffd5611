// SPDX-License-Identifier: Apache-2.0
#include "controller/hook_queue.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace arcform {
namespace {

using Kind = WatchEvent::Kind;

/// Whether the same again says nothing new; a change of state always does.
bool is_trouble(Kind kind) {
  switch (kind) {
    case Kind::spec_refused:
    case Kind::action_failed:
    case Kind::action_skipped:
    case Kind::withheld:
    case Kind::waiting:
    case Kind::node_gone:
    case Kind::alarm:
      return true;
    case Kind::started:
    case Kind::spec_changed:
    case Kind::mode_changed:
    case Kind::round:
    case Kind::action_started:
    case Kind::action_done:
    case Kind::converged:
    case Kind::paused:
    case Kind::resumed:
    case Kind::hook_failed:
    case Kind::hook_works:
      return false;
  }
  return false;
}

/// Whether the same event may fare better another time.
bool may_pass(ErrorCode code) {
  return code != ErrorCode::invalid_argument;
}

}  // namespace

std::chrono::seconds hook_pause(unsigned failures, const HookLimits& limits) {
  std::chrono::seconds pause = limits.pause;
  for (unsigned i = 1; i < failures && pause < limits.longest; ++i) {
    pause *= 2;
  }
  return std::min(pause, limits.longest);
}

HookQueue::HookQueue(WatchHook hook, HookLimits limits) : hook_(std::move(hook)), limits_(limits) {}

std::string HookQueue::trouble_of(const WatchEvent& event) {
  return fmt::format("{}\n{}\n{}", name_of(event.kind), event.subject, event.text);
}

bool HookQueue::wants(const WatchEvent& event) const {
  // What a hook brings about never goes to a hook, whatever the list says.
  if (event.kind == Kind::hook_failed || event.kind == Kind::hook_works) {
    return false;
  }
  return std::find(hook_.events.begin(), hook_.events.end(), name_of(event.kind)) !=
         hook_.events.end();
}

void HookQueue::offer(const WatchEvent& event, Time now) {
  if (!wants(event)) {
    return;
  }
  Waiting fresh{event, 0, 0};
  if (is_trouble(event.kind)) {
    const std::string trouble = trouble_of(event);
    const auto known = told_.find(trouble);
    if (known != told_.end() && now - known->second.at < std::chrono::seconds(hook_.repeat_s)) {
      ++known->second.held_back;
      return;
    }
    if (known != told_.end()) {
      fresh.repeats = known->second.held_back;
    } else if (told_.size() >= limits_.remembered) {
      told_.erase(std::min_element(told_.begin(), told_.end(), [](const auto& a, const auto& b) {
        return a.second.at < b.second.at;
      }));
    }
    told_[trouble] = {now, 0};
  }
  if (waiting_.empty()) {
    due_ = std::max(due_, now);
  }
  waiting_.push_back(std::move(fresh));
  make_room();
}

void HookQueue::make_room() {
  while (waiting_.size() > limits_.queue) {
    // One that is being sent stays: it may have arrived already.
    const auto first = waiting_.begin() + (sending_ ? 1 : 0);
    lose(std::min_element(first, waiting_.end(), [](const Waiting& a, const Waiting& b) {
      return severity_of(a.event.kind) < severity_of(b.event.kind);
    }));
  }
}

/// The same trouble is worth telling when it comes again: nobody has heard of it.
void HookQueue::lose(std::deque<Waiting>::iterator it) {
  told_.erase(trouble_of(it->event));
  waiting_.erase(it);
  ++lost_;
}

HookQueue::Item HookQueue::begin() {
  sending_ = true;
  announced_ = lost_;
  const Waiting& first = waiting_.front();
  return {first.event, first.repeats, announced_};
}

std::optional<HookQueue::News> HookQueue::ended(const Result<void>& result, Time now) {
  sending_ = false;
  if (result) {
    waiting_.pop_front();
    lost_ -= announced_;
    due_ = now;
    if (std::exchange(failures_, 0) == 0) {
      return std::nullopt;
    }
    const std::string lost =
        announced_ == 0 ? "" : fmt::format("; {} events were lost", announced_);
    return News{Kind::hook_works, fmt::format("hook {} takes events again{}", hook_.name, lost)};
  }
  const Error& error = result.error();
  ++failures_;
  ++waiting_.front().attempts;
  if (!may_pass(error.code) || waiting_.front().attempts >= limits_.attempts) {
    lose(waiting_.begin());
  }
  due_ = now + hook_pause(failures_, limits_);
  if (failures_ > 1) {
    return std::nullopt;
  }
  return News{Kind::hook_failed, error.message + "; the loop goes on, it is tried again"};
}

}  // namespace arcform
