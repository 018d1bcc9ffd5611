// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "controller/cli.h"
#include "controller/reconcile.h"
#include "controller/signals.h"
#include "controller/terminal.h"
#include "model/render.h"

namespace arcform {

/// Questions to addresses that no host of the spec stands for.
struct Network {
  /// The numeric IPv4 address of a name.
  std::function<Awaitable<Result<std::string>>(std::string host)> resolve;
  /// Sends `question` to host:port and reads until the other side closes.
  std::function<Awaitable<Result<std::string>>(std::string host, std::uint16_t port,
                                               std::string question,
                                               std::chrono::milliseconds patience)>
      ask;
};

/// What a command runs in: the world behind its interfaces, and the person in front of it.
struct Machine {
  World world;
  Zookeeper& zookeeper;
  Console& console;
  std::string who;  ///< "ann@ops1 pid 4711"
  Signals& signals;
  Network network;
};

/// How this machine's text is written.
RenderOptions render_options(const Machine& machine, const Options& options, Time took);

/// Everything that needs no world: the schema, reading and checking the spec. The status to exit
/// with when that was all, or when the spec is wrong; else the spec is left in `desired`.
std::optional<ExitStatus> run_offline(const Options& options, Console& console,
                                      DesiredState& desired);

/// Runs plan, apply, status or ping to its end.
Awaitable<ExitStatus> run_command(Machine& machine, const Options& options,
                                  const DesiredState& desired);

/// The exit status of a plan that was only looked at.
ExitStatus status_of(const Plan& plan, bool exit_code);
ExitStatus status_of(Outcome outcome, const Plan& plan);

}  // namespace arcform
