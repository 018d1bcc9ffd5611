// SPDX-License-Identifier: Apache-2.0
#include "drivers/zookeeper_survey.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <fmt/format.h>

#include "drivers/task_group.h"

namespace arcform::zookeeper {

namespace {

using LoopExecutor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, LoopExecutor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, LoopExecutor>;

constexpr std::string_view kQuestion = "srvr";
constexpr std::size_t kLongestAnswer = 16 * 1024;

// How long a server is asked alone. Each question costs a server about a millisecond (a connection
// and a thread), and the first one that serves is enough.
constexpr std::chrono::milliseconds kHeadStart{25};

// Shared by the questions, which may end after the survey did.
struct Survey {
  explicit Survey(asio::io_context& loop)
      : enough(loop), timer(loop.get_executor()), head_start(loop.get_executor()) {}
  std::vector<SurveyedServer> found;
  std::vector<std::unique_ptr<Socket>> sockets;
  std::size_t open = 0;
  Event enough;
  Timer timer;
  Timer head_start;  ///< of the question that was asked last

  void stop() {
    enough.set();
    timer.cancel();
    head_start.cancel();
    for (const auto& socket : sockets) {
      asio::error_code ignored;
      socket->close(ignored);
    }
  }
};

asio::ip::tcp::endpoint address_of(Endpoint server) {
  return {asio::ip::address_v4(server.ip), server.port};
}

Awaitable<ServerState> ask(Socket& socket, Endpoint server) {
  asio::error_code error;
  const asio::use_awaitable_t<LoopExecutor> token{};
  co_await socket.async_connect(address_of(server), asio::redirect_error(token, error));
  if (error == asio::error::operation_aborted || error == asio::error::timed_out) {
    co_return ServerState::silent;
  }
  if (error) {
    co_return ServerState::refused;
  }
  co_await asio::async_write(socket, asio::buffer(kQuestion), asio::redirect_error(token, error));
  std::string answer(kLongestAnswer, '\0');
  const std::size_t size =
      co_await asio::async_read(socket, asio::buffer(answer), asio::redirect_error(token, error));
  if (error == asio::error::operation_aborted) {
    co_return ServerState::silent;
  }
  answer.resize(size);
  co_return state_of(answer);
}

Awaitable<void> ask_one(std::shared_ptr<Survey> survey, std::size_t index) {
  const ServerState state = co_await ask(*survey->sockets[index], survey->found[index].server);
  survey->found[index].state = state;
  if (--survey->open == 0 || state == ServerState::serving) {
    survey->enough.set();
  }
  survey->head_start.cancel();
}

// Returns when the next server's turn has come.
Awaitable<void> give_head_start(std::shared_ptr<Survey> survey) {
  asio::error_code ended;
  const asio::use_awaitable_t<LoopExecutor> token{};
  survey->head_start.expires_after(kHeadStart);
  co_await survey->head_start.async_wait(asio::redirect_error(token, ended));
}

}  // namespace

ServerState state_of(const std::string& answer) {
  const auto says = [&answer](const char* text) { return answer.find(text) != std::string::npos; };
  if (says("not currently serving requests")) {
    return ServerState::not_serving;
  }
  if (says("Zookeeper version:") || says("is not in the whitelist")) {
    return ServerState::serving;
  }
  return ServerState::closed;
}

const char* text_of(ServerState state) {
  switch (state) {
    case ServerState::serving:
      return "serves";
    case ServerState::not_serving:
      return "has no quorum";
    case ServerState::closed:
      return "closes the connection";
    case ServerState::refused:
      return "refuses the connection";
    case ServerState::silent:
      return "does not answer";
  }
  return "";
}

Awaitable<std::vector<SurveyedServer>> survey(asio::io_context& loop, std::vector<Endpoint> servers,
                                              std::chrono::milliseconds patience) {
  const auto shared = std::make_shared<Survey>(loop);
  shared->open = servers.size();
  for (const Endpoint& server : servers) {
    shared->found.push_back({server, ServerState::silent});
    shared->sockets.push_back(std::make_unique<Socket>(loop.get_executor()));
  }
  shared->timer.expires_after(patience);
  shared->timer.async_wait([shared](const asio::error_code&) { shared->enough.set(); });
  for (std::size_t i = 0; i < servers.size() && !shared->enough.is_set(); ++i) {
    asio::co_spawn(loop.get_executor(), ask_one(shared, i), asio::detached);
    if (i + 1 < servers.size()) {
      co_await give_head_start(shared);
    }
  }
  co_await shared->enough.wait();
  std::vector<SurveyedServer> found = shared->found;
  shared->stop();
  co_return found;
}

std::vector<SurveyedServer> merge(const std::vector<SurveyedServer>& earlier,
                                  std::vector<SurveyedServer> later) {
  for (std::size_t i = 0; i < later.size() && i < earlier.size(); ++i) {
    if (later[i].state == ServerState::silent) {
      later[i].state = earlier[i].state;
    }
  }
  return later;
}

std::vector<Endpoint> best_first(const std::vector<SurveyedServer>& found) {
  std::vector<SurveyedServer> ordered = found;
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return a.state == ServerState::serving && b.state != ServerState::serving;
  });
  std::vector<Endpoint> servers;
  for (const SurveyedServer& one : ordered) {
    servers.push_back(one.server);
  }
  return servers;
}

std::string diagnosis(const std::vector<SurveyedServer>& found) {
  const auto any = [&found](ServerState state) {
    return std::any_of(found.begin(), found.end(),
                       [state](const SurveyedServer& one) { return one.state == state; });
  };
  std::string each;
  for (const SurveyedServer& one : found) {
    each += fmt::format("{}{} {}", each.empty() ? "" : ", ", one.server.text(), text_of(one.state));
  }
  if (any(ServerState::serving)) {
    return "a server answers but gives no session (" + each + ")";
  }
  return (any(ServerState::not_serving) ? "no quorum (" : "no server answers (") + each + ")";
}

}  // namespace arcform::zookeeper
