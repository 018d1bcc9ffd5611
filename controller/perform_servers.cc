// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "controller/observe.h"
#include "controller/perform.h"

namespace arcform {
namespace {

using Answers = std::map<int, Observation<ServerAnswer>>;

bool is_serving(const Observation<ServerAnswer>& answer) {
  return answer.is_present() && answer.value().mode != ServerMode::not_serving;
}

bool leads(const Observation<ServerAnswer>& answer) {
  return answer.is_present() && answer.value().mode == ServerMode::leader;
}

const DesiredServer* find_server(const DesiredState& desired, int id) {
  for (const DesiredServer& server : desired.ensemble.servers) {
    if (server.id == id) {
      return &server;
    }
  }
  return nullptr;
}

Awaitable<void> ask_one(ApplyContext& context, int id, Answers& answers) {
  Host& host = context.host(find_server(context.desired, id)->host);
  Observation<ServerAnswer> answer =
      co_await ask_server(host, context.desired.ensemble.client_port, context.patience.answer);
  answers.insert_or_assign(id, std::move(answer));
}

Awaitable<Answers> ask_all(ApplyContext& context, std::vector<int> ids) {
  Answers answers;
  TaskGroup tasks(context.world.loop);
  for (const int id : ids) {
    tasks.spawn(ask_one(context, id, answers));
  }
  co_await tasks.join();
  co_return answers;
}

std::vector<int> all_ids(const DesiredState& desired) {
  std::vector<int> ids;
  for (const DesiredServer& server : desired.ensemble.servers) {
    ids.push_back(server.id);
  }
  return ids;
}

std::string describe_answers(const Answers& answers) {
  std::string text;
  for (const auto& [id, answer] : answers) {
    text += fmt::format("{}server {} {}", text.empty() ? "" : ", ", id,
                        leads(answer)         ? "leads"
                        : is_serving(answer)  ? "follows"
                        : answer.is_present() ? "serves nobody"
                        : answer.is_absent()  ? "does not answer"
                                              : "is unknown (" + answer.why() + ")");
  }
  return text;
}

/// Last words of the servers that do not serve, for the error.
Awaitable<std::string> words_of_silent(ApplyContext& context, Answers answers) {
  std::string text;
  for (const auto& [id, answer] : answers) {
    if (!is_serving(answer)) {
      const std::string words =
          co_await last_words_of(context, find_server(context.desired, id)->host, server_slot(id));
      text += fmt::format("; server {}{}", id, words.substr(1));
    }
  }
  co_return text;
}

Awaitable<Result<void>> await_quorum(ApplyContext& context, std::vector<int> ids) {
  const Time deadline = context.world.clock.now() + context.patience.quorum;
  std::chrono::milliseconds step{20};
  while (true) {
    Answers answers = co_await ask_all(context, ids);
    const auto leaders = std::count_if(answers.begin(), answers.end(),
                                       [](const auto& entry) { return leads(entry.second); });
    const auto serving = std::count_if(answers.begin(), answers.end(),
                                       [](const auto& entry) { return is_serving(entry.second); });
    if (leaders == 1 && serving == static_cast<std::ptrdiff_t>(ids.size())) {
      co_return Result<void>();
    }
    if (context.world.clock.now() >= deadline) {
      const std::string state = describe_answers(answers);
      const std::string words = co_await words_of_silent(context, std::move(answers));
      co_return Error{
          ErrorCode::deadline_exceeded,
          fmt::format("no quorum with a leader after {} s: {}{}; check that ports {} and {} are "
                      "open between the servers",
                      context.patience.quorum.count() / 1000, state, words,
                      context.desired.ensemble.quorum_port,
                      context.desired.ensemble.election_port)};
    }
    co_await context.pause(step);
  }
}

/// Waits until the started process answers on its client port, or has ended.
Awaitable<Result<void>> await_server(ApplyContext& context, const StartServer& action,
                                     ProcessIdentity process) {
  Host& host = context.host(action.host);
  const Time deadline = context.world.clock.now() + context.patience.server_start;
  std::chrono::milliseconds step{50};
  while (true) {
    const Observation<ServerAnswer> answer =
        co_await ask_server(host, action.client_port, context.patience.answer);
    if (answer.is_present()) {
      co_return Result<void>();
    }
    const Result<bool> alive = co_await host.is_alive(process);
    if (!alive) {
      co_return alive.error();
    }
    const bool late = context.world.clock.now() >= deadline;
    if (!*alive || late) {
      const std::string words =
          co_await last_words_of(context, action.host, server_slot(action.id));
      co_return Error{
          *alive ? ErrorCode::deadline_exceeded : ErrorCode::failed_precondition,
          fmt::format("server {} on {} {}{}", action.id, action.host,
                      *alive ? "does not answer on its client port" : "exited at once", words)};
    }
    co_await context.pause(step);
  }
}

/// Without `id`, do the others that serve still make a quorum?
Result<void> check_quorum_without(const Answers& answers, int id, std::size_t servers) {
  const auto others = std::count_if(answers.begin(), answers.end(), [id](const auto& entry) {
    return entry.first != id && is_serving(entry.second);
  });
  if (static_cast<std::size_t>(others) * 2 <= servers) {
    return Error{ErrorCode::failed_precondition,
                 fmt::format("stopping server {} would leave {} of {} servers serving, which is no "
                             "quorum: {}; repair the others first",
                             id, others, servers, describe_answers(answers))};
  }
  return {};
}

/// Servers that serve nobody may all be stopped at once, but an election looks the same for a few
/// seconds: refuses when a majority serves by then, or may for all that is known.
Awaitable<Result<void>> check_no_quorum(ApplyContext& context) {
  const std::vector<int> ids = all_ids(context.desired);
  const Time deadline = context.world.clock.now() + context.patience.election;
  std::chrono::milliseconds step{100};
  while (true) {
    const Answers answers = co_await ask_all(context, ids);
    const auto may_serve = std::count_if(answers.begin(), answers.end(), [](const auto& entry) {
      return entry.second.is_unknown() || is_serving(entry.second);
    });
    if (static_cast<std::size_t>(may_serve) * 2 > ids.size()) {
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
  const std::vector<int> ids = all_ids(context.desired);
  const Answers answers = co_await ask_all(context, ids);
  const Result<void> safe = check_quorum_without(answers, action.start->id, ids.size());
  if (!safe) {
    co_return safe.error();
  }
  if (!action.leader && leads(answers.at(action.start->id))) {
    co_return Error{
        ErrorCode::aborted,
        fmt::format("server {} leads by now, and the leader is restarted last", action.start->id)};
  }
  const Result<void> stopped = co_await stop_process(context, *action.stop);
  if (!stopped) {
    co_return stopped.error();
  }
  const Result<void> started = co_await perform_action(context, *action.start);
  if (!started) {
    co_return started.error();
  }
  auto quorum = co_await await_quorum(context, ids);
  co_return quorum;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const AwaitQuorum& action) {
  const Result<void> quorum = co_await await_quorum(context, action.servers);
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
