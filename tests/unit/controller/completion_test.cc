// SPDX-License-Identifier: Apache-2.0
// Completions and the manual know exactly what the command line knows.
#include "controller/completion.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "controller/cli.h"

namespace arcform {
namespace {

std::string manual() {
  std::ifstream file(ARCFORM_MANUAL);
  std::ostringstream text;
  text << file.rdbuf();
  REQUIRE(file);
  // In roff a dash that is to be copied is written with a backslash.
  return std::regex_replace(text.str(), std::regex(R"(\\-)"), "-");
}

/// The part of the manual under ".SS plan", or ".SH OPTIONS" for what every command takes.
std::string section(const std::string& text, const std::string& heading) {
  const std::size_t from = text.find("\n" + heading + "\n");
  if (from == std::string::npos) {
    return "";
  }
  const std::size_t end = text.find("\n.S", from + 1 + heading.size());
  return text.substr(from, end - from);
}

std::set<std::string> options_in(const std::string& text) {
  static const std::regex kOption(R"((^|[^A-Za-z0-9-])(--[a-z][a-z-]*))");
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), kOption), end; it != end; ++it) {
    found.insert((*it)[2]);
  }
  return found;
}

TEST_CASE("the command line tells what it knows") {
  const std::vector<CommandHelp> all = command_help();
  const auto plan = std::find_if(all.begin(), all.end(),
                                 [](const CommandHelp& command) { return command.name == "plan"; });
  REQUIRE(plan != all.end());
  const auto only = std::find_if(
      plan->options.begin(), plan->options.end(),
      [](const OptionHelp& option) { return option.names == std::vector<std::string>{"--only"}; });
  REQUIRE(only != plan->options.end());
  CHECK(only->value == "SELECTOR");
  const auto completion = std::find_if(all.begin(), all.end(), [](const CommandHelp& command) {
    return command.name == "completion";
  });
  REQUIRE(completion != all.end());
  const auto shell = std::find_if(completion->options.begin(), completion->options.end(),
                                  [](const OptionHelp& o) { return o.names.front() == "SHELL"; });
  REQUIRE(shell != completion->options.end());
  CHECK(std::set<std::string>(shell->choices.begin(), shell->choices.end()) ==
        std::set<std::string>{"bash", "fish", "names", "zsh"});
}

TEST_CASE("every completion names every command and every option") {
  for (const CompletionShell shell :
       {CompletionShell::bash, CompletionShell::zsh, CompletionShell::fish}) {
    const std::string script = completion_script(shell);
    for (const CommandHelp& command : command_help()) {
      CAPTURE(command.name);
      CHECK(script.find(command.name.substr(command.name.rfind(' ') + 1)) != std::string::npos);
      for (const OptionHelp& option : command.options) {
        for (const std::string& name : option.names) {
          CAPTURE(name);
          const std::string written =
              shell == CompletionShell::fish ? " -l " + name.substr(2) + " " : name;
          CHECK((!name.starts_with("--") || script.find(written) != std::string::npos));
        }
      }
    }
    CHECK(script.find("@CASES@") == std::string::npos);
  }
}

TEST_CASE("the manual has a section for every command, with exactly its options") {
  const std::string text = manual();
  for (const CommandHelp& command : command_help()) {
    CAPTURE(command.name);
    const std::string part =
        section(text, command.name.empty() ? ".SH OPTIONS" : ".SS " + command.name);
    REQUIRE_FALSE(part.empty());
    std::set<std::string> known;
    for (const OptionHelp& option : command.options) {
      for (const std::string& name : option.names) {
        if (name.starts_with("--") && (command.name.empty() || name != "--help")) {
          known.insert(name);
        }
      }
    }
    CHECK(options_in(part) == known);
  }
}

TEST_CASE("the manual has every exit status") {
  const std::string part = section(manual(), ".SH EXIT STATUS");
  for (const ExitStatus status :
       {ExitStatus::done, ExitStatus::error, ExitStatus::changes_pending, ExitStatus::refused,
        ExitStatus::invalid, ExitStatus::steps_failed, ExitStatus::stale_plan,
        ExitStatus::lock_held, ExitStatus::not_converged, ExitStatus::incomplete, ExitStatus::bug,
        ExitStatus::interrupted, ExitStatus::terminated}) {
    CAPTURE(static_cast<int>(status));
    CHECK(part.find("\n.B " + std::to_string(static_cast<int>(status)) + "\n") !=
          std::string::npos);
  }
}

}  // namespace
}  // namespace arcform
