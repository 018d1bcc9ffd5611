// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "controller/ensemble_session.h"
#include "controller/world.h"
#include "model/desired.h"

/// What people tell controllers, kept in ZooKeeper. It needs no lock: it must work while one acts.
namespace arcform {

/// Who asks, and of which deployment.
struct Request {
  std::string deployment;
  std::string by;   ///< "ann@ops1 pid 4711"
  std::string now;  ///< Clock::timestamp()
};

/// Nothing is done to `scope` for so long; a pause of the scope that stands is replaced. Returns
/// until when. Errors: invalid_argument (scope, time), those of the session.
Awaitable<Result<std::string>> pause_scope(ZnodeSession& session, Request request,
                                           std::string scope, std::chrono::seconds length,
                                           std::string reason);

/// The pauses and freezes that are written down, over or not; what nobody can read is none. Errors:
/// those of ZnodeReader.
Awaitable<Result<std::vector<Pause>>> read_pauses(ZnodeReader& reader, std::string deployment);

/// Whether there is something that `scope` covers, now or in the spec: invalid_argument when there
/// is not, with what was probably meant; else those of ZnodeReader.
Awaitable<Result<void>> check_scope(asio::io_context& loop, ZnodeReader& reader,
                                    const DesiredState& desired, std::string scope);

/// Ends the pause or freeze of `scope`, and makes watching controllers forget failures in it. Also
/// removes pauses that are over. True: there was one.
Awaitable<Result<bool>> resume_scope(ZnodeSession& session, Request request, std::string scope);

/// Approves the rollout that is published under `hash`. Errors: not_found (none waits), aborted
/// (what waits is another one by now: says its hash).
Awaitable<Result<void>> approve_rollout(ZnodeSession& session, Request request, std::string hash);

}  // namespace arcform
