// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "controller/ensemble_health.h"
#include "controller/observe.h"
#include "controller/perform.h"

namespace arcform {
namespace {

Awaitable<Error> ended_while_starting(ApplyContext& context, StartServer action, bool alive) {
  const std::string words = co_await last_words_of(context, action.host, server_slot(action.id));
  co_return Error{
      alive ? ErrorCode::deadline_exceeded : ErrorCode::failed_precondition,
      fmt::format("server {} on {} {}{}", action.id, action.host,
                  alive ? "does not answer on its client port" : "exited at once", words)};
}

/// Waits until the started process answers on its client port, or has ended.
Awaitable<Result<void>> await_server(ApplyContext& context, const StartServer& action,
                                     ProcessIdentity process) {
  Host& host = context.host(action.host);
  const std::vector<Endpoint> at = context.server_endpoints(action.host);
  const Time begun = context.world.clock.now();
  const Time deadline = begun + context.patience.server_start;
  Time next_look = begun + std::chrono::milliseconds(300);
  std::chrono::milliseconds step{50};
  while (true) {
    const Observation<ServerAnswer> answer = co_await ask_server(host, at, context.patience.answer);
    if (answer.is_present()) {
      co_return Result<void>();
    }
    // A look costs the host a shell, which a Java that is coming up could use itself.
    const Time now = context.world.clock.now();
    if (now >= next_look) {
      const Result<bool> alive = co_await host.is_alive(process);
      if (!alive) {
        co_return alive.error();
      }
      if (!*alive || now >= deadline) {
        auto ended = co_await ended_while_starting(context, action, *alive);
        co_return ended;
      }
      next_look = now + std::chrono::seconds(1);
    }
    co_await context.pause(step, kOften);
  }
}

/// Servers that serve nobody may all be stopped at once, but an election looks the same for a few
/// seconds: refuses when a majority serves by then, or may for all that is known.
Awaitable<Result<void>> check_no_quorum(ApplyContext& context) {
  const std::vector<ServerPlace> places = places_of_spec(context.desired);
  const Time deadline = context.world.clock.now() + context.patience.election;
  std::chrono::milliseconds step{100};
  while (true) {
    const ServerAnswers answers = co_await ask_all(context, places);
    const auto may_serve = std::count_if(answers.begin(), answers.end(), [](const auto& entry) {
      return entry.second.is_unknown() || is_serving(entry.second);
    });
    if (static_cast<std::size_t>(may_serve) * 2 > places.size()) {
      co_return Error{ErrorCode::aborted,
                      "the ensemble serves again, so its servers are restarted one by one: " +
                          describe_answers(answers) + "; plan again"};
    }
    if (context.world.clock.now() >= deadline) {
      co_return Result<void>();
    }
    co_await context.pause(step);
  }
}

Awaitable<Result<void>> stop_process(ApplyContext& context, const StopServer& action) {
  Host& host = context.host(action.host);
  StopRequest request{server_slot(action.id), action.process, context.patience.node_stop};
  const Result<StopOutcome> stopped = co_await host.stop(std::move(request));
  if (!stopped) {
    co_return stopped.error();
  }
  co_return Result<void>();
}

}  // namespace

Awaitable<Result<void>> perform_action(ApplyContext& context, const ConfigureServer& action) {
  Host& host = context.host(action.host);
  ProbeRequest request;
  request.data_directory = action.data_directory;
  const Result<HostFacts> facts = co_await host.probe(std::move(request));
  if (!facts) {
    co_return facts.error();
  }
  const std::string id = fmt::to_string(action.id);
  if (!facts->data.myid.empty() && facts->data.myid != id) {
    co_return Error{ErrorCode::failed_precondition,
                    fmt::format("{} on {} belongs to server {} by now", action.data_directory,
                                action.host, printable(facts->data.myid, 20))};
  }
  std::vector<FileWrite> files;
  files.push_back({action.data_directory + "/myid", id + "\n", 0644});
  files.push_back({server_slot(action.id) + "/zoo.cfg", action.config, 0644});
  auto written = co_await host.write_files(std::move(files));
  co_return written;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const StartServer& action) {
  StartRequest request;
  request.slot = server_slot(action.id);
  request.argv = action.argv;
  request.digest = action.digest;
  request.port = action.client_port;
  Host& host = context.host(action.host);
  const Result<ProcessIdentity> process = co_await host.start(std::move(request));
  if (!process) {
    co_return process.error();
  }
  auto up = co_await await_server(context, action, *process);
  co_return up;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const StopServer& action) {
  if (context.desired.ensemble.state == RunState::running) {
    const Result<void> broken = co_await check_no_quorum(context);
    if (!broken) {
      co_return broken.error();
    }
  }
  // Our session dies with the servers: give the lock back while they serve.
  if (context.desired.ensemble.state == RunState::stopped && context.lock != nullptr) {
    const Semaphore::Permit turn = co_await context.lock_turn_permit();
    if (context.lock != nullptr && context.lock->alive()) {
      const Result<void> recorded = co_await record_applied(context, *context.lock);
      if (!recorded) {
        co_return recorded.error();
      }
      const Result<void> released = co_await context.lock->release();
      context.lock.reset();
      co_await context.session.close();
      if (!released) {
        co_return released.error();
      }
    }
  }
  auto stopped = co_await stop_process(context, action);
  co_return stopped;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const RestartServer& action) {
  ServerAnswers answers = co_await ask_all(context, action.members);
  const bool leader = leads(answers.at(action.start->id));
  std::vector<int> serving{action.start->id};
  for (const auto& [id, answer] : answers) {
    if (is_serving(answer) && id != action.start->id) {
      serving.push_back(id);
    }
  }
  const Result<void> safe =
      co_await check_margin(context, action.members, std::move(answers), action.start->id);
  if (!safe) {
    co_return safe.error();
  }
  if (!action.leader && leader) {
    co_return Error{
        ErrorCode::aborted,
        fmt::format("server {} leads by now, and the leader is restarted last", action.start->id)};
  }
  const Result<void> noted = co_await note_joined(context);
  if (!noted) {
    co_return noted.error();
  }
  const Result<void> stopped = co_await stop_process(context, *action.stop);
  if (!stopped) {
    co_return stopped.error();
  }
  const Result<void> started = co_await perform_action(context, *action.start);
  if (!started) {
    co_return started.error();
  }
  const Result<void> back = co_await await_serving(context, action.members, std::move(serving));
  if (!back) {
    co_return back.error();
  }
  answers = co_await ask_all(context, action.members);
  const Result<void> margin = co_await check_margin(context, action.members, std::move(answers), 0);
  if (!margin) {
    co_return margin.error();
  }
  auto joined = co_await check_joined(context);
  co_return joined;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const AwaitQuorum& action) {
  std::vector<ServerPlace> places = places_of_spec(context.desired);
  std::erase_if(places, [&action](const ServerPlace& place) {
    return std::find(action.servers.begin(), action.servers.end(), place.id) ==
           action.servers.end();
  });
  const Result<void> quorum =
      co_await await_serving(context, std::move(places), action.servers, action.led_elsewhere);
  if (!quorum) {
    co_return quorum.error();
  }
  // From here on we may write, and nobody else may.
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  co_return Result<void>();
}

}  // namespace arcform
