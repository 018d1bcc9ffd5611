// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "controller/cli.h"
#include "controller/hooks.h"
#include "controller/reconcile.h"
#include "controller/signals.h"
#include "controller/terminal.h"
#include "model/render.h"
#include "specs/plan_file.h"

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
  HookCaller call_hook;
};

/// What a command was given to read.
struct Input {
  DesiredState desired;
  std::string spec_text;
  std::optional<SavedPlan> saved;  ///< apply was given a plan; `desired` is what its spec says
};

/// `arcform pack`: the archive, its checksum and what to write in a spec.
ExitStatus run_pack(const Options& options, Console& console);

/// Everything that needs no world: the schemas, reading and checking the spec, planning from an
/// observation. The status to exit with when that was all, or when the spec is wrong; else what was
/// read is left in `input`.
std::optional<ExitStatus> run_offline(const Options& options, Console& console, Input& input);

/// Runs plan, apply, status, ping or observe to its end.
Awaitable<ExitStatus> run_command(Machine& machine, const Options& options, const Input& input);

/// The exit status of a plan that was only looked at.
ExitStatus status_of(const Plan& plan, bool exit_code);
ExitStatus status_of(Outcome outcome, const Plan& plan);

}  // namespace arcform
