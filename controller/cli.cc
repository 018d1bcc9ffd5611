// SPDX-License-Identifier: Apache-2.0
#include "controller/cli.h"

#include <algorithm>
#include <map>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "controller/cli_parts.h"
#include "model/names.h"
#include "model/select.h"

namespace arcform {
namespace {

constexpr const char* kAbout =
    "arcform keeps Arcus cache clouds as one file says they should be: the ZooKeeper\n"
    "ensemble, the clouds and the cache nodes on every host.";

constexpr const char* kExitStatuses =
    "Exit status: 0 done, 1 error, 2 changes pending (plan --exit-code), 3 refused by a guard,\n"
    "4 spec, plan or usage invalid, 5 some steps failed, 6 stale plan, 7 lock held by another "
    "apply,\n"
    "8 not converged in time, 9 observation incomplete, 130/143 interrupted at a safe point.";

/// Every format, or text and JSON only.
void add_format(CLI::App& command, Options& options, bool all) {
  std::map<std::string, Format> formats{{"text", Format::text}, {"json", Format::json}};
  if (all) {
    formats["markdown"] = Format::markdown;
    formats["dot"] = Format::dot;
  }
  command
      .add_option_function<std::string>(
          "--format",
          [&options, formats](const std::string& name) { options.format = formats.at(name); },
          all ? "text, json, markdown (for a review) or dot (Graphviz) [text]"
              : "text or json [text]")
      ->check(CLI::IsMember(formats))
      ->type_name("FORMAT");
}

void add_only(CLI::App& command, Options& options) {
  const auto check = [](const std::string& text) {
    const Result<Selector> selector = parse_selector(text);
    return selector ? "" : selector.error().message;
  };
  command
      .add_option_function<std::vector<std::string>>(
          "--only",
          [&options](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              options.only.push_back(*parse_selector(text));
            }
          },
          "only what changes this: cloud:NAME, host:NAME or node:ADDRESS; may be repeated")
      ->check(check)
      ->type_name("SELECTOR")
      ->allow_extra_args(false);
}

/// A word that has a '/', ends in ".json" or is no service code is the spec; any other is a cloud.
std::string take_word(const std::string& word, Options& options, bool& named) {
  if (is_service_code(word) && !word.ends_with(".json")) {
    options.clouds.push_back(word);
    return "";
  }
  if (named) {
    return "\"" + options.spec + "\" and \"" + word + "\" look like spec files; name one";
  }
  named = true;
  options.spec = word;
  return "";
}

void add_status(CLI::App& status, Options& options) {
  status
      .add_option_function<std::vector<std::string>>(
          "SPEC|CLOUD",
          [&options](const std::vector<std::string>& words) {
            bool named = false;
            for (const std::string& word : words) {
              if (const std::string wrong = take_word(word, options, named); !wrong.empty()) {
                throw CLI::ValidationError("status", wrong);
              }
            }
          },
          "the spec file (has a / or ends in .json), and clouds to which to keep")
      ->type_name("");
  status.add_option("--cloud", options.clouds, "keep to this cloud; may be repeated")
      ->type_name("CLOUD")
      ->allow_extra_args(false);
  status
      .add_option("-z,--zookeeper", options.zookeeper,
                  "without a spec: what these servers say of themselves and of all clouds")
      ->type_name("HOST:PORT,...");
  const std::string about = "again every 2 seconds, or as --watch=TIME says, until Ctrl-C";
  status.add_flag("--watch{2}", about)
      ->each([&options](const std::string& text) { options.watch = to_time(text); })
      ->check([](const std::string& text) {
        const bool none = text.find_first_not_of('0') == std::string::npos;
        return none ? check_time("") : check_time(text);
      })
      ->type_name("[TIME]");
  status.add_flag("--full", options.full, "show long lists whole");
}

void add_adopt(CLI::App& command, Options& options) {
  command
      .add_option("--adopt", options.adopt,
                  "take over this cloud although nodes of it are not in the spec")
      ->type_name("CLOUD")
      ->allow_extra_args(false);
}

void add_output(CLI::App& command, ImportOptions& options) {
  command.add_option("-z,--zookeeper", options.zookeeper, "the ensemble, ip:port,ip:port,...")
      ->required()
      ->type_name("ZKLIST");
  command.add_option("-o,--output", options.output, "write the spec to this file")
      ->type_name("FILE");
  command.add_flag("--force", options.force, "replace the file if it is there");
  command.add_option("--deployment", options.deployment, "the name of the deployment")
      ->type_name("NAME")
      ->capture_default_str();
}

void add_import(CLI::App& app, Options& options) {
  CLI::App* const import = app.add_subcommand("import", "write the spec of what exists");
  import->require_subcommand(1);
  CLI::App* const conf =
      import->add_subcommand("conf", "write the spec of an Arcus configuration file");
  conf->callback([&options] { options.command = Command::import_conf; });
  conf->add_option("FILE", options.import.file, "the JSON file that arcus.sh is given")->required();
  CLI::App* const live = import->add_subcommand("live", "write the spec of what runs");
  live->callback([&options] { options.command = Command::import_live; });
  for (CLI::App* const command : {conf, live}) {
    add_output(*command, options.import);
    command->add_option("--ssh-user", options.import.user, "who logs in on the hosts");
    command->add_option("--ssh-port", options.import.port, "where sshd listens")
        ->check(CLI::Range(1, 65535))
        ->capture_default_str();
    command->add_option("--identity", options.import.identity_files, "a private key")
        ->type_name("FILE")
        ->allow_extra_args(false);
    command->add_option("--known-hosts", options.import.known_hosts, "the keys of the hosts")
        ->type_name("FILE");
  }
  live->add_flag_callback(
      "--no-hosts", [&options] { options.import.log_in = false; },
      "ask ZooKeeper only, log in nowhere");
}

/// Commands that print or write something and look at no world.
template <class On>
void add_documents(const On& on, Options& options) {
  CLI::App* const schema = on("schema", "print the JSON Schema of a document", Command::schema);
  schema
      ->add_option("DOCUMENT", options.schema,
                   "spec, plan, status, observation, diagnostics or event")
      ->check(CLI::IsMember({"spec", "plan", "status", "observation", "diagnostics", "event"}))
      ->capture_default_str();
  CLI::App* const completion =
      on("completion", "print completions for a shell", Command::completion);
  completion->add_option("SHELL", options.shell, "bash, zsh or fish; names: what --only may name")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish", "names"}));
  add_spec(*completion, options);
  CLI::App* const pack = on(
      "pack", "make the archive of an installed Arcus, the same bytes every time", Command::pack);
  pack->add_option("DIR", options.folder, "what to pack: the prefix, with its bin and lib")
      ->required();
  pack->add_option("-o,--output", options.output, "the archive: .tar.gz, .tar.xz, .tar.zst or .tar")
      ->required()
      ->type_name("FILE");
}

void add_commands(CLI::App& app, Options& options) {
  const auto on = [&app, &options](const char* name, const char* what, Command command) {
    CLI::App* const sub = app.add_subcommand(name, what);
    sub->callback([&options, command] { options.command = command; });
    return sub;
  };
  CLI::App* const validate = on("validate", "check a spec, offline", Command::validate);
  add_spec(*validate, options);
  add_format(*validate, options, false);

  CLI::App* const plan = on("plan", "show what apply would do; changes nothing", Command::plan);
  add_spec(*plan, options);
  add_format(*plan, options, true);
  plan->add_option("--out", options.out, "save the plan, for apply FILE")->type_name("FILE");
  plan->add_option("--from", options.from, "plan from an observation; looks at nothing")
      ->type_name("FILE");
  plan->add_flag("--exit-code", options.exit_code, "exit with 2 when there are changes");
  plan->add_flag("--full", options.full, "show long lists whole");
  add_only(*plan, options);
  plan->add_option("--allow-removal", options.allow_removal,
                   "this cloud may lose any of its nodes, and its clients")
      ->type_name("CLOUD")
      ->allow_extra_args(false);  // What follows the name is the spec.

  CLI::App* const apply = on("apply", "do it, until it is true", Command::apply);
  apply->add_option("SPEC", options.spec, "the spec file, or a plan of plan --out")
      ->capture_default_str();
  apply->add_flag("--yes", options.yes, "do not ask before acting");
  apply->add_option("--parallel", options.parallel, "steps at once")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_adopt(*plan, options);
  add_adopt(*apply, options);
  add_time(*apply, "--timeout", options.timeout, "give up when not converged by then [10m]");
  add_time(*apply, "--lock-timeout", options.lock_timeout,
           "how long to wait for a lock that another apply holds [12s]");
  apply->add_flag("--full", options.full, "show long lists whole");
  add_only(*apply, options);
  apply
      ->add_option("--allow-removal", options.allow_removal,
                   "this cloud may lose any of its nodes, and its clients")
      ->type_name("CLOUD")
      ->allow_extra_args(false);  // What follows the name is the spec.

  CLI::App* const status =
      on("status", "show the ensemble, clouds and nodes, one verdict each", Command::status);
  add_status(*status, options);
  add_format(*status, options, false);
  CLI::App* const ping =
      on("ping", "is every host, server and node answering, and how fast", Command::ping);
  add_spec(*ping, options);
  ping->add_flag("--full", options.full, "show long lists whole");
  add_watch_commands(app, options);
  CLI::App* const observe =
      on("observe", "write what is there as JSON, for plan --from", Command::observe);
  add_spec(*observe, options);
  observe->add_option("-o,--out", options.out, "write there, not to standard output")
      ->type_name("FILE");

  add_documents(on, options);
  add_import(app, options);
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

/// "--watch 5s" and "--watch=5s" are the same: a time behind it is never a spec or a cloud.
void join_watch(std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i] == "--watch" && check_time(arguments[i + 1]).empty()) {
      arguments[i] += "=" + arguments[i + 1];
      arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
  }
}

void build(CLI::App& app, Options& options) {
  app.set_version_flag("--version", "arcform " ARCFORM_VERSION);
  app.footer(kExitStatuses);
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  add_commands(app, options);
}

OptionHelp help_of(const CLI::Option& option) {
  OptionHelp help;
  for (const std::string& name : option.get_snames()) {
    help.names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    help.names.push_back("--" + name);
  }
  help.about = option.get_description();
  if (help.names.empty()) {
    help.names.push_back(option.get_name());
  }
  std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', std::min(open, type.size()));
  if (close != std::string::npos) {
    std::istringstream words(type.substr(open + 1, close - open - 1));
    for (std::string word; std::getline(words, word, ',');) {
      help.choices.push_back(word);
    }
    type = "WORD";
  }
  // A bound follows a colon, as in "UINT:INT in [1 - 1000]".
  help.value = option.get_expected_max() > 0 && option.get_type_size_max() > 0
                   ? type.substr(0, type.find(type.find(":INT") == std::string::npos ? "]:" : ":"))
                   : "";
  return help;
}

void add_help(const CLI::App& app, const std::string& name, std::vector<CommandHelp>& out) {
  CommandHelp help{name, app.get_description(), {}};
  for (const CLI::Option* const option : app.get_options()) {
    help.options.push_back(help_of(*option));
  }
  out.push_back(std::move(help));
  for (const CLI::App* const command : app.get_subcommands({})) {
    add_help(*command, (name.empty() ? "" : name + " ") + command->get_name(), out);
  }
}

}  // namespace

std::vector<CommandHelp> command_help() {
  Options options;
  CLI::App app(kAbout, "arcform");
  build(app, options);
  std::vector<CommandHelp> out;
  add_help(app, "", out);
  return out;
}

std::variant<Options, Answer> read_command_line(std::vector<std::string> arguments) {
  Options options;
  CLI::App app(kAbout, "arcform");
  build(app, options);
  join_watch(arguments);
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
