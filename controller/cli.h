// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "model/plan.h"

namespace arcform {

/// The exit statuses of the command line. Stable: scripts rely on them.
enum class ExitStatus {
  done = 0,
  error = 1,
  changes_pending = 2,  ///< plan --exit-code, and there is something to do; apply PLAN, and more is
  refused = 3,          ///< by a guard, or nobody was there to say yes
  invalid = 4,          ///< the spec or the command line
  steps_failed = 5,
  stale_plan = 6,  ///< apply PLAN: what it relies on has moved
  lock_held = 7,
  not_converged = 8,  ///< in time
  incomplete = 9,     ///< something could not be observed
  bug = 70,
  interrupted = 130,
  terminated = 143,
};

enum class Command {
  validate,
  plan,
  apply,
  status,
  ping,
  observe,
  watch,
  pause,
  resume,
  approve,
  import_conf,
  import_live,
  schema,
  completion,
  pack
};

/// How results are written.
enum class Format { text, json, markdown, dot };

/// What the import commands are told.
struct ImportOptions {
  std::string file;       ///< conf: Arcus' configuration file
  std::string zookeeper;  ///< "ip:port,ip:port"
  std::string output;     ///< empty: standard output
  bool force = false;     ///< an existing output file may be replaced
  std::string deployment = "arcus";
  std::string user;  ///< live: who logs in
  std::vector<std::string> identity_files;
  std::string known_hosts;
  std::uint16_t port = 22;
  bool log_in = true;  ///< live: false: only ZooKeeper is asked
};

/// What the command line asks for.
struct Options {
  Command command = Command::plan;
  std::string spec = "arcform.json";
  Format format = Format::text;
  std::string out;              ///< plan: save it there; observe: write there, not to stdout
  std::string from;             ///< plan: an observation in a file, instead of looking
  std::string schema = "spec";  ///< schema: of which document
  std::string folder;           ///< pack: what is packed
  std::string output;           ///< pack: the archive
  std::string home;             ///< of the user, for "~" in paths; not of the command line
  bool exit_code = false;       ///< plan: 2 when there are changes
  bool full = false;            ///< long lists whole
  bool yes = false;             ///< apply: do not ask
  std::size_t parallel = 32;
  std::chrono::seconds timeout{600};
  std::chrono::seconds lock_timeout{12};
  std::vector<std::string> allow_removal;
  std::chrono::seconds period{30};     ///< watch: between looks that nothing asked for
  std::string log;                     ///< watch: "text", "json" or empty: by the output
  std::string listen;                  ///< watch: "HOST:PORT", "none", or empty: the usual place
  std::vector<std::string> hook_urls;  ///< watch
  std::vector<std::string> hook_programs;  ///< watch
  std::vector<std::string> hook_events;    ///< watch: empty: the usual ones
  std::string hook_token;                  ///< watch: a file
  std::string subject;                     ///< pause, resume: the scope; approve: the hash
  std::chrono::seconds pause_time{0};      ///< pause: for how long
  std::string reason;                      ///< pause
  std::vector<Selector> only;              ///< plan, apply: nothing but this
  std::vector<std::string> clouds;         ///< status: only these
  std::string zookeeper;          ///< status: ask these servers ("host:port,..."), without a spec
  std::chrono::seconds watch{0};  ///< status: again and again; 0: once
  std::string shell;              ///< completion: for which
  std::vector<std::string> adopt;
  ImportOptions import;
};

/// What to print and how to exit instead of running a command: help, the version, a usage error.
struct Answer {
  std::string text;
  ExitStatus status = ExitStatus::done;
};

/// One option of a command, or a positional argument (its name begins with no '-').
struct OptionHelp {
  std::vector<std::string> names;  ///< "-z", "--zookeeper"
  std::string about;
  std::string value;                 ///< what its value is called; empty: takes none
  std::vector<std::string> choices;  ///< the only values, when there are few
};

/// One command as the command line knows it: what completions and the manual are made of or
/// compared with. The first one, without a name, is the program itself.
struct CommandHelp {
  std::string name;  ///< "plan"; a command below another one: "import conf"
  std::string about;
  std::vector<OptionHelp> options;
};
std::vector<CommandHelp> command_help();

/// Reads a command line (without the program's name). Times are written "90s", "10m", "2h" or as
/// plain seconds.
std::variant<Options, Answer> read_command_line(std::vector<std::string> arguments);

}  // namespace arcform
