// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "controller/cli.h"
#include "controller/reconcile.h"
#include "controller/signals.h"
#include "controller/terminal.h"
#include "specs/plan_file.h"

namespace arcform {

/// What a command runs in: the world behind its interfaces, and the person in front of it.
struct Machine {
  World world;
  Zookeeper& zookeeper;
  Console& console;
  std::string who;  ///< "ann@ops1 pid 4711"
  Signals& signals;
};

/// What a command was given to read.
struct Input {
  DesiredState desired;
  std::string spec_text;
  std::optional<SavedPlan> saved;  ///< apply was given a plan; `desired` is what its spec says
};

/// Everything that needs no world: the schemas, reading and checking the spec, planning from an
/// observation. The status to exit with when that was all, or when the spec is wrong; else what was
/// read is left in `input`.
std::optional<ExitStatus> run_offline(const Options& options, Console& console, Input& input);

/// Runs plan, apply, status or observe to its end.
Awaitable<ExitStatus> run_command(Machine& machine, const Options& options, const Input& input);

/// The exit status of a plan that was only looked at.
ExitStatus status_of(const Plan& plan, bool exit_code);
ExitStatus status_of(Outcome outcome, const Plan& plan);

}  // namespace arcform
