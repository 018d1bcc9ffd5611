// SPDX-License-Identifier: Apache-2.0
// Plans and observations as documents: written, read, and plans applied.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "controller/apply_saved.h"
#include "controller/command_parts.h"
#include "controller/spec_file.h"
#include "drivers/archive_file.h"
#include "drivers/local_file.h"
#include "model/asked.h"
#include "model/render_formats.h"
#include "model/select.h"
#include "specs/observed_file.h"

namespace arcform {
namespace {

std::string said_by(const Provenance& seen, const std::string& file) {
  return fmt::format("observed {} by {} ({})", printable(seen.at), printable(seen.by),
                     printable(file));
}

SavedPlan to_save(const Options& options, const Input& input, const Round& round,
                  std::optional<Provenance> seen) {
  SavedPlan saved =
      make_saved(input.spec_text, input.desired, round.observed, round.plan, policy_of(options));
  saved.seen = std::move(seen);
  return saved;
}

std::string in_format(const Options& options, const Input& input, const Round& round,
                      const SavedPlan& saved, const RenderOptions& render) {
  const std::string note = saved.seen ? said_by(*saved.seen, options.from) : "";
  switch (options.format) {
    case Format::text:
      break;
    case Format::json:
      return write_plan(saved);
    case Format::markdown:
      return render_markdown(round.plan, input.desired, round.observed, note);
    case Format::dot:
      return render_dot(round.plan, input.desired);
  }
  return (note.empty() ? "" : note + "\n") +
         render_plan(round.plan, input.desired, round.observed, render);
}

/// Why nothing was done: what moved, each with the step that relies on it.
void tell_moved(Console& console, const Options& options, const SavedResult& ended) {
  constexpr std::size_t kShown = 20;
  const bool stale = ended.result.outcome == Outcome::stale;
  for (std::size_t i = 0; i < std::min(ended.moved.size(), kShown); ++i) {
    const MovedFact& fact = ended.moved[i];
    console.err(fmt::format(
        "arcform: {}: {}: {}: was \"{}\", is now \"{}\"{}\n", printable(options.spec),
        stale ? "stale plan" : "cannot be checked", printable(fact.subject), printable(fact.before),
        printable(fact.now),
        fact.step.empty() ? "" : fmt::format(" (relied on by: {})", printable(fact.step))));
  }
  if (ended.moved.size() > kShown) {
    console.err(fmt::format("arcform: ... and {} more\n", ended.moved.size() - kShown));
  }
  console.out(stale ? "\nNothing was done: the plan is stale, the world has moved under it. Make a "
                      "new one and review it.\n"
                    : "\nNothing was done: what the plan relies on could not be observed.\n");
}

/// What is left to do after the steps of a saved plan.
std::string rest_words(const Round& last) {
  const Plan& plan = last.plan;
  std::string text = fmt::format("{} {} still to be done", plan.steps.size(),
                                 plan.steps.size() == 1 ? "step is" : "steps are");
  if (!plan.held.empty()) {
    text += fmt::format(", {} {} left alone", plan.held.size(),
                        plan.held.size() == 1 ? "difference is" : "differences are");
  }
  return text;
}

void report_saved(Machine& machine, const Options& options, const Input& input,
                  const SavedResult& ended) {
  Console& console = machine.console;
  const ReconcileResult& result = ended.result;
  for (const std::string& failure : result.failures) {
    console.err("arcform: " + failure + "\n");
  }
  if (!result.error.empty()) {
    console.err("arcform: " + result.error + "\n");
  }
  switch (result.outcome) {
    case Outcome::converged:
      console.out(input.saved->plan.steps.empty()
                      ? "The plan has no steps, and observed equals desired.\n"
                      : "\nThe plan is done. Converged: observed equals desired.\n");
      return;
    case Outcome::pending:
      console.out(
          fmt::format("\nThe plan is done. Not converged: {}; make the next plan and review "
                      "it.\n",
                      rest_words(result.last)));
      return;
    case Outcome::stale:
    case Outcome::unknown:
      tell_moved(console, options, ended);
      return;
    case Outcome::lock_held:
      console.out(acted(result)
                      ? "\nThe plan is not done: another apply holds the lock by now. Make a new "
                        "plan from here.\n"
                      : "\nNothing was done: another apply holds the lock.\n");
      return;
    case Outcome::failed:
      console.out(acted(result)
                      ? "\nThe plan is not done: steps failed; nothing was rolled back. Make a new "
                        "plan from here.\n"
                      : "\nNothing was done.\n");
      return;
    case Outcome::timed_out:
      console.out("\nThe plan is not done in time. Make a new plan from here.\n");
      return;
    case Outcome::interrupted:
      console.out(acted(result)
                      ? "\nInterrupted: what was running has finished, nothing else was started. "
                        "Make a new plan from here.\n"
                      : "\nInterrupted: nothing was done.\n");
      return;
    case Outcome::declined:
    case Outcome::blocked:
      return;
  }
}

/// Their checksums say all that a plan needs of archives; who applies it must have the files.
void plan_without_archives(DesiredState& desired, Console& console) {
  for (DesiredPackage& package : desired.packages) {
    if (!package.unreadable.empty()) {
      console.err(
          fmt::format("arcform: package {}: planned by its sha256 alone: {} is not here; "
                      "whoever applies the plan needs it\n",
                      printable(package.name), printable(package.archive, 1024)));
      package.unreadable.clear();
    }
  }
}

/// The archives that a plan sends to hosts: where its spec was, or beside the plan.
Result<void> find_packages(SavedPlan& saved, const Options& options) {
  std::set<std::string> needed;
  for (const Step& step : saved.plan.steps) {
    if (const auto* const install = std::get_if<InstallPackage>(&step.action)) {
      needed.insert(install->package);
    }
  }
  const std::vector<std::string> folders{folder_of(saved.desired.source), folder_of(options.spec)};
  return find_archives(saved.desired, folders, options.home, needed);
}

/// What a plan is made with, and says nothing any more once there is one; nullptr: none was given.
const char* given_too_late(const Options& options) {
  return !options.allow_removal.empty() ? "--allow-removal"
         : !options.only.empty()        ? "--only"
         : !options.adopt.empty()       ? "--adopt"
                                        : nullptr;
}

}  // namespace

std::optional<ExitStatus> read_saved(const Options& options, Console& console,
                                     const std::string& text, Input& input) {
  Result<SavedPlan> saved = read_plan(text, options.spec);
  if (!saved) {
    console.err("arcform: " + saved.error().message + "\n");
    return ExitStatus::invalid;
  }
  if (const char* const late = given_too_late(options); late != nullptr) {
    console.err(
        fmt::format("arcform: {}: a plan says itself what is done and what may be removed; give {} "
                    "to plan\n",
                    printable(options.spec), late));
    return ExitStatus::invalid;
  }
  if (const Result<void> found = find_packages(*saved, options); !found) {
    console.err(fmt::format("arcform: {}: stale plan: {}\n", printable(options.spec),
                            found.error().message));
    return ExitStatus::stale_plan;
  }
  input.desired = saved->desired;
  input.saved = std::move(*saved);
  return std::nullopt;
}

ExitStatus put_plan(Console& console, const Options& options, const Input& input,
                    const Round& round, std::optional<Provenance> seen) {
  const SavedPlan saved = to_save(options, input, round, std::move(seen));
  console.out(
      in_format(options, input, round, saved, render_options(console, options, round.took)));
  if (!options.out.empty()) {
    const Result<void> written = write_local_file(options.out, write_plan(saved));
    if (!written) {
      console.err("arcform: " + written.error().message + "\n");
      return ExitStatus::error;
    }
    console.err(
        fmt::format("saved; review it, then run: arcform apply {}\n", printable(options.out)));
  }
  return status_of(round.plan, options.exit_code);
}

ExitStatus plan_from_file(const Options& options, Console& console, const Input& input) {
  const Result<std::string> text = read_file(options.from);
  Result<SavedObservation> saved =
      text ? read_observation(*text, options.from) : Result<SavedObservation>(text.error());
  if (!saved) {
    console.err("arcform: " + saved.error().message + "\n");
    return ExitStatus::invalid;
  }
  if (saved->deployment != input.desired.deployment) {
    console.err(
        fmt::format("arcform: {}: observed deployment {}, and {} is about {}; observe with "
                    "this spec\n",
                    printable(options.from), printable(saved->deployment), printable(options.spec),
                    input.desired.deployment));
    return ExitStatus::invalid;
  }
  Input planned = input;
  plan_without_archives(planned.desired, console);
  Round round;
  round.observed = std::move(saved->state);
  forget_unasked(saved->asked, planned.desired, round.observed);
  const Result<void> selected = check_selectors(options.only, planned.desired, round.observed);
  if (!selected) {
    console.err("arcform: " + selected.error().message + "\n");
    return ExitStatus::invalid;
  }
  round.plan = plan(planned.desired, round.observed, policy_of(options));
  return put_plan(console, options, planned, round, saved->seen);
}

Awaitable<ExitStatus> run_observe(Machine& machine, const Options& options, const Input& input) {
  const DesiredState& desired = input.desired;
  EnsembleSession session(machine.world.loop, machine.zookeeper, connect_string(desired));
  const Round round = co_await look(machine.world.reading(), session, desired, Policy{});
  co_await session.close();
  SavedObservation saved;
  saved.deployment = desired.deployment;
  saved.seen = {machine.world.clock.timestamp(), machine.who};
  saved.asked = asked_by(desired);
  saved.state = round.observed;
  hide_secrets(saved.state);
  const std::string text = write_observation(saved);
  if (options.out.empty()) {
    machine.console.out(text);
  } else if (const Result<void> written = write_local_file(options.out, text); !written) {
    machine.console.err("arcform: " + written.error().message + "\n");
    co_return ExitStatus::error;
  }
  co_return round.plan.holds(Hold::unknown) ? ExitStatus::incomplete : ExitStatus::done;
}

Awaitable<ExitStatus> run_apply_saved(Machine& machine, const Options& options,
                                      const Input& input) {
  const SavedPlan& saved = *input.saved;
  EnsembleSession session(machine.world.loop, machine.zookeeper, connect_string(input.desired));
  ConsoleProgress progress(machine.console, machine.world.clock);
  ApplyContext context(machine.world, input.desired, session, progress);
  context.holder = machine.who;
  context.parallel = options.parallel;
  context.patience.lock = options.lock_timeout;
  context.patience.quorum =
      std::min<std::chrono::milliseconds>(context.patience.quorum, options.timeout);
  machine.signals.watch(&context.interrupted);
  const auto asked = [&](const Round& round) {
    return confirm(machine, options, input.desired, round);
  };
  const PlanToApply todo{saved.plan, saved.facts};
  const SavedResult ended =
      co_await apply_saved(context, saved.policy, todo, asked, options.timeout);
  machine.signals.watch(nullptr);
  report_saved(machine, options, input, ended);
  co_await session.close();
  if (ended.result.outcome == Outcome::interrupted) {
    co_return status_of_signal(machine.signals);
  }
  co_return status_of(ended.result.outcome, ended.result.last.plan);
}

}  // namespace arcform
