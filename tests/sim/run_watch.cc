// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/run_watch.h"

#include <algorithm>

#include <asio/co_spawn.hpp>
#include <fmt/format.h>

#include "controller/apply_saved.h"
#include "tests/sim/controller_process.h"

namespace arcform::sim {
namespace {

constexpr std::chrono::milliseconds kSessionTimeout{10'000};
constexpr std::chrono::seconds kStopPatience{15};

/// The hosts as one controller reaches them: what it said to one of them (its fence) is its own.
class OwnHosts final : public Hosts {
 public:
  explicit OwnHosts(SimWorld& world) : world_(world) {}
  Host& host(const DesiredHost& access, const std::string& deployment) override {
    std::unique_ptr<SimHost>& own = hosts_[{access.name, deployment}];
    if (own == nullptr) {
      const auto& shared = static_cast<const SimHost&>(world_.host(access, deployment));
      own = std::make_unique<SimHost>(world_.core(), world_.machine(access.name), access.name,
                                      shared.directory());
    }
    return *own;
  }

 private:
  SimWorld& world_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<SimHost>> hosts_;
};

class SilentProgress final : public Progress {
 public:
  void step_started(const Plan& /*plan*/, StepId /*step*/) override {}
  void step_done(const Plan& /*plan*/, StepId /*step*/, Time /*took*/) override {}
  void step_failed(const Plan& /*plan*/, StepId /*step*/, const Error& /*error*/) override {}
  void step_skipped(const Plan& /*plan*/, StepId /*step*/, const std::string& /*why*/) override {}
  void uploading(const UploadProgress& /*progress*/) override {}
  void waiting(const std::string& /*what*/) override {}
};

}  // namespace

struct Cast::Member {
  Member(SimWorld& world, const DesiredState& desired, const std::string& name,
         const WatchOptions& options)
      : zookeeper(world.core(), world.ensemble(), kSessionTimeout),
        hosts(world),
        loop(std::make_unique<asio::io_context>(1)),
        watch(std::make_shared<Watch>(World{*loop, world.clock(), hosts}, zookeeper, desired, name,
                                      options)) {}

  SimZookeeper zookeeper;
  OwnHosts hosts;
  std::unique_ptr<asio::io_context> loop;
  std::shared_ptr<Watch> watch;
  bool frozen = false;
  bool ended = false;
};

Cast::Cast(SimWorld& world, asio::io_context& loop, const DesiredState& desired,
           const WatchOptions& options, std::vector<Told>& told)
    : world_(world), loop_(loop), people_(loop) {
  SimClock& clock = world.core().clock();
  for (std::size_t i = 0; i < told.size(); ++i) {
    WatchOptions own = options;
    own.seed = i + 1;
    const std::string name = fmt::format("ann@ops{} pid 1", i + 1);
    members_.push_back(std::make_unique<Member>(world, desired, name, own));
    Member* const member = members_.back().get();
    member->watch->journal().listen(told[i]);
    asio::co_spawn(*member->loop, member->watch->run(), [member, &clock](std::exception_ptr why) {
      member->ended = true;
      if (why) {
        clock.fail(why);
      }
    });
  }
  clock.run_beside = [this] {
    return std::any_of(members_.begin(), members_.end(), [](const auto& member) {
      member->loop->restart();
      return !member->frozen && member->loop->poll_one() > 0;
    });
  };
}

/// As ControllerProcess ends: sessions live on, coroutines go.
Cast::~Cast() {
  SimClock& clock = world_.core().clock();
  clock.run_beside = nullptr;
  for (const auto& member : members_) {
    member->zookeeper.abandon();
  }
  clock.drop_coroutines();
  for (const auto& member : members_) {
    member->watch.reset();
    member->loop.reset();
    clock.drop_coroutines();
  }
}

Watch& Cast::watch(std::size_t which) {
  return *members_.at(which)->watch;
}

std::size_t Cast::leading() const {
  const auto found = std::find_if(members_.begin(), members_.end(), [](const auto& member) {
    return !member->frozen && member->watch->journal().state().mode == WatchMode::leading;
  });
  return found == members_.end() ? 0 : static_cast<std::size_t>(found - members_.begin());
}

void Cast::cut_off(std::size_t which, bool cut) {
  for (const std::int64_t session : members_.at(which)->zookeeper.sessions()) {
    world_.ensemble().freeze(session, cut);
  }
}

void Cast::freeze(std::size_t which) {
  members_.at(which)->frozen = true;
  cut_off(which, true);
}

void Cast::let_go(std::size_t which) {
  members_.at(which)->frozen = false;
  cut_off(which, false);
}

void Cast::command(std::function<Awaitable<void>(ZnodeSession&, Request)> does) {
  commands_.push_back(std::move(does));
  people_.spawn(run_command(commands_.size() - 1));
}

Awaitable<void> Cast::run_command(std::size_t which) {
  const auto does = commands_[which];
  std::string servers = "10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181";
  auto session = co_await world_.zookeeper().connect(servers, std::chrono::seconds(10));
  if (!session) {
    throw SimFailure("a person's command: " + session.error().message);
  }
  Request request{"seoul-prod", "bob@desk pid 7", world_.clock().timestamp()};
  co_await does(**session, std::move(request));
  co_await (*session)->close();
}

void Cast::apply(DesiredState desired, Policy policy) {
  applies_.emplace_back(std::make_unique<DesiredState>(std::move(desired)), std::move(policy));
  people_.spawn(run_apply(applies_.size() - 1, false));
}

void Cast::apply_saved(DesiredState desired, Policy policy) {
  applies_.emplace_back(std::make_unique<DesiredState>(std::move(desired)), std::move(policy));
  people_.spawn(run_apply(applies_.size() - 1, true));
}

Awaitable<void> Cast::run_apply(std::size_t which, bool saved) {
  const DesiredState& desired = *applies_[which].first;
  Policy policy = applies_[which].second;
  EnsembleSession session(loop_, world_.zookeeper(), connect_string(desired));
  OwnHosts hosts(world_);
  SilentProgress progress;
  ApplyContext context({loop_, world_.clock(), hosts}, desired, session, progress);
  context.holder = "bob@desk pid 7";
  ReconcileHooks hooks;
  hooks.confirm = [](const Round&) { return true; };
  hooks.replanned = [](const Round&) {};
  constexpr std::chrono::minutes kPatience{10};
  ReconcileResult result;
  if (saved) {
    const Round round = co_await look(context.world.reading(), session, desired, policy);
    const PlanFacts facts = facts_of(round.plan, desired, round.observed);
    const PlanToApply made{round.plan, facts};
    SavedResult ended =
        co_await arcform::apply_saved(context, policy, made, hooks.confirm, kPatience);
    result = std::move(ended.result);
  } else {
    result = co_await reconcile(context, policy, std::move(hooks), kPatience);
  }
  co_await session.close();
  applied.push_back(std::move(result));
}

Awaitable<void> tell_story(Cast& cast, Time length) {
  Clock& clock = cast.world_.clock();
  co_await clock.wait_until(clock.now() + length);
  co_await cast.people_.join();
  for (const auto& member : cast.members_) {
    if (!member->frozen) {
      member->watch->stop();
    }
  }
  const Time until = clock.now() + kStopPatience;
  for (const auto& member : cast.members_) {
    while (!member->frozen && !member->ended) {
      if (clock.now() >= until) {
        throw SimFailure("a controller that was told to stop goes on");
      }
      co_await clock.wait_until(clock.now() + std::chrono::milliseconds(10));
    }
  }
}

std::size_t Told::count(WatchEvent::Kind kind, const std::string& text, Time from) const {
  const std::vector<Time> all = times(kind, text);
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [from](Time when) { return when >= from; }));
}

Time Told::first(WatchEvent::Kind kind, const std::string& text, Time from) const {
  const std::vector<Time> all = times(kind, text);
  const auto found = std::find_if(all.begin(), all.end(), [from](Time t) { return t >= from; });
  return found == all.end() ? Time::max() : *found;
}

std::vector<Time> Told::times(WatchEvent::Kind kind, const std::string& text) const {
  std::vector<Time> out;
  for (const auto& [when, event] : events_) {
    const std::size_t found = event.text.find(text.starts_with('^') ? text.substr(1) : text);
    if (event.kind == kind && (text.starts_with('^') ? found == 0 : found != std::string::npos)) {
      out.push_back(when);
    }
  }
  return out;
}

std::string Told::text() const {
  std::string out;
  for (const auto& [when, event] : events_) {
    out += fmt::format("t={} {} {}: {}\n", seconds_text(when), name_of(event.kind), event.action,
                       event.text);
  }
  return out;
}

std::vector<Told> run_watch(SimWorld& world, const DesiredState& desired, WatchStory story) {
  std::vector<Told> told(story.controllers, Told(world.clock()));
  ControllerProcess people(world);
  Cast cast(world, people.loop(), desired, story.options, told);
  std::vector<SimClock::EventId> planned;
  for (const WatchStory::Happening& happening : story.happenings) {
    planned.push_back(
        world.core().clock().after(happening.after, happening.what, [&world, &happening, &cast] {
          world.core().note("happens: " + happening.what);
          happening.happens(cast);
        }));
  }
  people.run(tell_story(cast, story.length));
  for (const SimClock::EventId& event : planned) {
    world.core().clock().cancel(event);
  }
  return told;
}

}  // namespace arcform::sim
