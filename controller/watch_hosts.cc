// SPDX-License-Identifier: Apache-2.0
// How a watching controller hears of node processes that end, and makes itself known to the hosts.
#include <algorithm>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <fmt/format.h>

#include "controller/watch_parts.h"

namespace arcform {
namespace {

/// Between attempts to follow a host; each differs from these by up to a fifth. A host that is back
/// is looked at after the longest of them and the attempt itself, at the latest.
constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{30};
/// The hosts as they are reached, and nothing else of them.
std::vector<DesiredHost> ways_to(std::vector<DesiredHost> hosts) {
  for (DesiredHost& host : hosts) {
    host.at = {};
    host.memory_mb = 0;
  }
  return hosts;
}

/// Those that are never reported (their host went away) must not pile up.
constexpr std::size_t kExpectedMax = 10'000;

}  // namespace

void Watch::follow_hosts(bool on) {
  if (!on || !options_.follow_hosts) {
    if (following_ != nullptr) {
      following_->on = false;
      following_ = nullptr;
      silent_.clear();
    }
    return;
  }
  std::vector<DesiredHost> hosts = ways_to(followed_->desired.hosts);
  const bool same = following_ != nullptr && following_->hosts == hosts;
  if (same) {
    return;
  }
  follow_hosts(false);
  following_ = std::make_shared<Following>(options_.seed);
  following_->hosts = std::move(hosts);
  following_->deployment = followed_->desired.deployment;
  for (const DesiredHost& host : following_->hosts) {
    asio::co_spawn(world_.loop, follow_host(following_, host), asio::detached);
  }
}

/// Again and again, with growing pauses that differ between hosts, so that a network that comes
/// back is not flooded.
Awaitable<void> Watch::follow_host(std::shared_ptr<Following> following, DesiredHost host) {
  const std::shared_ptr<Watch> self = shared_from_this();
  HostReader& reader = world_.hosts.reader(host, following->deployment);
  Time pause = kFirstPause;
  while (following->on) {
    bool heard = false;
    const std::function<bool(const HostNews&)> tell = [this, following, &host,
                                                       &heard](const HostNews& news) {
      heard = true;
      return on_news(following, host, news);
    };
    const Result<void> ended = co_await reader.follow(tell);
    if (!following->on) {
      co_return;
    }
    following->connected.erase(host.name);
    if (heard && !ended) {
      cut_waits();
      look_again("connection lost", false);
      pause = kFirstPause;
    } else if (!ended) {
      note_silent(host.name, ended.error().message);
    }
    const auto percent = static_cast<std::int64_t>(80 + following->random() % 41);
    co_await world_.clock.wait_until(world_.clock.now() + pause * percent / 100);
    pause = std::min<Time>(pause * 2, kLongestPause);
  }
}

bool Watch::on_news(const std::shared_ptr<Following>& following, const DesiredHost& host,
                    const HostNews& news) {
  if (!following->on) {
    return false;
  }
  following->connected.insert(host.name);
  if (silent_.erase(host.name) > 0) {
    cut_waits();
    look_again("host is back", true);
  }
  if (news.slot.empty()) {
    return true;
  }
  if (expected_gone_.erase({host.name, news.pid}) > 0) {
    return true;
  }
  const auto port = node_slot_port(news.slot);
  const auto ip = parse_ipv4(host.address);
  const std::string node = port && ip ? Endpoint{*ip, *port}.text() : news.slot;
  ++journal_.change().counters.nodes_gone;
  journal_.note(
      {WatchEvent::Kind::node_gone,
       node,
       fmt::format("the process of {} on {} has ended (pid {})", node, host.name, news.pid),
       "",
       {}});
  interrupt();
  look_again("node gone", true);
  return true;
}

/// A look would wait for it again, and all that is to be done elsewhere with it. Its follower goes
/// on trying.
void Watch::note_silent(const std::string& host, const std::string& why) {
  silent_.try_emplace(host, why + "; it is looked at again once it answers");
}

/// Those that nobody could look at and that do not report either.
void Watch::note_silent(const ObservedState& observed) {
  if (following_ == nullptr) {
    return;
  }
  for (const DesiredHost& host : following_->hosts) {
    const auto found = observed.hosts.find(host.name);
    if (found != observed.hosts.end() && found->second.is_unknown() &&
        !following_->connected.contains(host.name)) {
      note_silent(host.name, found->second.why());
    }
  }
}

/// Ends what an earlier leader may still have under way somewhere: its writes by a new epoch, and
/// its changes on the hosts by telling them of that. When the lock is held the next round does it.
Awaitable<void> Watch::announce() {
  const std::string& name = followed_->desired.deployment;
  LockRequest request{name, journal_.state().me, world_.clock.timestamp()};
  const auto lock = co_await DeploymentLock::acquire(*followed_->session.live(), request);
  if (!lock) {
    co_return;
  }
  const Fence fence = (*lock)->fence();
  const Result<void> released = co_await (*lock)->release();
  announced_ = released.has_value();
  for (const DesiredHost& host : followed_->desired.hosts) {
    asio::co_spawn(world_.loop, announce_to(host, fence), asio::detached);
  }
}

/// One that cannot be reached learns of it with the first change that we make there.
Awaitable<void> Watch::announce_to(DesiredHost access, Fence fence) {
  const std::shared_ptr<Watch> self = shared_from_this();
  Host& host = world_.hosts.host(access, followed_->desired.deployment);
  host.fence(fence);
  const Result<void> obeyed = co_await host.obey();
  static_cast<void>(obeyed.has_value());
}

/// A process that was seen alive after the step that was to end it has not been ended by us: its
/// death, when it comes, is news.
void Watch::forget_expected(const ObservedState& observed) {
  std::erase_if(expected_gone_, [&observed](const auto& expected) {
    const HostFacts* const facts = observed.host(expected.first);
    return facts != nullptr && std::any_of(facts->processes.begin(), facts->processes.end(),
                                           [pid = expected.second](const ObservedProcess& process) {
                                             return process.pid == pid;
                                           });
  });
}

void Watch::on_step_started(const Step& step) {
  const auto* const restart = std::get_if<RestartNode>(&step.action);
  const auto* const stop =
      restart != nullptr ? &*restart->stop : std::get_if<StopNode>(&step.action);
  if (stop != nullptr) {
    if (expected_gone_.size() >= kExpectedMax) {
      expected_gone_.clear();
    }
    expected_gone_.emplace(stop->host, stop->process.pid);
  }
}

void Watch::on_step_ended(const Step& step, bool done) {
  const auto* const restart = std::get_if<RestartNode>(&step.action);
  const auto* const start =
      restart != nullptr ? &*restart->start : std::get_if<StartNode>(&step.action);
  if (start == nullptr) {
    return;
  }
  const Time now = world_.clock.now();
  memory_ = done ? note_started(std::move(memory_), start->node, now)
                 : note_start_failed(std::move(memory_), start->node, now, options_.limits);
}

}  // namespace arcform
