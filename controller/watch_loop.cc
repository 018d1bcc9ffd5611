// SPDX-License-Identifier: Apache-2.0
#include "controller/watch_loop.h"

#include <algorithm>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <fmt/format.h>

#include "controller/watch_parts.h"
#include "model/pause.h"
#include "model/znodes.h"

namespace arcform {

using Kind = WatchEvent::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

Watch::Watch(World world, Zookeeper& zookeeper, DesiredState desired, std::string me,
             WatchOptions options)
    : world_(world),
      zookeeper_(zookeeper),
      options_(std::move(options)),
      journal_(world.clock, me),
      progress_(journal_, world.clock, *this),
      coordination_(world.loop, std::move(me),
                    [this](const std::string& path) { znode_changed(path); }),
      next_spec_(std::make_unique<DesiredState>(std::move(desired))),
      called_(world.loop) {
  world_.silent = &silent_;
}

Watch::~Watch() = default;

void Watch::interrupt() {
  if (in_round_) {
    followed_->context.interrupted = true;
  }
}

void Watch::cut_waits() {
  news_ = world_.clock.now();
  if (in_round_ && followed_->context.look_by != Time::max()) {
    followed_->context.look_by = news_;
  }
}

/// Nodes that join or leave while a step of ours changes their ring are that step's.
void Watch::znode_changed(const std::string& path) {
  const std::string& name = followed_->desired.deployment;
  const bool by_people = path == znodes::turn(name) || path == znodes::pauses(name) ||
                         path == znodes::resumed(name) || path == znodes::approved(name) ||
                         (recorded_.other && path == znodes::applied(name));
  if (by_people || path == znodes::controllers(name)) {
    interrupt();
  }
  const std::string rings = std::string(znodes::kCacheList) + "/";
  if (path.starts_with(rings) &&
      !followed_->context.rollouts.is_changing(path.substr(rings.size()))) {
    cut_waits();
  }
  look_again("znode", by_people);
}

void Watch::look_again(const std::string& why, bool urgent) {
  const auto [call, is_new] = calls_.try_emplace(why, world_.clock.now(), urgent);
  call->second.second |= urgent;
  if (is_new) {
    ++journal_.change().counters.triggers[why];
  }
  called_.notify_all();
}

/// What was called for before the last observation began has been seen by it.
void Watch::forget_calls_before(Time when) {
  std::erase_if(calls_, [when](const auto& call) { return call.second.first < when; });
}

void Watch::stop() {
  if (!std::exchange(stopping_, true)) {
    journal_.set_mode(WatchMode::stopping, "");
  }
  interrupt();
  called_.notify_all();
}

bool Watch::follow_spec(DesiredState desired) {
  const std::string& ours = (next_spec_ != nullptr ? *next_spec_ : followed_->desired).deployment;
  if (desired.deployment != ours) {
    refuse_spec(
        fmt::format("{}: deployment \"{}\" is another than \"{}\", which is watched; correct "
                    "it, or restart the watcher to watch that one instead",
                    desired.source, desired.deployment, ours));
    return false;
  }
  next_spec_ = std::make_unique<DesiredState>(std::move(desired));
  interrupt();
  look_again("spec", true);
  return true;
}

void Watch::refuse_spec(const std::string& why) {
  if (journal_.state().spec_error == why) {
    return;
  }
  journal_.change().spec_error = why;
  if (why.empty()) {
    journal_.publish();
    return;
  }
  ++journal_.change().counters.spec_refusals;
  journal_.note({Kind::spec_refused, "", why + " (the last good spec is kept)", "", {}});
}

/// A new spec releases what was frozen under the old one, and keeps the session where it can: with
/// the session the leadership would go.
Awaitable<void> Watch::adopt_spec() {
  if (next_spec_ == nullptr) {
    co_return;
  }
  const std::unique_ptr<Followed> before = std::move(followed_);
  const std::unique_ptr<DesiredState> spec = std::move(next_spec_);
  const std::string servers = connect_string(*spec);
  std::shared_ptr<EnsembleSession> session;
  if (before != nullptr && connect_string(before->desired) == servers) {
    session = before->kept_session;
  } else {
    session = std::make_shared<EnsembleSession>(world_.loop, zookeeper_, servers);
  }
  followed_ = std::make_unique<Followed>(world_, *spec, session, progress_);
  ApplyContext& context = followed_->context;
  context.holder = journal_.state().me;
  context.parallel = options_.parallel;
  context.asks_turn = false;
  context.patience.lock = milliseconds(0);
  journal_.change().spec_error.clear();
  if (before == nullptr) {
    co_return;
  }
  context.last_ring_change = before->context.last_ring_change;
  memory_ = release(std::move(memory_), "nodes");
  recorded_ = prefer_ours(std::move(recorded_));
  proposal_.reset();
  frozen_recorded_.clear();
  journal_.change().approval.clear();
  journal_.note(
      {Kind::spec_changed,
       "",
       fmt::format("follows {} ({:.12})", followed_->desired.source, followed_->desired.digest),
       "",
       {}});
  if (before->kept_session != session) {
    co_await before->session.close();
  }
}

/// Wakes the loop when it is time; a second late is early enough for everything that waits here.
Awaitable<void> Watch::tick() {
  const std::shared_ptr<Watch> self = shared_from_this();
  while (!ended_) {
    const Time now = world_.clock.now();
    const Time due = std::max(next_look_, now + milliseconds(10));
    co_await world_.clock.wait_until(std::min<Time>(due, now + seconds(1)));
    called_.notify_all();
  }
}

Awaitable<void> Watch::pause_until_called() {
  while (!stopping_) {
    const Time now = world_.clock.now();
    const bool urgent = std::any_of(calls_.begin(), calls_.end(),
                                    [](const auto& call) { return call.second.second; });
    if (urgent || now >= next_look_ || (!calls_.empty() && now >= not_before_)) {
      break;
    }
    co_await called_.wait();
  }
  if (!calls_.empty() && !stopping_) {
    co_await world_.clock.wait_until(world_.clock.now() + options_.gather);
  } else if (!stopping_) {
    ++journal_.change().counters.triggers["period"];
  }
}

Awaitable<void> Watch::run() {
  const std::shared_ptr<Watch> self = shared_from_this();
  journal_.note({Kind::started, "", fmt::format("watches {}", next_spec_->deployment), "", {}});
  asio::co_spawn(world_.loop, tick(), asio::detached);
  while (!stopping_) {
    co_await adopt_spec();
    const Time begun = world_.clock.now();
    co_await agree();
    if (stopping_) {
      break;
    }
    if (agreed_ && agreement_.leads && agreement_.turn.empty()) {
      if (!announced_ && followed_->session.live() != nullptr) {
        co_await announce();
      }
      co_await act();
    } else {
      co_await only_look();
    }
    forget_calls_before(begun);
    co_await pause_until_called();
  }
  ended_ = true;
  follow_hosts(false);
  if (followed_ != nullptr) {
    co_await followed_->session.close();
  }
}

Awaitable<void> Watch::abandon() {
  const std::shared_ptr<Watch> self = shared_from_this();
  ended_ = true;
  follow_hosts(false);
  if (followed_ != nullptr) {
    co_await followed_->session.close();
  }
}

/// Where a session stands: who leads, who waits, what people have said.
Awaitable<void> Watch::agree() {
  agreed_ = false;
  ZnodeSession* const session = followed_->session.live();
  tried_ = session != nullptr;
  if (!tried_) {
    follow_hosts(false);
    co_return;
  }
  const std::int64_t id = session->session_id();
  auto agreement =
      co_await coordination_.agree(*session, followed_->desired, world_.clock.timestamp());
  if (!agreement) {
    ++journal_.change().counters.zookeeper_failures;
    journal_.set_mode(WatchMode::observing, agreement.error().message);
    co_return;
  }
  agreed_ = true;
  heed(*agreement, id);
}

void Watch::heed(const Agreement& agreement, std::int64_t session) {
  const bool leads_on = journal_.state().mode == WatchMode::leading;
  const bool led = agreement_.leads && leads_on && session == led_session_;
  agreement_ = agreement;
  WatchState& state = journal_.change();
  state.controllers = agreement.controllers;
  state.leader = agreement.controllers.empty() ? "" : agreement.controllers.front();
  if (agreement.resumed_version != resumed_version_) {
    if (resumed_version_ != -2) {
      memory_ = release(std::move(memory_), agreement.resumed_scope);
      frozen_recorded_.clear();
    }
    resumed_version_ = agreement.resumed_version;
  }
  if (stopping_) {
    return;
  }
  if (agreement.leads && !led) {  // What an earlier leadership saw may be long past.
    memory_ = Damping{};
    expected_gone_.clear();
    frozen_recorded_.clear();
    led_session_ = session;
    announced_ = false;
    ++state.counters.elections_won;
    if (leads_on) {
      journal_.note({Kind::mode_changed, "", "leading again, after the session was lost", "", {}});
    }
  }
  journal_.set_mode(agreement.leads ? WatchMode::leading : WatchMode::standby, "");
  if (agreement.leads && !agreement.turn.empty()) {
    journal_.set_waiting("an apply goes first: " + agreement.turn);
  }
  follow_hosts(agreement.leads);
}

Awaitable<void> Watch::only_look() {
  journal_.begin_round();
  const Round round =
      co_await look(world_.reading(), followed_->session, followed_->desired, Policy{});
  show(round);
  const bool connected = followed_->session.live() != nullptr;
  if (!connected && !stopping_) {
    ++journal_.change().counters.zookeeper_failures;
    journal_.set_mode(WatchMode::observing, round.observed.tree.is_unknown()
                                                ? round.observed.tree.why()
                                                : "no session with ZooKeeper");
    space_out(false);
  } else if (!tried_) {
    look_again("connected", true);
  } else if (!agreed_) {  // The session lives, and cannot be heard: its servers have no quorum.
    space_out(false);
  } else {
    retry_ = Time{};
    const bool waits = agreement_.leads;  // For an apply that goes first.
    next_look_ = world_.clock.now() + (waits ? milliseconds(1000) : options_.period);
    not_before_ = world_.clock.now() + milliseconds(200);
  }
}

Awaitable<void> Watch::act() {
  journal_.begin_round();
  ApplyContext& context = followed_->context;
  context.interrupted = stopping_ || next_spec_ != nullptr;
  in_round_ = true;
  ReconcileHooks hooks;
  hooks.confirm = [](const Round&) { return true; };
  hooks.replanned = [](const Round&) {};
  hooks.narrow = [this](const Round& round, Plan plan) { return decide(round, std::move(plan)); };
  hooks.may_record = [this] { return !memory_.lost && !recorded_.other; };
  hooks.waits = false;
  const ReconcileResult result =
      co_await reconcile(context, Policy{}, hooks, std::chrono::hours(24));
  in_round_ = false;
  context.interrupted = false;
  conclude(result);
  co_await record_decisions();
}

/// Looks are spaced out while they lead nowhere.
void Watch::space_out(bool progress) {
  const Time now = world_.clock.now();
  retry_ = progress ? Time(seconds(1))
                    : std::clamp<Time>(retry_ * 2, seconds(1), Time(options_.retry_most));
  next_look_ = now + retry_;
  not_before_ = now + retry_;
}

void Watch::conclude(const ReconcileResult& result) {
  const Time now = world_.clock.now();
  journal_.change().doing.clear();
  if (result.outcome != Outcome::lock_held) {
    journal_.set_waiting("");
  }
  switch (result.outcome) {
    case Outcome::converged:
      retry_ = Time{};
      next_look_ = now + options_.period;
      not_before_ = now + milliseconds(200);
      break;
    case Outcome::interrupted:
      next_look_ = now;
      break;
    case Outcome::lock_held:
      journal_.set_waiting(result.error);
      next_look_ = now + seconds(1);
      not_before_ = next_look_;
      break;
    case Outcome::declined:
    case Outcome::blocked:
    case Outcome::failed:
    case Outcome::unknown:
    case Outcome::timed_out:
    case Outcome::stale:    // Of saved plans alone.
    case Outcome::pending:  // Likewise.
      space_out(result.steps_done > 0);
      break;
  }
  if (result.outcome == Outcome::failed && !result.error.empty()) {
    journal_.set_waiting(result.error);
  }
  if (followed_->wake) {
    next_look_ = std::min(next_look_, std::max(*followed_->wake, now + milliseconds(100)));
  }
}

}  // namespace arcform
