// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "controller/cli.h"
#include "controller/reconcile.h"
#include "controller/signals.h"
#include "controller/terminal.h"

namespace arcform {

/// What a command runs in: the world behind its interfaces, and the person in front of it.
struct Machine {
  World world;
  Zookeeper& zookeeper;
  Console& console;
  std::string who;  ///< "ann@ops1 pid 4711"
  Signals& signals;
};

/// `arcform pack`: the archive, its checksum and what to write in a spec.
ExitStatus run_pack(const Options& options, Console& console);

/// Everything that needs no world: the schema, packing, reading and checking the spec. The status
/// to exit with when that was all, or when the spec is wrong; else the spec is left in `desired`.
std::optional<ExitStatus> run_offline(const Options& options, Console& console,
                                      DesiredState& desired);

/// Runs plan, apply or status to its end.
Awaitable<ExitStatus> run_command(Machine& machine, const Options& options,
                                  const DesiredState& desired);

/// The exit status of a plan that was only looked at.
ExitStatus status_of(const Plan& plan, bool exit_code);
ExitStatus status_of(Outcome outcome, const Plan& plan);

}  // namespace arcform
