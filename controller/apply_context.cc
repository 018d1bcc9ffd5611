// SPDX-License-Identifier: Apache-2.0
#include "controller/apply_context.h"

#include <algorithm>

#include "controller/observe.h"
#include "model/znodes.h"
#include "specs/records.h"

namespace arcform {
namespace {

/// Long enough to take a lock at another try, whatever the patience.
constexpr std::chrono::seconds kRace{1};

}  // namespace

Awaitable<Result<DeploymentLock*>> ApplyContext::locked() {
  const Semaphore::Permit turn = co_await lock_turn_.acquire();
  if (lock != nullptr) {
    if (!lock->alive()) {
      co_return Error{ErrorCode::failed_precondition,
                      "the lock's ZooKeeper session is lost; run the command again"};
    }
    co_return lock.get();
  }
  const Time until = world.clock.now() + patience.lock;
  std::chrono::milliseconds step{10};
  bool told = false;
  while (true) {
    const auto live = co_await session.session(patience.connect);
    if (!live) {
      co_return live.error();
    }
    LockRequest request{desired.deployment, holder, world.clock.timestamp()};
    auto taken = co_await DeploymentLock::acquire(**live, std::move(request));
    if (taken) {
      lock = std::move(*taken);
      lock_taken = world.clock.now();
      if (told) {
        co_await ask_turn(**live, false);
      }
      co_return lock.get();
    }
    const bool held = taken.error().code == ErrorCode::already_exists;
    // Another was faster: the next try says who, or finds it given back.
    const bool raced = taken.error().code == ErrorCode::aborted;
    const Time last = raced ? until + kRace : until;
    if (!(held || raced) || world.clock.now() >= last || interrupted) {
      co_return taken.error();
    }
    if (held && !told) {
      progress.waiting(taken.error().message);
      told = true;
      co_await ask_turn(**live, true);
    }
    co_await pause(step);
  }
}

Awaitable<void> ApplyContext::ask_turn(ZnodeSession& live, bool wanted) {
  if (!asks_turn) {
    co_return;
  }
  std::vector<ZnodeChange> changes;
  const std::string path = znodes::turn(desired.deployment);
  if (wanted) {
    changes.push_back({ZnodeChange::Kind::create_ephemeral, path,
                       write_lock({holder, world.clock.timestamp()}), -1});
  } else {
    changes.push_back({ZnodeChange::Kind::remove, path, "", -1});
  }
  // In vain only when another apply waits as well, or the session is over: no reason to stop.
  const Result<void> asked = co_await live.commit(std::move(changes));
  static_cast<void>(asked.has_value());
}

Awaitable<void> ApplyContext::pause(std::chrono::milliseconds& step,
                                    std::chrono::milliseconds longest) {
  const Time until = world.clock.now() + step;
  step = std::min(step * 3 / 2, longest);
  co_await world.clock.wait_until(until);
}

std::string ApplyContext::directory_on(const std::string& name) const {
  const DesiredHost* const found = desired.host(name);
  return directory_of(found != nullptr ? *found : other_hosts.at(name), desired.deployment);
}

std::vector<Endpoint> ApplyContext::server_endpoints(const std::string& name) const {
  const DesiredHost* const found = desired.host(name);
  return arcform::server_endpoints(found != nullptr ? *found : other_hosts.at(name), desired);
}

Host& ApplyContext::host(const std::string& name) {
  const DesiredHost* const found = desired.host(name);
  Host& host =
      world.hosts.host(found != nullptr ? *found : other_hosts.at(name), desired.deployment);
  host.fence(lock != nullptr ? lock->fence() : Fence{});
  return host;
}

}  // namespace arcform
