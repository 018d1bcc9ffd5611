// SPDX-License-Identifier: Apache-2.0
#include "controller/ensemble_health.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/observe.h"
#include "controller/perform.h"
#include "model/answers.h"
#include "model/znodes.h"

namespace arcform {
namespace {

Awaitable<void> ask_one(ApplyContext& context, ServerPlace place, ServerAnswers& answers) {
  Host& host = context.host(place.host);
  const std::vector<Endpoint> at = context.server_endpoints(place.host);
  Observation<ServerAnswer> answer = co_await ask_server(host, at, context.patience.answer);
  answers.insert_or_assign(place.id, std::move(answer));
}

/// Whether those of the list that serve, without one, are a majority of it.
bool is_majority(const std::vector<ServerPlace>& places, const ServerAnswers& answers,
                 bool ServerPlace::*votes, int without, std::string& text) {
  std::size_t size = 0;
  std::size_t serving = 0;
  for (const ServerPlace& place : places) {
    size += place.*votes ? 1U : 0U;
    serving += place.*votes && place.id != without && is_serving(answers.at(place.id)) ? 1U : 0U;
  }
  text = fmt::format("{} of {}", serving, size);
  return serving * 2 > size || size == 0;
}

/// Last words of the servers that do not serve, for the error.
Awaitable<std::string> words_of_silent(ApplyContext& context, std::vector<ServerPlace> places,
                                       ServerAnswers answers) {
  std::string text;
  for (const ServerPlace& place : places) {
    if (!place.host.empty() && !is_serving(answers.at(place.id))) {
      const std::string words = co_await last_words_of(context, place.host, server_slot(place.id));
      text += fmt::format("; server {}{}", place.id, words.substr(1));
    }
  }
  co_return text;
}

/// Children of cache_list/<svc>; asked again while the session moves to another server.
Awaitable<Result<std::set<std::string>>> joined_names(ApplyContext& context, std::string code) {
  const Time deadline = context.world.clock.now() + context.patience.connect;
  std::chrono::milliseconds step{20};
  while (true) {
    const auto live = co_await locked_session(context);
    if (!live) {
      co_return live.error();
    }
    const auto names = co_await (*live)->children(znodes::cache_list(code));
    if (names) {
      std::set<std::string> found;
      if (*names) {
        found.insert((*names)->begin(), (*names)->end());
      }
      co_return std::move(found);
    }
    if (context.world.clock.now() >= deadline || advice(names.error().code) == Advice::stop) {
      co_return names.error();
    }
    co_await context.pause(step);
  }
}

/// Whether a step of the plan that runs starts, stops or moves this node.
bool is_touched(const ApplyContext& context, const std::string& code, const std::string& name) {
  const auto endpoint = znodes::joined_endpoint(name);
  return context.plan != nullptr && endpoint &&
         std::any_of(context.plan->steps.begin(), context.plan->steps.end(), [&](const Step& step) {
           return cloud_of(step.action) == code && subject(step.action) == endpoint->text();
         });
}

}  // namespace

bool is_serving(const Observation<ServerAnswer>& answer) {
  return answer.is_present() && answer.value().mode != ServerMode::not_serving;
}

bool leads(const Observation<ServerAnswer>& answer) {
  return answer.is_present() && answer.value().mode == ServerMode::leader;
}

std::string describe_answers(const ServerAnswers& answers) {
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

Awaitable<Result<ZnodeSession*>> locked_session(ApplyContext& context) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  ZnodeSession* const live = context.session.live();
  if (live == nullptr || !(*lock)->is_on(live)) {
    co_return Error{ErrorCode::failed_precondition,
                    "the lock's ZooKeeper session is lost; run the command again"};
  }
  co_return live;
}

std::vector<ServerPlace> places_of_spec(const DesiredState& desired) {
  std::vector<ServerPlace> places;
  for (const DesiredServer& server : desired.ensemble.servers) {
    places.push_back({server.id, server.host, true, true});
  }
  return places;
}

Awaitable<ServerAnswers> ask_all(ApplyContext& context, std::vector<ServerPlace> places) {
  ServerAnswers answers;
  TaskGroup tasks(context.world.loop);
  for (const ServerPlace& place : places) {
    if (place.host.empty()) {
      answers.emplace(place.id, Observation<ServerAnswer>::unknown("its host is not in the spec"));
    } else {
      tasks.spawn(ask_one(context, place, answers));
    }
  }
  co_await tasks.join();
  co_return answers;
}

Awaitable<Result<void>> check_margin(ApplyContext& context, std::vector<ServerPlace> places,
                                     ServerAnswers answers, int without) {
  for (bool ServerPlace::*const votes : {&ServerPlace::before, &ServerPlace::after}) {
    std::string count;
    if (!is_majority(places, answers, votes, without, count)) {
      co_return Error{
          ErrorCode::failed_precondition,
          fmt::format("{} would leave {} servers serving, which is no quorum: {}; repair the "
                      "others first",
                      without == 0 ? "this" : fmt::format("stopping server {}", without), count,
                      describe_answers(answers))};
    }
  }
  std::vector<const ServerPlace*> leaders;
  std::uint32_t follow = 0;
  for (const ServerPlace& place : places) {
    if (leads(answers.at(place.id))) {
      leaders.push_back(&place);
    } else if (is_serving(answers.at(place.id))) {
      ++follow;
    }
  }
  if (leaders.size() != 1) {
    co_return Error{ErrorCode::aborted, fmt::format("{} servers lead: {}; plan again",
                                                    leaders.size(), describe_answers(answers))};
  }
  Host& host = context.host(leaders.front()->host);
  const std::vector<Endpoint> at = context.server_endpoints(leaders.front()->host);
  const Result<std::string> reply = co_await ask_word(host, at, "mntr", context.patience.answer);
  if (!reply) {
    co_return reply.error();
  }
  // One that does not answer `mntr` (its zoo.cfg is not ours yet) leaves the mode that each server
  // tells: a server that follows has been in sync once.
  const std::optional<std::uint32_t> synced = parse_synced_followers(*reply);
  if (synced && *synced < follow) {
    co_return Error{ErrorCode::failed_precondition,
                    fmt::format("only {} of {} followers are in sync with server {}, which leads",
                                *synced, follow, leaders.front()->id)};
  }
  co_return Result<void>();
}

Awaitable<Result<void>> await_serving(ApplyContext& context, std::vector<ServerPlace> places,
                                      std::vector<int> ids, bool led_elsewhere) {
  const Time deadline = context.world.clock.now() + context.patience.quorum;
  std::chrono::milliseconds step{20};
  while (true) {
    ServerAnswers answers = co_await ask_all(context, places);
    const auto leaders = std::count_if(answers.begin(), answers.end(),
                                       [](const auto& entry) { return leads(entry.second); });
    const bool serving =
        std::all_of(ids.begin(), ids.end(), [&](int id) { return is_serving(answers.at(id)); });
    if ((leaders == 1 || (leaders == 0 && led_elsewhere)) && serving) {
      co_return Result<void>();
    }
    if (context.world.clock.now() >= deadline) {
      const std::string state = describe_answers(answers);
      const std::string words = co_await words_of_silent(context, places, std::move(answers));
      co_return Error{
          ErrorCode::deadline_exceeded,
          fmt::format("no quorum with a leader after {} s: {}{}; check that ports {} and {} are "
                      "open between the servers",
                      context.patience.quorum.count() / 1000, state, words,
                      context.desired.ensemble.quorum_port,
                      context.desired.ensemble.election_port)};
    }
    co_await context.pause(step, kOften);
  }
}

Awaitable<Result<void>> note_joined(ApplyContext& context) {
  for (const DesiredCloud& cloud : context.desired.clouds) {
    if (context.joined_before.contains(cloud.service_code)) {
      continue;
    }
    auto names = co_await joined_names(context, cloud.service_code);
    if (!names) {
      co_return names.error();
    }
    context.joined_before.emplace(cloud.service_code, std::move(*names));
  }
  co_return Result<void>();
}

Awaitable<Result<void>> check_joined(ApplyContext& context) {
  for (const auto& [code, before] : context.joined_before) {
    const auto names = co_await joined_names(context, code);
    if (!names) {
      co_return names.error();
    }
    for (const std::string& name : before) {
      if (!names->contains(name) && !is_touched(context, code, name)) {
        co_return Error{
            ErrorCode::failed_precondition,
            fmt::format("cache node {} of cloud {} had joined before the servers were touched and "
                        "has not now; no other server is touched until it is back",
                        printable(name, 128), code)};
      }
    }
  }
  co_return Result<void>();
}

}  // namespace arcform
