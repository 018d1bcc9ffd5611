// SPDX-License-Identifier: Apache-2.0
#include "controller/pause_guard.h"

#include <algorithm>

#include "controller/pauses.h"
#include "model/pause.h"

namespace arcform {
namespace {

/// Often enough for somebody who pauses and waits a moment; seldom enough for thousands of steps.
constexpr std::chrono::seconds kFresh{2};

}  // namespace

Awaitable<Result<std::string>> PauseGuard::why_not(const Action& action) {
  const Clock& clock = context_.world.clock;
  // Without a lock there is no ensemble that could tell.
  if (context_.lock != nullptr && clock.now() - read_at_ >= Time(kFresh)) {
    const Time now = clock.now();
    Result<std::vector<Pause>> found =
        co_await read_pauses(context_.lock->reader(), context_.desired.deployment);
    if (!found) {
      co_return found.error().with("whether it is paused");
    }
    pauses_ = holding(*found, clock.timestamp(), context_.desired.digest);
    read_at_ = now;
  }
  const auto pause = std::find_if(pauses_.begin(), pauses_.end(), [&action](const Pause& one) {
    return !one.until.empty() && covers(one, action);
  });
  co_return pause == pauses_.end() ? "" : why_paused(*pause);
}

}  // namespace arcform
