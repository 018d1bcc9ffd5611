// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "controller/ensemble_health.h"
#include "controller/observe.h"
#include "controller/perform.h"
#include "model/membership.h"

namespace arcform {
namespace {

constexpr const char* kConfigPath = "/zookeeper/config";

struct CommittedList {
  Members members;
  std::uint64_t version = 0;
};

/// The list that the ensemble has committed, from a session that may just be moving to another
/// server.
Awaitable<Result<CommittedList>> read_list(ApplyContext& context) {
  const Time deadline = context.world.clock.now() + context.patience.quorum;
  std::chrono::milliseconds step{50};
  while (true) {
    Error error{ErrorCode::unavailable, ""};
    const auto live = co_await locked_session(context);
    if (live) {
      const auto synced = co_await (*live)->sync();
      auto found = co_await (*live)->read(kConfigPath);
      if (synced && found && *found) {
        co_return CommittedList{members_of((*found)->data), members_version_of((*found)->data)};
      }
      error = !synced  ? synced.error()
              : !found ? found.error()
                       : Error{ErrorCode::not_found, std::string(kConfigPath) + ": is not there"};
    } else {
      error = live.error();
    }
    if (context.world.clock.now() >= deadline || advice(error.code) == Advice::stop) {
      co_return error;
    }
    co_await context.pause(step);
  }
}

std::vector<ServerPlace> that_come(const std::vector<ServerPlace>& places) {
  std::vector<ServerPlace> members;
  std::copy_if(places.begin(), places.end(), std::back_inserter(members),
               [](const ServerPlace& place) { return place.after; });
  return members;
}

/// A joiner must follow before it votes, and whoever stays must be a quorum without whoever leaves.
Awaitable<Result<void>> check_change(ApplyContext& context, const ReconfigureEnsemble& action) {
  const bool joins = !action.line.empty();
  ServerAnswers answers = co_await ask_all(context, action.members);
  const auto own = answers.find(action.server);
  if (joins && (own == answers.end() || !is_serving(own->second))) {
    co_return Error{ErrorCode::failed_precondition,
                    fmt::format("server {} on {} does not follow the ensemble yet, so it may not "
                                "join it: {}",
                                action.server, action.host, describe_answers(answers))};
  }
  auto safe = co_await check_margin(context, action.members, std::move(answers), 0);
  co_return safe;
}

/// Waits until a leader of the list that came stands and those that served still do.
Awaitable<Result<void>> await_change(ApplyContext& context, const ReconfigureEnsemble& action,
                                     std::vector<int> serving) {
  auto settled = co_await await_serving(context, that_come(action.members), std::move(serving));
  co_return settled;
}

Awaitable<Result<DeploymentLock*>> fence(ApplyContext& context) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  // A transaction of nothing but the check of the epoch.
  const auto ours = co_await (*lock)->commit({});
  if (!ours) {
    co_return ours.error();
  }
  co_return *lock;
}

Awaitable<Result<void>> change_list(ApplyContext& context, const ReconfigureEnsemble& action,
                                    std::uint64_t version) {
  const auto lock = co_await fence(context);
  if (!lock) {
    co_return lock.error();
  }
  const auto live = co_await locked_session(context);
  if (!live) {
    co_return live.error();
  }
  std::string joining;
  std::string leaving;
  if (action.line.empty()) {
    leaving = fmt::to_string(action.server);
  } else {
    joining = fmt::format("server.{}={}", action.server, action.line);
  }
  Result<void> changed =
      co_await (*live)->reconfigure(std::move(joining), std::move(leaving), version);
  if (changed) {
    co_return Result<void>();
  }
  Error error = changed.error();
  if (error.code == ErrorCode::unavailable || error.code == ErrorCode::deadline_exceeded) {
    const auto now = co_await read_list(context);  // It may have happened: a leader that left.
    if (now && now->members == *action.after) {
      co_return Result<void>();
    }
  }
  if (error.code == ErrorCode::unsupported) {
    error.message += "; its servers run without \"reconfigEnabled\"";
  } else if (error.code == ErrorCode::permission_denied) {
    error.message += "; ZooKeeper lets only its superuser do this unless its \"skipACL\" is yes";
  }
  co_return error;
}

}  // namespace

Awaitable<Result<void>> perform_action(ApplyContext& context, const ReconfigureEnsemble& action) {
  const Result<CommittedList> list = co_await read_list(context);
  if (!list) {
    co_return list.error();
  }
  if (list->members == *action.after) {
    co_return Result<void>();
  }
  if (list->members != *action.before) {
    co_return Error{ErrorCode::aborted,
                    fmt::format("the ensemble has other members than when this was planned "
                                "(version {:x}); plan again",
                                list->version)};
  }
  const ServerAnswers answers = co_await ask_all(context, action.members);
  std::vector<int> serving;
  for (const ServerPlace& place : that_come(action.members)) {
    if (is_serving(answers.at(place.id))) {
      serving.push_back(place.id);
    }
  }
  const auto safe = co_await check_change(context, action);
  if (!safe) {
    co_return safe.error();
  }
  const auto noted = co_await note_joined(context);
  if (!noted) {
    co_return noted.error();
  }
  const auto changed = co_await change_list(context, action, list->version);
  if (!changed) {
    co_return changed.error();
  }
  const auto settled = co_await await_change(context, action, std::move(serving));
  if (!settled) {
    co_return settled.error();
  }
  auto joined = co_await check_joined(context);
  co_return joined;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const RetireServer& action) {
  for (const ServerPlace& place : action.members) {
    if (place.host.empty()) {
      continue;
    }
    std::vector<Endpoint> at = context.server_endpoints(place.host);
    const auto answer = co_await ask_member(context.world.loop, context.host(place.host),
                                            std::move(at), context.patience.answer);
    if (answer.is_present() && answer.value().members.contains(action.stop->id)) {
      co_return Error{ErrorCode::aborted,
                      fmt::format("server {} still runs with server {} in its list of members; "
                                  "plan again",
                                  place.id, action.stop->id)};
    }
  }
  ServerAnswers answers = co_await ask_all(context, action.members);
  const auto margin = co_await check_margin(context, action.members, std::move(answers), 0);
  if (!margin) {
    co_return margin.error();
  }
  const auto written = co_await fence(context);  // The others commit without it.
  if (!written) {
    co_return written.error();
  }
  Host& host = context.host(action.stop->host);
  const std::string slot = server_slot(action.stop->id);
  StopRequest request{slot, action.stop->process, context.patience.node_stop};
  const Result<StopOutcome> stopped = co_await host.stop(std::move(request));
  if (!stopped) {
    co_return stopped.error();
  }
  const auto aside = co_await host.set_aside(slot, action.data_directories);
  if (!aside) {
    co_return aside.error();
  }
  auto forgotten = co_await host.forget(slot);
  co_return forgotten;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const SetDataAside& action) {
  Host& host = context.host(action.host);
  const std::string slot = server_slot(action.id);
  const auto aside = co_await host.set_aside(slot, action.data_directories);
  if (!aside) {
    co_return aside.error();
  }
  auto forgotten = co_await host.forget(slot);
  co_return forgotten;
}

}  // namespace arcform
