// SPDX-License-Identifier: Apache-2.0
#include "controller/observe.h"
#include "drivers/task_group.h"
#include "model/answers.h"
#include "model/membership.h"

namespace arcform {

Awaitable<Result<std::string>> ask_word(HostReader& host, std::vector<Endpoint> places,
                                        std::string word, std::chrono::milliseconds patience) {
  Result<std::string> reply = Error{ErrorCode::not_found, "no address to ask"};
  for (const Endpoint place : places) {
    reply = co_await host.ask_at(place, word, "", patience);
    if (reply || reply.error().code != ErrorCode::not_found) {
      co_return reply;
    }
  }
  co_return reply;
}

namespace {

Awaitable<void> ask_into(Result<std::string>& reply, HostReader& host, std::vector<Endpoint> places,
                         std::chrono::milliseconds patience) {
  reply = co_await ask_word(host, std::move(places), "conf", patience);
}

}  // namespace

Awaitable<Observation<ServerAnswer>> ask_member(asio::io_context& loop, HostReader& host,
                                                std::vector<Endpoint> places,
                                                std::chrono::milliseconds patience) {
  Result<std::string> members = Error{ErrorCode::not_found, "not asked"};
  TaskGroup beside(loop);
  beside.spawn(ask_into(members, host, places, patience));
  Observation<ServerAnswer> answer = co_await ask_server(host, places, patience);
  co_await beside.join();
  if (answer.is_present() && answer.value().mode != ServerMode::not_serving && members) {
    answer.value().members = members_of(*members);
    answer.value().members_version = members_version_of(*members);
  }
  co_return answer;
}

Awaitable<Observation<ServerAnswer>> ask_server(HostReader& host, std::vector<Endpoint> places,
                                                std::chrono::milliseconds patience) {
  using Answer = Observation<ServerAnswer>;
  const Result<std::string> reply = co_await ask_word(host, places, "srvr", patience);
  if (!reply) {
    const ErrorCode code = reply.error().code;
    const bool silent = code == ErrorCode::not_found || code == ErrorCode::deadline_exceeded;
    co_return silent ? Answer::absent() : Answer::unknown(reply.error().message);
  }
  const auto answer = parse_srvr(*reply);
  co_return answer ? Answer::present(*answer) : Answer::absent();
}

Awaitable<Observation<NodeAnswer>> ask_node(HostReader& host, std::uint16_t port,
                                            std::chrono::milliseconds patience) {
  using Answer = Observation<NodeAnswer>;
  const Result<std::string> reply =
      co_await host.ask(port, std::string(kNodeQuestion), "", patience);
  if (!reply) {
    const ErrorCode code = reply.error().code;
    const bool silent = code == ErrorCode::not_found || code == ErrorCode::deadline_exceeded;
    co_return silent ? Answer::absent() : Answer::unknown(reply.error().message);
  }
  const auto answer = parse_node_answer(*reply);
  co_return answer ? Answer::present(*answer) : Answer::absent();
}

Awaitable<Observation<NodeCounters>> ask_counters(HostReader& host, std::uint16_t port,
                                                  std::chrono::milliseconds patience) {
  using Counters = Observation<NodeCounters>;
  const Result<std::string> reply =
      co_await host.ask(port, std::string(kCountersQuestion), "", patience);
  if (!reply) {
    co_return Counters::unknown(reply.error().message);
  }
  const auto counters = parse_node_counters(*reply);
  co_return counters ? Counters::present(*counters)
                     : Counters::unknown("its answer to `stats` has no hits and misses");
}

}  // namespace arcform
