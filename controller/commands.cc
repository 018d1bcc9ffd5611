// SPDX-License-Identifier: Apache-2.0
#include "controller/commands.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "controller/completion.h"
#include "controller/status.h"
#include "model/select.h"
#include "specs/reader.h"
#include "specs/schema.h"

namespace arcform {
namespace {

Result<std::string> read_file(const std::string& path) {
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
                                             : "name the spec file after the command")};
  }
  return text.str();
}

std::string summary(const DesiredState& desired) {
  std::size_t nodes = 0;
  for (const DesiredCloud& cloud : desired.clouds) {
    nodes += cloud.nodes.size();
  }
  return fmt::format(
      "{}: valid: deployment {}, {} hosts, {} ZooKeeper servers, {} clouds, {} cache nodes",
      desired.source, desired.deployment, desired.hosts.size(), desired.ensemble.servers.size(),
      desired.clouds.size(), nodes);
}

Policy policy_of(const Options& options) {
  Policy policy;
  policy.allow_removal = options.allow_removal;
  policy.only = options.only;
  return policy;
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

Awaitable<ExitStatus> run_plan(Machine& machine, const Options& options,
                               const DesiredState& desired) {
  EnsembleSession session(machine.world.loop, machine.zookeeper, connect_string(desired));
  session.use_once();
  const Policy policy = policy_of(options);
  const Round round = co_await look(machine.world.reading(), session, desired, policy);
  co_await session.close();
  if (!selects(machine, options, desired, round)) {
    co_return ExitStatus::invalid;
  }
  machine.console.out(render_plan(round.plan, desired, round.observed,
                                  render_options(machine, options, round.took)));
  co_return status_of(round.plan, options.exit_code);
}

/// The plan, and a plain yes to it.
bool confirm(Machine& machine, const Options& options, const DesiredState& desired,
             const Round& round) {
  machine.console.out(render_plan(round.plan, desired, round.observed,
                                  render_options(machine, options, round.took)));
  if (options.yes) {
    machine.console.out("\n");
    return true;
  }
  const auto answer =
      machine.console.ask("\nDo you want to do this? Only \"yes\" is taken as a yes: ");
  if (!answer) {
    machine.console.err(
        "arcform: refused: nobody is there to say yes (no terminal); check the plan and run it "
        "with --yes\n");
  } else if (*answer != "yes") {
    machine.console.out("Nothing was done.\n");
  }
  return answer == "yes";
}

const char* verdict_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::converged:
      return "Converged: observed equals desired.";
    case Outcome::declined:
      return "";
    case Outcome::blocked:
      return "Not converged: what is left is held, see above.";
    case Outcome::failed:
      return "Not converged: steps failed; nothing was rolled back, and the same command goes on "
             "from here.";
    case Outcome::unknown:
      return "Not converged: something could not be observed, and nothing was done to it.";
    case Outcome::lock_held:
      return "Nothing was done: another apply holds the lock.";
    case Outcome::timed_out:
      return "Not converged in time; the same command goes on from here.";
    case Outcome::interrupted:
      return "Interrupted: what was running has finished, nothing else was started; the same "
             "command goes on from here.";
  }
  return "";
}

void report(Machine& machine, const Options& options, const DesiredState& desired,
            const ReconcileResult& result, bool shown) {
  Console& console = machine.console;
  if (!shown && result.outcome != Outcome::lock_held) {
    console.out(render_plan(result.last.plan, desired, result.last.observed,
                            render_options(machine, options, result.last.took)));
  } else if (result.outcome != Outcome::converged && result.outcome != Outcome::declined) {
    console.out("\n" + render_held(result.last.plan.held, desired,
                                   render_options(machine, options, result.last.took)));
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
    std::string verdict = verdict_of(result.outcome);
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
    machine.console.out(fmt::format("Looked again: {} steps to go.\n", round.plan.steps.size()));
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
    co_return machine.signals.received() == SIGTERM ? ExitStatus::terminated
                                                    : ExitStatus::interrupted;
  }
  co_return status_of(result.outcome, result.last.plan);
}

}  // namespace

RenderOptions render_options(const Machine& machine, const Options& options, Time took) {
  RenderOptions render;
  render.elapsed = fmt::format("{:.1f} s", std::chrono::duration<double>(took).count());
  render.colour = machine.console.colour();
  render.full = options.full;
  render.width = machine.console.size().columns;
  return render;
}

std::optional<ExitStatus> run_offline(const Options& options, Console& console,
                                      DesiredState& desired) {
  if (options.command == Command::schema) {
    console.out(std::string(spec_schema()) + "\n");
    return ExitStatus::done;
  }
  const std::optional<CompletionShell> shell = shell_named(options.shell);
  if (options.command == Command::completion && shell) {
    console.out(completion_script(*shell));
    return ExitStatus::done;
  }
  if (options.command == Command::status && !options.zookeeper.empty()) {
    return std::nullopt;
  }
  const Result<std::string> text = read_file(options.spec);
  if (!text) {
    console.err("arcform: " + text.error().message + "\n");
    return ExitStatus::invalid;
  }
  SpecResult spec = read_spec(*text, options.spec);
  for (const Diagnostic& diagnostic : spec.diagnostics) {
    console.err(format(diagnostic, options.spec) + "\n");
  }
  if (!spec.desired) {
    return ExitStatus::invalid;
  }
  desired = std::move(*spec.desired);
  if (options.command == Command::validate) {
    console.out(summary(desired) + "\n");
    return ExitStatus::done;
  }
  if (options.command == Command::completion) {
    console.out(fmt::format("{}\n", fmt::join(selectable(desired, ObservedState{}), "\n")));
    return ExitStatus::done;
  }
  if (const Result<void> known = check_clouds(options.clouds, desired); !known) {
    console.err("arcform: " + known.error().message + "\n");
    return ExitStatus::invalid;
  }
  return std::nullopt;
}

ExitStatus status_of(const Plan& plan, bool exit_code) {
  if (plan.holds(Hold::unknown)) {
    return ExitStatus::incomplete;
  }
  if (plan.holds(Hold::unsupported) || plan.holds(Hold::guard) || plan.holds(Hold::foreign)) {
    return ExitStatus::refused;
  }
  return exit_code && !plan.converged() ? ExitStatus::changes_pending : ExitStatus::done;
}

ExitStatus status_of(Outcome outcome, const Plan& plan) {
  switch (outcome) {
    case Outcome::converged:
      return ExitStatus::done;
    case Outcome::declined:
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
  }
  return ExitStatus::bug;
}

Awaitable<ExitStatus> run_command(Machine& machine, const Options& options,
                                  const DesiredState& desired) {
  switch (options.command) {
    case Command::plan:
      return run_plan(machine, options, desired);
    case Command::apply:
      return run_apply(machine, options, desired);
    case Command::ping:
      return run_ping(machine, options, desired);
    case Command::status:
    case Command::validate:  // These three end in run_offline.
    case Command::schema:
    case Command::completion:
      break;
  }
  return options.zookeeper.empty() ? run_status(machine, options, desired)
                                   : run_zookeeper_status(machine, options);
}

}  // namespace arcform
