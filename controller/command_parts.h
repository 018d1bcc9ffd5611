// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/commands.h"
#include "model/render.h"

/// What the commands share.
namespace arcform {

/// What a person asked for beyond the spec.
Policy policy_of(const Options& options);

RenderOptions render_options(const Console& console, const Options& options, Time took);

/// Shows the plan and asks for a plain yes to it; --yes is one.
bool confirm(Machine& machine, const Options& options, const DesiredState& desired,
             const Round& round);

/// Whether an apply got as far as to change something, or to try.
bool acted(const ReconcileResult& result);

/// The result of a plan that was only looked at: printed in the format that was asked for, saved
/// where --out says. `seen`: where its observation comes from; nullopt: it was made just now.
ExitStatus put_plan(Console& console, const Options& options, const Input& input,
                    const Round& round, std::optional<Provenance> seen);

/// `plan --from FILE`: needs no world.
ExitStatus plan_from_file(const Options& options, Console& console, const Input& input);

/// `apply` takes a plan file too: it is known by its content. Reads it into `input`, and finds its
/// archives again; the status to exit with when it is no good.
std::optional<ExitStatus> read_saved(const Options& options, Console& console,
                                     const std::string& text, Input& input);

Awaitable<ExitStatus> run_observe(Machine& machine, const Options& options, const Input& input);
/// `apply PLAN`
Awaitable<ExitStatus> run_apply_saved(Machine& machine, const Options& options, const Input& input);

/// A file of this machine. Error not_found, with what to do about it: `advice` where it is not
/// there.
Result<std::string> read_file(const std::string& path,
                              const std::string& advice = "name the spec file after the command");

/// The status after Ctrl-C or SIGTERM.
ExitStatus status_of_signal(const Signals& signals);

}  // namespace arcform
