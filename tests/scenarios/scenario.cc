// SPDX-License-Identifier: Apache-2.0
// Runs one scenario file and compares what its commands print with what it says.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/scenarios/scenario_world.h"
#include "tests/support/text_file.h"

namespace arcform::sim {
namespace {

int run_file(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::vector<Command> commands = parse_scenario(content_of(path));
  std::vector<Command> actual = commands;
  ScenarioWorld world(slash == std::string::npos ? "." : path.substr(0, slash));
  int differ = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    actual[i].expected = world.obey(commands[i]);
    if (actual[i].expected != commands[i].expected) {
      ++differ;
      std::printf("%s: %s\n--- expected\n%s+++ actual\n%s\n", path.c_str(),
                  commands[i].line.c_str(), commands[i].expected.c_str(),
                  actual[i].expected.c_str());
    }
  }
  const char* const update = std::getenv("UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1" && differ > 0) {
    std::ofstream(path, std::ios::binary) << write_scenario(actual);
    std::printf("%s is rewritten; review it\n", path.c_str());
    return 0;
  }
  return commands.empty() || differ > 0 ? 1 : 0;
}

}  // namespace
}  // namespace arcform::sim

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: scenario FILE\n");
    return 4;
  }
  try {
    return arcform::sim::run_file(argv[1]);
  } catch (const std::exception& failure) {
    std::printf("%s: %s\n", argv[1], failure.what());
    return 1;
  }
}
