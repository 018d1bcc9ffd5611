// SPDX-License-Identifier: Apache-2.0
#include "controller/ping.h"

#include <fmt/format.h>

#include "drivers/task_group.h"
#include "model/answers.h"

namespace arcform {
namespace {

using State = PingAnswer::State;

constexpr std::size_t kHostsAtOnce = 64;
constexpr std::chrono::milliseconds kAnswerPatience{2000};
constexpr std::chrono::milliseconds kSessionPatience{5000};

/// One ping under way.
struct Ping {
  ReadWorld world;
  Zookeeper& zookeeper;
  const DesiredState& desired;
  PingReport report;
};

double milliseconds(Time time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

/// Silent, or not asked at all: who refuses us may be well.
State state_after(const Error& error) {
  switch (error.code) {
    case ErrorCode::unavailable:
    case ErrorCode::deadline_exceeded:
    case ErrorCode::not_found:
      return State::silent;
    case ErrorCode::aborted:
    case ErrorCode::already_exists:
    case ErrorCode::failed_precondition:
    case ErrorCode::invalid_argument:
    case ErrorCode::permission_denied:
    case ErrorCode::unauthenticated:
    case ErrorCode::resource_exhausted:
    case ErrorCode::unsupported:
    case ErrorCode::internal:
      break;
  }
  return State::unasked;
}

void fail(PingAnswer& answer, const Error& error) {
  answer.state = state_after(error);
  answer.says = error.message;
}

const char* word_of(ServerMode mode) {
  switch (mode) {
    case ServerMode::leader:
      return "leader";
    case ServerMode::follower:
      return "follower";
    case ServerMode::observer:
      return "observer";
    case ServerMode::standalone:
      return "standalone";
    case ServerMode::not_serving:
      return "runs, but does not serve";
  }
  return "";
}

Awaitable<void> ping_server(Ping& ping, HostReader& host, PingAnswer& answer) {
  const Time begun = ping.world.clock.now();
  const Result<std::string> reply =
      co_await host.ask(ping.desired.ensemble.client_port, "srvr", "", kAnswerPatience);
  if (!reply) {
    fail(answer, reply.error());
    co_return;
  }
  const auto parsed = parse_srvr(*reply);
  answer.ms = milliseconds(ping.world.clock.now() - begun);
  const bool serves = parsed && parsed->mode != ServerMode::not_serving;
  answer.state = serves ? State::answered : State::silent;
  answer.says = parsed ? word_of(parsed->mode) : "does not answer as a ZooKeeper server does";
}

Awaitable<void> ping_node(Ping& ping, HostReader& host, Endpoint node, PingAnswer& answer) {
  const Time begun = ping.world.clock.now();
  const Result<std::string> reply =
      co_await host.ask(node.port, "version\r\n", "\r\n", kAnswerPatience);
  if (!reply) {
    fail(answer, reply.error());
    co_return;
  }
  const auto parsed = parse_node_answer(*reply);
  answer.ms = milliseconds(ping.world.clock.now() - begun);
  answer.state = parsed ? State::answered : State::silent;
  answer.says = parsed ? "version " + parsed->version : "does not answer as a cache node does";
}

/// How long the smallest command takes, in ms.
Awaitable<Result<double>> run_nothing(Ping& ping, HostReader& host) {
  const Time begun = ping.world.clock.now();
  const Result<void> done = co_await host.answers();
  if (!done) {
    co_return done.error();
  }
  co_return milliseconds(ping.world.clock.now() - begun);
}

/// Everything on one host that is to be asked: calls `ask` with the answer's place.
template <class AskServer, class AskNode>
void each_on(Ping& ping, std::size_t index, AskServer ask_server, AskNode ask_node) {
  const DesiredState& desired = ping.desired;
  for (std::size_t i = 0; i < desired.ensemble.servers.size(); ++i) {
    PingAnswer& answer = ping.report.servers[i];
    if (desired.ensemble.servers[i].host == desired.hosts[index].name &&
        answer.state != State::skipped) {
      ask_server(answer);
    }
  }
  for (std::size_t c = 0; c < desired.clouds.size(); ++c) {
    for (std::size_t i = 0; i < desired.clouds[c].nodes.size(); ++i) {
      const DesiredNode& node = desired.clouds[c].nodes[i];
      PingAnswer& answer = ping.report.nodes[c][i];
      if (node.host == index && answer.state != State::skipped) {
        ask_node(node.endpoint, answer);
      }
    }
  }
}

Awaitable<void> ping_host(Ping& ping, std::size_t index) {
  const DesiredHost& access = ping.desired.hosts[index];
  HostReader& host = ping.world.hosts.reader(access, ping.desired.deployment);
  PingAnswer& mine = ping.report.hosts[index];
  const Result<double> first = co_await run_nothing(ping, host);
  if (!first) {
    fail(mine, first.error());
    const auto leave = [](PingAnswer& answer) { answer.says = "its host was not reached"; };
    each_on(ping, index, leave, [&](Endpoint, PingAnswer& answer) { leave(answer); });
    co_return;
  }
  mine.first_ms = *first;
  const Result<double> second = co_await run_nothing(ping, host);
  if (!second) {
    fail(mine, second.error());
    co_return;
  }
  mine.ms = *second;
  mine.state = State::answered;
  TaskGroup tasks(ping.world.loop);
  each_on(
      ping, index, [&](PingAnswer& answer) { tasks.spawn(ping_server(ping, host, answer)); },
      [&](Endpoint node, PingAnswer& answer) { tasks.spawn(ping_node(ping, host, node, answer)); });
  co_await tasks.join();
}

Awaitable<void> ping_session(Ping& ping) {
  PingAnswer& answer = ping.report.session;
  const Time begun = ping.world.clock.now();
  auto session = co_await ping.zookeeper.connect(connect_string(ping.desired), kSessionPatience);
  if (!session) {
    fail(answer, session.error());
    co_return;
  }
  answer.ms = milliseconds(ping.world.clock.now() - begun);
  answer.state = State::answered;
  answer.says = "opened";
  co_await (*session)->close();
}

PingReport blank(const DesiredState& desired) {
  PingReport report;
  const bool stopped =
      desired.ensemble.external.empty() &&
      (desired.ensemble.state == RunState::stopped || desired.ensemble.servers.empty());
  const auto answer = [](bool skipped) {
    PingAnswer out;
    out.state = skipped ? State::skipped : State::unasked;
    return out;
  };
  report.hosts.resize(desired.hosts.size());
  report.servers.assign(desired.ensemble.servers.size(), answer(stopped));
  report.session = answer(stopped);
  for (const DesiredCloud& cloud : desired.clouds) {
    const bool idle = stopped || cloud.state == RunState::stopped;
    report.nodes.emplace_back(cloud.nodes.size(), answer(idle));
  }
  return report;
}

}  // namespace

Awaitable<PingReport> ping(ReadWorld world, Zookeeper& zookeeper, const DesiredState& desired) {
  Ping ping{world, zookeeper, desired, blank(desired)};
  TaskGroup tasks(world.loop, kHostsAtOnce + 1);
  if (ping.report.session.state != State::skipped) {
    tasks.spawn(ping_session(ping));
  }
  for (std::size_t i = 0; i < desired.hosts.size(); ++i) {
    tasks.spawn(ping_host(ping, i));
  }
  co_await tasks.join();
  co_return std::move(ping.report);
}

}  // namespace arcform
