// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>

#include <asio/co_spawn.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "controller/commands.h"
#include "controller/signals.h"
#include "drivers/clock.h"
#include "drivers/hosts.h"
#include "drivers/resolve.h"
#include "drivers/secrets.h"
#include "drivers/shells.h"
#include "drivers/spawn.h"
#include "drivers/tcp_exchange.h"
#include "drivers/zookeeper.h"

namespace arcform {
namespace {

/// A server ends a silent session at the tick after its timeout, counted from the last word that a
/// follower passed on to the leader (every half tick). With ticks of 2 s the lock of a
/// controller that died is gone after 11 s at most, within the 12 s that an apply waits for it.
constexpr std::chrono::seconds kSessionTimeout{8};

Awaitable<Result<std::string>> resolve_ipv4(asio::io_context& loop, std::string host) {
  const Result<asio::ip::address> address = co_await resolve(loop, std::move(host));
  if (!address) {
    co_return address.error();
  }
  co_return address->to_string();
}

Network make_network(asio::io_context& loop) {
  Network network;
  network.resolve = [&loop](std::string host) { return resolve_ipv4(loop, std::move(host)); };
  network.ask = [&loop](std::string host, std::uint16_t port, std::string question,
                        std::chrono::milliseconds patience) {
    return exchange_straight(loop, std::move(host), port, std::move(question), patience);
  };
  return network;
}

/// Builds the real world and runs one command in it.
ExitStatus run_in_real_world(const Options& options, const Input& input, Console& console,
                             const ShellEnvironment& environment) {
  asio::io_context loop(1);  // As many threads run it.
  Secrets secrets(environment.home, ask_secret);
  SystemClock clock(loop);
  ZookeeperOptions session;
  session.session_timeout = kSessionTimeout;
  ZookeeperClient zookeeper(loop, clock, session);
  const Shells shells(loop, environment, secrets);
  ScriptHosts hosts([&shells](const DesiredHost& host) { return shells.make_shell(host); },
                    seeded_nonces(std::random_device{}()));
  Signals signals(loop, console);
  Machine machine{
      {loop, clock, hosts},
      zookeeper,
      console,
      holder_name(environment.user),
      signals,
      make_network(loop),
      [&loop, &secrets](HookCall call) { return call_hook(loop, secrets, std::move(call)); }};
  ExitStatus status = ExitStatus::bug;
  asio::co_spawn(loop, run_command(machine, options, input),
                 [&](const std::exception_ptr& bug, ExitStatus ended) {
                   status = ended;
                   loop.stop();
                   if (bug) {
                     std::rethrow_exception(bug);
                   }
                 });
  loop.run();
  return status;
}

ExitStatus run(std::vector<std::string> arguments) {
  StandardConsole console(std::getenv("NO_COLOR") != nullptr);
  const auto request = read_command_line(std::move(arguments));
  if (const Answer* const answer = std::get_if<Answer>(&request)) {
    answer->status == ExitStatus::done ? console.out(answer->text) : console.err(answer->text);
    return answer->status;
  }
  Options options = std::get<Options>(request);
  const ShellEnvironment environment = current_environment();
  options.home = environment.home;
  Input input;
  if (const auto ended = run_offline(options, console, input)) {
    return *ended;
  }
  return run_in_real_world(options, input, console, environment);
}

}  // namespace
}  // namespace arcform

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  arcform::raise_descriptor_limit();
  try {
    return static_cast<int>(arcform::run({argv + 1, argv + argc}));
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "arcform: internal error: %s; this is a bug, please report it\n",
                 bug.what());
    return static_cast<int>(arcform::ExitStatus::bug);
  }
}
