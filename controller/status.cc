// SPDX-License-Identifier: Apache-2.0
#include "controller/status.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "controller/command_parts.h"
#include "controller/frames.h"
#include "controller/ping.h"
#include "controller/read_tree.h"
#include "drivers/task_group.h"
#include "model/answers.h"
#include "model/nearest.h"
#include "model/zookeeper_view.h"
#include "specs/report_file.h"

namespace arcform {
namespace {

constexpr std::chrono::seconds kConnectPatience{5};
constexpr std::chrono::seconds kAnswerPatience{2};

Awaitable<Frame> look_at_spec(Machine& machine, const Options& options,
                              const DesiredState& desired) {
  EnsembleSession session(machine.world.loop, machine.zookeeper, connect_string(desired));
  const Round round = co_await look(machine.world.reading(), session, desired, Policy{});
  RenderOptions render = render_options(machine.console, options, round.took);
  render.clouds = options.clouds;
  co_await session.close();
  co_return Frame{options.format == Format::json
                      ? write_status(status_report(desired, round.observed))
                      : render_status(desired, round.observed, render),
                  round.plan.holds(Hold::unknown) ? ExitStatus::incomplete : ExitStatus::done};
}

Awaitable<Frame> ping_once(Machine& machine, const Options& options, const DesiredState& desired) {
  const Time begun = machine.world.clock.now();
  const PingReport report = co_await ping(machine.world.reading(), machine.zookeeper, desired);
  const RenderOptions render =
      render_options(machine.console, options, machine.world.clock.now() - begun);
  co_return Frame{render_ping(desired, report, render),
                  report.has(PingAnswer::State::silent)    ? ExitStatus::steps_failed
                  : report.has(PingAnswer::State::unasked) ? ExitStatus::incomplete
                                                           : ExitStatus::done};
}

/// "10.0.0.1:2181" or "zk1:2181"; nothing behind the name means 2181, as with ZooKeeper's tools.
struct ServerAddress {
  std::string host;
  std::uint16_t port = 2181;
};

std::optional<ServerAddress> parse_address(const std::string& text) {
  const std::size_t colon = text.find(':');
  ServerAddress address{text.substr(0, colon)};
  if (colon != std::string::npos) {
    const char* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data() + colon + 1, end, address.port);
    if (failed != std::errc{} || stop != end || address.port == 0) {
      return std::nullopt;
    }
  }
  return is_host_name(address.host) ? std::optional(address) : std::nullopt;
}

std::optional<std::vector<ServerAddress>> parse_list(const std::string& text) {
  std::vector<ServerAddress> out;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    const auto address = parse_address(text.substr(from, end - from));
    if (!address) {
      return std::nullopt;
    }
    out.push_back(*address);
    from = end + 1;
  }
  return out;
}

using Answer = Observation<ServerAnswer>;

/// Asks one server, and finds the numeric address that the ZooKeeper client wants.
Awaitable<void> ask_one(Machine& machine, ServerAddress server, Answer& answer,
                        std::string& numeric) {
  const Result<std::string> ip = co_await machine.network.resolve(server.host);
  if (!ip) {
    answer = Answer::unknown(ip.error().message);
    co_return;
  }
  numeric = fmt::format("{}:{}", *ip, server.port);
  const Result<std::string> reply =
      co_await machine.network.ask(*ip, server.port, "srvr", kAnswerPatience);
  if (!reply) {
    answer = Answer::unknown(reply.error().message);
    co_return;
  }
  const auto parsed = parse_srvr(*reply);
  answer = parsed ? Answer::present(*parsed) : Answer::unknown("does not answer srvr");
}

Awaitable<Observation<TreeFacts>> read_all(Machine& machine, std::string servers) {
  using Facts = Observation<TreeFacts>;
  auto session = co_await machine.zookeeper.connect(std::move(servers), kConnectPatience);
  if (!session) {
    co_return Facts::unknown(session.error().message);
  }
  Result<TreeFacts> facts = co_await read_every_cloud(machine.world.loop, **session);
  co_await (*session)->close();
  co_return facts ? Facts::present(std::move(*facts)) : Facts::unknown(facts.error().message);
}

Awaitable<Frame> look_at_zookeeper(Machine& machine, const Options& options,
                                   const std::vector<ServerAddress>& servers) {
  const Time begun = machine.world.clock.now();
  ZookeeperView view;
  view.connect_string = options.zookeeper;
  std::vector<std::string> numeric(servers.size());
  for (const ServerAddress& server : servers) {
    view.servers.emplace_back(fmt::format("{}:{}", server.host, server.port), Answer{});
  }
  TaskGroup tasks(machine.world.loop);
  for (std::size_t i = 0; i < servers.size(); ++i) {
    tasks.spawn(ask_one(machine, servers[i], view.servers[i].second, numeric[i]));
  }
  co_await tasks.join();
  std::erase(numeric, "");
  if (numeric.empty()) {
    view.tree = Observation<TreeFacts>::unknown("no server's address is known");
  } else {
    view.tree = co_await read_all(machine, fmt::format("{}", fmt::join(numeric, ",")));
  }
  RenderOptions render =
      render_options(machine.console, options, machine.world.clock.now() - begun);
  render.clouds = options.clouds;
  const bool whole = view.tree.is_present() &&
                     std::all_of(view.servers.begin(), view.servers.end(),
                                 [](const auto& server) { return server.second.is_present(); });
  co_return Frame{render_zookeeper(view, render),
                  whole ? ExitStatus::done : ExitStatus::incomplete};
}

}  // namespace

Awaitable<ExitStatus> run_status(Machine& machine, const Options& options,
                                 const DesiredState& desired) {
  return show(machine, options.watch, [&] { return look_at_spec(machine, options, desired); });
}

Awaitable<ExitStatus> run_zookeeper_status(Machine& machine, const Options& options) {
  const auto servers = parse_list(options.zookeeper);
  if (!servers) {
    machine.console.err(
        fmt::format("arcform: -z {}: is no list of servers; write it as host:port,host:port\n",
                    printable(options.zookeeper)));
    co_return ExitStatus::invalid;
  }
  const ExitStatus status = co_await show(
      machine, options.watch, [&] { return look_at_zookeeper(machine, options, *servers); });
  co_return status;
}

Awaitable<ExitStatus> run_ping(Machine& machine, const Options& options,
                               const DesiredState& desired) {
  return show(machine, std::chrono::seconds(0),
              [&] { return ping_once(machine, options, desired); });
}

Result<void> check_clouds(const std::vector<std::string>& clouds, const DesiredState& desired) {
  std::vector<std::string_view> known;
  for (const DesiredCloud& cloud : desired.clouds) {
    known.push_back(cloud.service_code);
  }
  for (const std::string& code : clouds) {
    if (std::find(known.begin(), known.end(), code) == known.end()) {
      const std::string_view guess = nearest(code, known);
      return Error{
          ErrorCode::invalid_argument,
          fmt::format(
              "{}: {} has no such cloud; {}", printable(code, 128), printable(desired.source),
              guess.empty() ? fmt::format("to name a spec file, write ./{}", printable(code, 128))
                            : fmt::format("did you mean \"{}\"?", guess))};
    }
  }
  return {};
}

}  // namespace arcform
