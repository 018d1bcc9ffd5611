// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "controller/cli_hooks.h"
#include "controller/cli_parts.h"
#include "controller/listen.h"

namespace arcform {

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

namespace {

constexpr const char* kScope = "all, cloud:NAME, host:NAME or node:IP:PORT";

}  // namespace

void add_watch_commands(CLI::App& app, Options& options) {
  const auto on = [&app, &options](const char* name, const char* what, Command command) {
    CLI::App* const sub = app.add_subcommand(name, what);
    sub->callback([&options, command] { options.command = command; });
    return sub;
  };
  CLI::App* const watch = on("watch", "keep it true: heal and roll out, for ever", Command::watch);
  add_spec(*watch, options);
  watch->add_option("--parallel", options.parallel, "steps at once")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_time(*watch, "--period", options.period, "a look at least so often [30s]");
  watch
      ->add_option("--listen", options.listen,
                   "where it shows itself, HOST:PORT, or none [127.0.0.1:9464]")
      ->check([](const std::string& text) {
        return text == "none" || parse_listen(text)
                   ? ""
                   : "\"" + text + "\" is no place; write for example 127.0.0.1:9464, or none";
      });
  watch->add_option("--log", options.log, "text or json; by default text on a terminal")
      ->check(CLI::IsMember({"text", "json"}));
  add_hook_options(*watch, options);

  CLI::App* const pause =
      on("pause", "do nothing to a part of the deployment for some time", Command::pause);
  pause->add_option("SCOPE", options.subject, kScope)->required();
  add_spec(*pause, options);
  add_time(*pause, "--for", options.pause_time, "for how long")->required();
  pause->add_option("--reason", options.reason, "for the others to read")->required();

  CLI::App* const resume =
      on("resume", "end a pause, or release what watch has frozen", Command::resume);
  resume->add_option("SCOPE", options.subject, kScope)->required();
  add_spec(*resume, options);

  CLI::App* const approve =
      on("approve", "let watch roll out what it has planned", Command::approve);
  approve->add_option("HASH", options.subject, "as watch shows it")->required();
  add_spec(*approve, options);
}

}  // namespace arcform
