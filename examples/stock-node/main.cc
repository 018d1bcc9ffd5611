// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "examples/stock-node/engine.h"
#include "examples/stock-node/log.h"
#include "examples/stock-node/node.h"
#include "examples/stock-node/options.h"

namespace {

using namespace arcform::stock;

int answer(Inquiry inquiry) {
  switch (inquiry) {
    case Inquiry::help:
      fmt::print("{}", help_text());
      break;
    case Inquiry::licence:
      fmt::print(
          "arcform stock-node: Apache License 2.0. The memcached it runs has its own; see "
          "{} -i\n",
          stock_memcached_path());
      break;
    case Inquiry::version:
      fmt::print(
          "arcform stock-node {}: stock memcached joined to an Arcus cache cloud (not the "
          "Arcus server); engine: {}\n",
          ARCFORM_VERSION, stock_memcached_version());
      break;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const CommandLine command = parse_command_line(arguments);
  if (const auto* inquiry = std::get_if<Inquiry>(&command)) {
    return answer(*inquiry);
  }
  if (const auto* failure = std::get_if<Failure>(&command)) {
    Log(0).warning("{}", failure->text);
    return failure->status;
  }
  return run_node(std::get<Options>(command));
}
