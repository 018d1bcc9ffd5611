// SPDX-License-Identifier: Apache-2.0
#include "tests/scenarios/scenario_file.h"

#include <sstream>
#include <stdexcept>

namespace arcform::sim {

std::vector<Command> parse_scenario(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<Command> commands;
  Command command;
  for (std::string line; std::getline(in, line);) {
    if (command.line.empty() && (line.empty() || line.front() == '#')) {
      command.before.push_back(line);
    } else if (command.line.empty()) {
      command.line = line;
    } else if (line != "----") {
      command.body.push_back(line);
    } else {
      while (std::getline(in, line) && !line.empty()) {
        command.expected += line + "\n";
      }
      commands.push_back(std::move(command));
      command = {};
      command.before.emplace_back();
    }
  }
  if (!command.line.empty()) {
    throw std::runtime_error("no ---- after: " + command.line);
  }
  return commands;
}

std::string write_scenario(const std::vector<Command>& commands) {
  std::string text;
  for (const Command& command : commands) {
    for (const std::string& line : command.before) {
      text += line + "\n";
    }
    text += command.line + "\n";
    for (const std::string& line : command.body) {
      text += line + "\n";
    }
    text += "----\n" + command.expected;
  }
  return text;
}

}  // namespace arcform::sim
