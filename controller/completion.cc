// SPDX-License-Identifier: Apache-2.0
#include "controller/completion.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/cli.h"

namespace arcform {
namespace {

/// What the word behind an option, or a positional one, is completed with.
std::string source_of(const OptionHelp& option) {
  if (!option.choices.empty()) {
    return fmt::format("words:{}", fmt::join(option.choices, " "));
  }
  if (option.value == "SELECTOR") {
    return "names:";
  }
  if (option.value == "CLOUD") {
    return "clouds:";
  }
  const bool file = option.value == "FILE" || option.value == "DIR" || option.value == "TEXT" ||
                    !option.names.front().starts_with('-');
  return file ? "files:" : "none:";
}

bool is_option(const OptionHelp& option) {
  return option.names.front().starts_with('-');
}

/// "[TIME]": its value is joined with '=' and may be left out.
bool takes_next(const OptionHelp& option) {
  return is_option(option) && !option.value.empty() && !option.value.starts_with('[');
}

/// Names of the commands right below this one.
std::vector<std::string> below(const std::vector<CommandHelp>& all, const std::string& name) {
  std::vector<std::string> out;
  const std::string prefix = name.empty() ? "" : name + " ";
  for (const CommandHelp& command : all) {
    const bool child = !command.name.empty() && command.name.starts_with(prefix) &&
                       command.name.find(' ', prefix.size()) == std::string::npos &&
                       command.name.size() > prefix.size();
    if (child) {
      out.push_back(command.name.substr(prefix.size()));
    }
  }
  return out;
}

/// Text in single quotes of any of the three shells: no quote and no backslash is left in it.
std::string harmless(std::string text) {
  std::replace(text.begin(), text.end(), '\'', '`');
  std::replace(text.begin(), text.end(), '\\', '/');
  return text.substr(0, text.find('\n'));
}

/// A case of the command in front: its options, its commands, what its words are.
std::string case_of(const std::vector<CommandHelp>& all, const CommandHelp& command,
                    bool described) {
  std::string options;
  std::string values;
  std::string words = "none:";
  for (const OptionHelp& option : command.options) {
    const std::string about = harmless(option.about);
    for (const std::string& name : option.names) {
      if (is_option(option) && (described || name.starts_with("--"))) {
        options += described ? fmt::format("'{}:{}' ", name, about) : name + " ";
      }
    }
    if (takes_next(option)) {
      values += fmt::format("        {}) from='{}' ;;\n", fmt::join(option.names, "|"),
                            source_of(option));
    } else if (!is_option(option)) {
      words = words.starts_with("words:") ? words : source_of(option);
      words = option.names.front().find("CLOUD") != std::string::npos ? "spec_or_clouds:" : words;
    }
  }
  std::string commands;
  for (const std::string& name : below(all, command.name)) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const CommandHelp& other) {
      return other.name == (command.name.empty() ? name : command.name + " " + name);
    });
    commands += described ? fmt::format("'{}:{}' ", name, harmless(at->about)) : name + " ";
  }
  const char* const form = R"(    '{}')
      options=({}) commands=({})
      words='{}'
      case $previous in
{}      esac
      ;;
)";
  return fmt::format(fmt::runtime(form), command.name, options, commands, words, values);
}

std::string cases_of(bool described) {
  const std::vector<CommandHelp> all = command_help();
  std::string out;
  for (const CommandHelp& command : all) {
    out += case_of(all, command, described);
  }
  return out;
}

/// Which words lead to a command below another one: the names of all commands, as patterns.
std::string paths() {
  std::string out;
  for (const CommandHelp& command : command_help()) {
    if (!command.name.empty()) {
      out += (out.empty() ? "'" : "|'") + command.name + "'";
    }
  }
  return out;
}

constexpr const char* kBash = R"sh(# bash completion for arcform; made by `arcform completion bash`
_arcform() {
  local line=${COMP_LINE:0:COMP_POINT} current previous='' spec=arcform.json word command=''
  local from='' words options commands
  local -a before found=()
  current=${line##*[[:space:]]}
  read -r -a before <<<"${line%"$current"}"
  for word in "${before[@]:1}"; do
    case ${command:+$command }$word in
    @PATHS@) command=${command:+$command }$word ;;
    esac
    case $word in *.json | */*) spec=$word ;; esac
    previous=$word
  done
  case $command in
@CASES@  esac
  if [[ -z $from ]]; then
    case $current in
    -*) from="words:${options[*]}" ;;
    *) if ((${#commands[@]})); then from="words:${commands[*]}"; else from=$words; fi ;;
    esac
  fi
  local name
  case $from in
  words:*) mapfile -t found < <(compgen -W "${from#words:}" -- "$current") ;;
  names:*)
    while IFS= read -r name; do
      [[ $name == "$current"* ]] && found+=("$name")
    done < <("${COMP_WORDS[0]}" completion names "$spec" 2>/dev/null) ;;
  *clouds:*)
    while IFS= read -r name; do
      [[ $name == cloud:"$current"* ]] && found+=("${name#cloud:}")
    done < <("${COMP_WORDS[0]}" completion names "$spec" 2>/dev/null) ;;
  esac
  case $from in
  files:* | spec_or*)
    compopt -o filenames 2>/dev/null
    while IFS= read -r name; do found+=("$name"); done < <(compgen -f -- "$current") ;;
  esac
  # Readline replaces only what follows the last ':' or '='.
  local cut=${current%"${current##*[:=]}"}
  COMPREPLY=("${found[@]#"$cut"}")
}
complete -F _arcform arcform
)sh";

constexpr const char* kZsh = R"sh(#compdef arcform
# zsh completion for arcform; made by `arcform completion zsh`
_arcform() {
  local current=${words[CURRENT]} previous='' spec=arcform.json word command=''
  local from='' name
  local -a before options commands found
  before=(${words[2,CURRENT-1]})
  local program=${words[1]} words
  for word in $before; do
    case ${command:+$command }$word in
    @PATHS@) command=${command:+$command }$word ;;
    esac
    case $word in *.json | */*) spec=$word ;; esac
    previous=$word
  done
  case $command in
@CASES@  esac
  if [[ -z $from ]]; then
    if [[ $current == -* ]]; then
      _describe -o option options
      return
    elif (( ${#commands} )); then
      _describe command commands
      return
    fi
    from=$words
  fi
  case $from in
  words:*) compadd -- ${=from#words:} ;;
  names:*) compadd -- ${(f)"$($program completion names $spec 2>/dev/null)"} ;;
  *clouds:*)
    found=(${(f)"$($program completion names $spec 2>/dev/null)"})
    found=(${(M)found:#cloud:*})
    compadd -- ${found#cloud:} ;;
  esac
  case $from in
  files:* | spec_or*) _files ;;
  esac
}
if [[ $funcstack[1] == _arcform ]]; then _arcform "$@"; else compdef _arcform arcform; fi
)sh";

std::string filled(std::string text, bool described) {
  const auto put = [&text](const std::string& mark, const std::string& what) {
    const std::size_t at = text.find(mark);
    text.replace(at, mark.size(), what);
  };
  put("@PATHS@", paths());
  put("@CASES@", cases_of(described));
  return text;
}

/// The condition under which a line of fish's script counts.
std::string condition_of(const std::vector<CommandHelp>& all, const std::string& name) {
  std::string out;
  for (std::size_t from = 0; from < name.size();) {
    const std::size_t end = std::min(name.find(' ', from), name.size());
    out += fmt::format("{}__fish_seen_subcommand_from {}", out.empty() ? "" : "; and ",
                       name.substr(from, end - from));
    from = end + 1;
  }
  const std::vector<std::string> further = below(all, name);
  if (!further.empty()) {
    out += fmt::format("{}not __fish_seen_subcommand_from {}", out.empty() ? "" : "; and ",
                       fmt::join(further, " "));
  }
  return out;
}

std::string fish_values(const OptionHelp& option) {
  const std::string source = source_of(option);
  const std::string kind = source.substr(0, source.find(':'));
  const std::string names = "(arcform completion names (__arcform_spec) 2>/dev/null";
  return kind == "words"    ? fmt::format(" -x -a '{}'", source.substr(source.find(':') + 1))
         : kind == "names"  ? fmt::format(" -x -a '{})'", names)
         : kind == "clouds" ? fmt::format(" -x -a '{} | string replace -f \"cloud:\" \"\")'", names)
         : kind == "files"  ? " -r -F"
                            : " -x";
}

std::string fish_option(const OptionHelp& option, const std::string& condition) {
  std::string out = fmt::format("complete -c arcform -n '{}'", condition);
  for (const std::string& name : option.names) {
    out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  return out + fmt::format(" -d '{}'{}\n", harmless(option.about),
                           takes_next(option) ? fish_values(option) : "");
}

std::string fish_script() {
  const std::vector<CommandHelp> all = command_help();
  std::string out = R"(# fish completion for arcform; made by `arcform completion fish`
function __arcform_spec
  for word in (commandline -opc)
    if string match -q -r '[.]json$|/' -- $word
      echo $word
      return
    end
  end
  echo arcform.json
end
complete -c arcform -f
)";
  for (const CommandHelp& command : all) {
    const std::string condition = condition_of(all, command.name);
    for (const std::string& name : below(all, command.name)) {
      const auto at = std::find_if(all.begin(), all.end(), [&](const CommandHelp& other) {
        return other.name == (command.name.empty() ? name : command.name + " " + name);
      });
      out += fmt::format("complete -c arcform -n '{}' -a {} -d '{}'\n", condition, name,
                         harmless(at->about));
    }
    for (const OptionHelp& option : command.options) {
      if (is_option(option)) {
        out += fish_option(option, condition);
      } else {
        out += option.choices.empty()
                   ? fmt::format("complete -c arcform -n '{}' -F\n", condition)
                   : fmt::format("complete -c arcform -n '{}'{}\n", condition, fish_values(option));
      }
    }
  }
  return out;
}

}  // namespace

std::optional<CompletionShell> shell_named(std::string_view name) {
  return name == "bash"   ? std::optional(CompletionShell::bash)
         : name == "zsh"  ? std::optional(CompletionShell::zsh)
         : name == "fish" ? std::optional(CompletionShell::fish)
                          : std::nullopt;
}

std::string completion_script(CompletionShell shell) {
  switch (shell) {
    case CompletionShell::bash:
      return filled(kBash, false);
    case CompletionShell::zsh:
      return filled(kZsh, true);
    case CompletionShell::fish:
      return fish_script();
  }
  return "";
}

}  // namespace arcform
