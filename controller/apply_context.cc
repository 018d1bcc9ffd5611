// SPDX-License-Identifier: Apache-2.0
#include "controller/apply_context.h"

#include <algorithm>

#include "controller/observe.h"

namespace arcform {

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
      co_return lock.get();
    }
    const bool held = taken.error().code == ErrorCode::already_exists;
    if (!held || world.clock.now() >= until || interrupted) {
      co_return taken.error();
    }
    if (!told) {
      progress.waiting(taken.error().message);
      told = true;
    }
    co_await pause(step);
  }
}

Awaitable<void> ApplyContext::pause(std::chrono::milliseconds& step) {
  const Time until = world.clock.now() + step;
  step = std::min(step * 3 / 2, std::chrono::milliseconds(250));
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
  if (const DesiredHost* const found = desired.host(name)) {
    return world.hosts.host(*found, desired.deployment);
  }
  return world.hosts.host(other_hosts.at(name), desired.deployment);
}

}  // namespace arcform
