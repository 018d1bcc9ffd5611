// SPDX-License-Identifier: Apache-2.0
#include "controller/cli.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "model/names.h"

namespace arcform {
namespace {

constexpr const char* kAbout =
    "arcform keeps Arcus cache clouds as one file says they should be: the ZooKeeper\n"
    "ensemble, the clouds and the cache nodes on every host.";

constexpr const char* kExitStatuses =
    "Exit status: 0 done, 1 error, 2 changes pending (plan --exit-code), 3 refused by a guard,\n"
    "4 spec or usage invalid, 5 some steps failed, 7 lock held by another apply, 8 not converged\n"
    "in time, 9 observation incomplete, 130/143 interrupted at a safe point.";

/// "90s", "10m", "2h", "45" (seconds); empty: not a time.
std::string check_time(const std::string& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string unit = digits == text.size() ? "s" : text.substr(digits);
  const bool known = unit == "s" || unit == "m" || unit == "h";
  return digits == 0 || digits > 6 || !known
             ? "\"" + text + "\" is not a time; write for example 90s, 10m or 2h"
             : "";
}

std::chrono::seconds to_time(const std::string& text) {
  long count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  const char unit = text.back();
  return std::chrono::seconds(count * (unit == 'm' ? 60 : unit == 'h' ? 3600 : 1));
}

void add_spec(CLI::App& command, Options& options) {
  command.add_option("SPEC", options.spec, "the spec file")->capture_default_str();
}

CLI::Option* add_time(CLI::App& command, const char* name, std::chrono::seconds& into,
                      const char* what) {
  return command
      .add_option_function<std::string>(
          name, [&into](const std::string& text) { into = to_time(text); }, what)
      ->check(check_time)
      ->type_name("TIME");
}

void add_commands(CLI::App& app, Options& options) {
  const auto on = [&app, &options](const char* name, const char* what, Command command) {
    CLI::App* const sub = app.add_subcommand(name, what);
    sub->callback([&options, command] { options.command = command; });
    return sub;
  };
  add_spec(*on("validate", "check a spec, offline", Command::validate), options);

  CLI::App* const plan = on("plan", "show what apply would do; changes nothing", Command::plan);
  add_spec(*plan, options);
  plan->add_flag("--exit-code", options.exit_code, "exit with 2 when there are changes");
  plan->add_flag("--full", options.full, "show long lists whole");
  plan->add_option("--allow-removal", options.allow_removal,
                   "this cloud may lose any of its nodes, and its clients")
      ->type_name("CLOUD")
      ->allow_extra_args(false);  // What follows the name is the spec.

  CLI::App* const apply = on("apply", "do it, until it is true", Command::apply);
  add_spec(*apply, options);
  apply->add_flag("--yes", options.yes, "do not ask before acting");
  apply->add_option("--parallel", options.parallel, "steps at once")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_time(*apply, "--timeout", options.timeout, "give up when not converged by then [10m]");
  add_time(*apply, "--lock-timeout", options.lock_timeout,
           "how long to wait for a lock that another apply holds [12s]");
  apply->add_flag("--full", options.full, "show long lists whole");
  apply
      ->add_option("--allow-removal", options.allow_removal,
                   "this cloud may lose any of its nodes, and its clients")
      ->type_name("CLOUD")
      ->allow_extra_args(false);  // What follows the name is the spec.

  CLI::App* const status =
      on("status", "show the ensemble, clouds and nodes, one verdict each", Command::status);
  add_spec(*status, options);
  status->add_flag("--full", options.full, "show long lists whole");
  on("schema", "print the spec's JSON Schema", Command::schema);
}

/// Empty, or what is wrong with the first word: CLI11 only says that a command is missing.
std::string check_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::string known;
  for (const CLI::App* const command : app.get_subcommands({})) {
    if (arguments.empty() || arguments.front().starts_with('-') ||
        command->get_name() == arguments.front()) {
      return "";
    }
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  return fmt::format("arcform: \"{}\" is not a command; known here: {}\n",
                     printable(arguments.front(), 100), known);
}

}  // namespace

std::variant<Options, Answer> read_command_line(std::vector<std::string> arguments) {
  Options options;
  CLI::App app(kAbout, "arcform");
  app.set_version_flag("--version", "arcform " ARCFORM_VERSION);
  app.footer(kExitStatuses);
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  add_commands(app, options);
  if (std::string wrong = check_command(app, arguments); !wrong.empty()) {
    return Answer{std::move(wrong), ExitStatus::invalid};
  }
  try {
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const bool fine = app.exit(error, out, err) == 0;
    return Answer{fine ? out.str() : "arcform: " + err.str(),
                  fine ? ExitStatus::done : ExitStatus::invalid};
  }
  return options;
}

}  // namespace arcform
