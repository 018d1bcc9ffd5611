// SPDX-License-Identifier: Apache-2.0
#include "controller/commands.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "drivers/archive_file.h"
#include "model/render.h"
#include "specs/reader.h"
#include "specs/schema.h"

namespace arcform {
namespace {

RenderOptions render_options(const Machine& machine, const Options& options, Time took) {
  RenderOptions render;
  render.elapsed = fmt::format("{:.1f} s", std::chrono::duration<double>(took).count());
  render.colour = machine.console.colour();
  render.full = options.full;
  return render;
}

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

Awaitable<ExitStatus> run_plan(Machine& machine, const Options& options,
                               const DesiredState& desired) {
  EnsembleSession session(machine.world.loop, machine.zookeeper, connect_string(desired));
  session.use_once();
  const Policy policy{options.allow_removal};
  const Round round = co_await look(machine.world.reading(), session, desired, policy);
  machine.console.out(render_plan(round.plan, desired, round.observed,
                                  render_options(machine, options, round.took)));
  co_await session.close();
  co_return status_of(round.plan, options.exit_code);
}

Awaitable<ExitStatus> run_status(Machine& machine, const Options& options,
                                 const DesiredState& desired) {
  EnsembleSession session(machine.world.loop, machine.zookeeper, connect_string(desired));
  session.use_once();
  const Round round = co_await look(machine.world.reading(), session, desired, Policy{});
  machine.console.out(
      render_status(desired, round.observed, render_options(machine, options, round.took)));
  co_await session.close();
  co_return round.plan.holds(Hold::unknown) ? ExitStatus::incomplete : ExitStatus::done;
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
    const std::string verdict = verdict_of(result.outcome);
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
  ReconcileHooks hooks;
  hooks.confirm = [&](const Round& round) {
    shown = true;
    return confirm(machine, options, desired, round);
  };
  hooks.replanned = [&](const Round& round) {
    machine.console.out(fmt::format("Looked again: {} steps to go.\n", round.plan.steps.size()));
  };
  const Policy policy{options.allow_removal};
  const ReconcileResult result = co_await reconcile(context, policy, hooks, options.timeout);
  machine.signals.watch(nullptr);
  report(machine, options, desired, result, shown);
  co_await session.close();
  if (result.outcome == Outcome::interrupted) {
    co_return machine.signals.received() == SIGTERM ? ExitStatus::terminated
                                                    : ExitStatus::interrupted;
  }
  co_return status_of(result.outcome, result.last.plan);
}

}  // namespace

std::optional<ExitStatus> run_offline(const Options& options, Console& console,
                                      DesiredState& desired) {
  if (options.command == Command::schema) {
    console.out(std::string(spec_schema()) + "\n");
    return ExitStatus::done;
  }
  if (options.command == Command::pack) {
    return run_pack(options, console);
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
  const std::size_t slash = options.spec.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : options.spec.substr(0, slash);
  if (Result<void> found = inspect_archives(desired, folder, options.home); !found) {
    console.err(fmt::format("arcform: {}: {}\n", printable(options.spec), found.error().message));
    return ExitStatus::invalid;
  }
  desired.digest = spec_digest(desired);
  if (options.command == Command::validate) {
    console.out(summary(desired) + "\n");
    return ExitStatus::done;
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
    case Command::status:
    case Command::validate:  // These end in run_offline.
    case Command::schema:
    case Command::pack:
      break;
  }
  return run_status(machine, options, desired);
}

}  // namespace arcform
