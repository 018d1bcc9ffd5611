// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "controller/command_parts.h"
#include "controller/completion.h"
#include "controller/import.h"
#include "controller/spec_file.h"
#include "controller/status.h"
#include "controller/watch_command.h"
#include "model/render.h"
#include "model/render_text.h"
#include "model/select.h"
#include "specs/document.h"
#include "specs/observed_file.h"
#include "specs/report_file.h"
#include "specs/schema.h"

namespace arcform {

RenderOptions render_options(const Console& console, const Options& options, Time took) {
  RenderOptions render;
  render.elapsed = fmt::format("{:.1f} s", in_seconds(took));
  render.colour = console.colour();
  render.full = options.full;
  render.width = console.size().columns;
  return render;
}

Policy policy_of(const Options& options) {
  Policy policy;
  policy.allow_removal = options.allow_removal;
  policy.only = options.only;
  policy.adopt = options.adopt;
  return policy;
}

Result<std::string> read_file(const std::string& path, const std::string& advice) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // An empty file is read all right: the reader says what is wrong with it.
  const bool empty = file && file.peek() == std::ifstream::traits_type::eof() && !file.bad();
  if (!empty && !(text << file.rdbuf())) {
    const int why = errno;
    return Error{ErrorCode::not_found,
                 fmt::format("{}: cannot be read: {}; {}", printable(path), std::strerror(why),
                             why == EACCES   ? "let your user read it"
                             : why == EISDIR ? "name a file in it after the command"
                                             : advice)};
  }
  return text.str();
}

namespace {

std::string summary(const DesiredState& desired) {
  std::size_t nodes = 0;
  for (const DesiredCloud& cloud : desired.clouds) {
    nodes += cloud.nodes.size();
  }
  return fmt::format(
      "{}: valid: deployment {}, {}, {}, {}, {}", desired.source, desired.deployment,
      counted(desired.hosts.size(), "host", "hosts"),
      counted(desired.ensemble.servers.size(), "ZooKeeper server", "ZooKeeper servers"),
      counted(desired.clouds.size(), "cloud", "clouds"),
      counted(nodes, "cache node", "cache nodes"));
}

/// False, and said, when --only names something that is nowhere.
bool selects(Machine& machine, const Options& options, const DesiredState& desired,
             const Round& round) {
  const Result<void> known = check_selectors(options.only, desired, round.observed);
  if (!known) {
    machine.console.err("arcform: " + known.error().message + "\n");
  }
  return known.has_value();
}

Awaitable<ExitStatus> run_plan(Machine& machine, const Options& options, const Input& input) {
  const DesiredState& desired = input.desired;
  EnsembleSession session(machine.world.loop, machine.zookeeper, connect_string(desired));
  const Policy policy = policy_of(options);
  const Round round = co_await look(machine.world.reading(), session, desired, policy);
  const ExitStatus status = selects(machine, options, desired, round)
                                ? put_plan(machine.console, options, input, round, std::nullopt)
                                : ExitStatus::invalid;
  co_await session.close();
  co_return status;
}

}  // namespace

bool confirm(Machine& machine, const Options& options, const DesiredState& desired,
             const Round& round) {
  Console& console = machine.console;
  console.out(render_plan(round.plan, desired, round.observed,
                          render_options(console, options, round.took)));
  if (options.yes) {
    console.out("\n");
    return true;
  }
  const Reply reply = console.ask("\nDo you want to do this? Only \"yes\" is taken as a yes: ");
  if (reply.signal != 0) {
    machine.signals.take(reply.signal);
  } else if (!reply.line) {
    console.err(
        "arcform: refused: nobody is there to say yes (no terminal); check the plan and run it "
        "with --yes\n");
  } else if (*reply.line != "yes") {
    console.out("Nothing was done.\n");
  }
  return reply.line == "yes";
}

bool acted(const ReconcileResult& result) {
  return result.steps_done > 0 || !result.failures.empty();
}

namespace {

const char* verdict_of(const ReconcileResult& result) {
  switch (result.outcome) {
    case Outcome::converged:
      return "Converged: observed equals desired.";
    case Outcome::declined:
      return "";
    case Outcome::blocked:
      return "Not converged: what is left is held, see above.";
    case Outcome::failed:
      return acted(result) ? "Not converged: steps failed; nothing was rolled back, and the same "
                             "command goes on from here."
                           : "Nothing was done.";
    case Outcome::unknown:
      return "Not converged: something could not be observed, and nothing was done to it.";
    case Outcome::lock_held:
      return acted(result) ? "Not converged: another apply holds the lock by now; what was done "
                             "stays, and the same command goes on from here."
                           : "Nothing was done: another apply holds the lock.";
    case Outcome::timed_out:
      return "Not converged in time; the same command goes on from here.";
    case Outcome::stale:  // Of saved plans only.
    case Outcome::pending:
      return "";
    case Outcome::interrupted:
      return acted(result) ? "Interrupted: what was running has finished, nothing else was "
                             "started; the same command goes on from here."
                           : "Interrupted: nothing was done.";
  }
  return "";
}

void report(Machine& machine, const Options& options, const DesiredState& desired,
            const ReconcileResult& result, bool shown) {
  Console& console = machine.console;
  if (!shown && result.outcome != Outcome::lock_held) {
    console.out(render_plan(result.last.plan, desired, result.last.observed,
                            render_options(machine.console, options, result.last.took)));
  } else if (result.outcome != Outcome::converged && result.outcome != Outcome::declined) {
    console.out("\n" + render_held(result.last.plan.held, desired,
                                   render_options(machine.console, options, result.last.took)));
  }
  for (const std::string& failure : result.failures) {
    if (result.outcome == Outcome::failed || result.outcome == Outcome::timed_out) {
      console.err("arcform: " + failure + "\n");
    }
  }
  if (!result.error.empty()) {
    console.err("arcform: " + result.error + "\n");
  }
  if (shown || result.outcome != Outcome::converged) {
    std::string verdict = verdict_of(result);
    if (result.outcome == Outcome::converged && result.last.plan.hidden > 0) {
      verdict = "Done: what --only selects is as desired." + render_hidden(result.last.plan);
    }
    if (!verdict.empty()) {
      console.out("\n" + verdict + "\n");
    }
  }
}

Awaitable<ExitStatus> run_apply(Machine& machine, const Options& options,
                                const DesiredState& desired) {
  EnsembleSession session(machine.world.loop, machine.zookeeper, connect_string(desired));
  ConsoleProgress progress(machine.console, machine.world.clock);
  ApplyContext context(machine.world, desired, session, progress);
  context.holder = machine.who;
  context.parallel = options.parallel;
  context.patience.lock = options.lock_timeout;
  context.patience.quorum =
      std::min<std::chrono::milliseconds>(context.patience.quorum, options.timeout);
  machine.signals.watch(&context.interrupted);
  bool shown = false;
  bool selected = true;
  ReconcileHooks hooks;
  hooks.confirm = [&](const Round& round) {
    selected = selects(machine, options, desired, round);
    if (!selected) {
      return false;
    }
    shown = true;
    return confirm(machine, options, desired, round);
  };
  hooks.replanned = [&](const Round& round) {
    machine.console.out(fmt::format("Looked again: {} to go.\n",
                                    counted(round.plan.steps.size(), "step", "steps")));
  };
  const Policy policy = policy_of(options);
  const ReconcileResult result = co_await reconcile(context, policy, hooks, options.timeout);
  machine.signals.watch(nullptr);
  if (!selected || (!shown && result.outcome != Outcome::lock_held &&
                    !selects(machine, options, desired, result.last))) {
    co_await session.close();
    co_return ExitStatus::invalid;
  }
  report(machine, options, desired, result, shown);
  co_await session.close();
  if (result.outcome == Outcome::interrupted) {
    co_return status_of_signal(machine.signals);
  }
  co_return status_of(result.outcome, result.last.plan);
}

std::string schema_named(const std::string& name) {
  if (name == "plan") {
    return plan_schema();
  }
  if (name == "status") {
    return status_schema();
  }
  if (name == "observation") {
    return observation_schema();
  }
  if (name == "event") {
    return std::string(event_schema());
  }
  return name == "diagnostics" ? diagnostics_schema() : std::string(spec_schema()) + "\n";
}

void tell(const Options& options, Console& console, const SpecResult& spec) {
  if (options.command == Command::validate && options.format == Format::json) {
    console.out(write_diagnostics(options.spec, spec.desired.has_value(), spec.diagnostics));
    return;
  }
  for (const Diagnostic& diagnostic : spec.diagnostics) {
    console.err(format(diagnostic, options.spec) + "\n");
  }
}

}  // namespace

std::optional<ExitStatus> run_offline(const Options& options, Console& console, Input& input) {
  if (options.command == Command::schema) {
    console.out(schema_named(options.schema));
    return ExitStatus::done;
  }
  const std::optional<CompletionShell> shell = shell_named(options.shell);
  if (options.command == Command::completion && shell) {
    console.out(completion_script(*shell));
    return ExitStatus::done;
  }
  if (options.command == Command::import_conf) {
    return run_import_conf(options, console);
  }
  if (options.command == Command::import_live ||
      (options.command == Command::status && !options.zookeeper.empty())) {
    return std::nullopt;
  }
  if (options.command == Command::pack) {
    return run_pack(options, console);
  }
  const Result<std::string> text = read_file(options.spec);
  if (!text) {
    console.err("arcform: " + text.error().message + "\n");
    return ExitStatus::invalid;
  }
  if (options.command == Command::apply && is_document(*text)) {
    return read_saved(options, console, *text, input);
  }
  SpecFile file = read_spec_file(*text, options);
  tell(options, console, file.spec);
  if (!file.archive.empty()) {
    console.err("arcform: " + file.archive + "\n");
  }
  if (!file.first_error(options.spec).empty()) {
    return ExitStatus::invalid;
  }
  input.desired = std::move(*file.spec.desired);
  input.spec_text = *text;
  if (options.command == Command::validate) {
    if (options.format == Format::text) {
      console.out(summary(input.desired) + "\n");
    }
    return ExitStatus::done;
  }
  if (options.command == Command::completion) {
    console.out(fmt::format("{}\n", fmt::join(selectable(input.desired, ObservedState{}), "\n")));
    return ExitStatus::done;
  }
  if (options.command == Command::plan && !options.from.empty()) {
    return plan_from_file(options, console, input);
  }
  if (const Result<void> known = check_clouds(options.clouds, input.desired); !known) {
    console.err("arcform: " + known.error().message + "\n");
    return ExitStatus::invalid;
  }
  return std::nullopt;
}

ExitStatus status_of_signal(const Signals& signals) {
  return signals.received() == SIGTERM ? ExitStatus::terminated : ExitStatus::interrupted;
}

ExitStatus status_of(const Plan& plan, bool exit_code) {
  if (plan.holds(Hold::unknown)) {
    return ExitStatus::incomplete;
  }
  if (plan.holds(Hold::unsupported) || plan.holds(Hold::guard) || plan.holds(Hold::foreign)) {
    return ExitStatus::refused;
  }
  const bool same = plan.converged() || plan.only_adopts();
  return exit_code && !same ? ExitStatus::changes_pending : ExitStatus::done;
}

ExitStatus status_of(Outcome outcome, const Plan& plan) {
  switch (outcome) {
    case Outcome::converged:
      return ExitStatus::done;
    case Outcome::declined:
      return ExitStatus::refused;
    case Outcome::blocked:
      return plan.holds(Hold::unknown) ? ExitStatus::incomplete : ExitStatus::refused;
    case Outcome::failed:
      return ExitStatus::steps_failed;
    case Outcome::unknown:
      return ExitStatus::incomplete;
    case Outcome::lock_held:
      return ExitStatus::lock_held;
    case Outcome::timed_out:
      return ExitStatus::not_converged;
    case Outcome::interrupted:
      return ExitStatus::interrupted;
    case Outcome::stale:
      return ExitStatus::stale_plan;
    case Outcome::pending:
      return ExitStatus::changes_pending;
  }
  return ExitStatus::bug;
}

Awaitable<ExitStatus> run_command(Machine& machine, const Options& options, const Input& input) {
  switch (options.command) {
    case Command::plan:
      return run_plan(machine, options, input);
    case Command::apply:
      return input.saved ? run_apply_saved(machine, options, input)
                         : run_apply(machine, options, input.desired);
    case Command::ping:
      return run_ping(machine, options, input.desired);
    case Command::observe:
      return run_observe(machine, options, input);
    case Command::watch:
      return run_watch(machine, options, input.desired);
    case Command::pause:
    case Command::resume:
    case Command::approve:
      return run_request(machine, options, input.desired);
    case Command::status:
    case Command::validate:  // These end in run_offline.
    case Command::schema:
    case Command::completion:
    case Command::import_conf:
    case Command::pack:
      break;
    case Command::import_live:
      return run_import_live(machine, options);
  }
  return options.zookeeper.empty() ? run_status(machine, options, input.desired)
                                   : run_zookeeper_status(machine, options);
}

}  // namespace arcform
