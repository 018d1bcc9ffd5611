// SPDX-License-Identifier: Apache-2.0
// A simulated Arcus server for tests: what arcform says to the real one, it answers as that does.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/signalfd.h>

#include "examples/stock-node/process.h"
#include "tests/arcus_double/server.h"

namespace {

using namespace arcform::stock;

int refuse(const Failure& failure) {
  Log(0).warning("{}", failure.text);
  return failure.status;
}

Fd stop_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Fd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

int run(const Options& options) {
  if (const auto failure = set_limits_and_user(options)) {
    return refuse(*failure);
  }
  if (options.daemonize) {
    return refuse({kExitBadOption, "the simulated server runs only in the foreground"});
  }
  const Fd signals = stop_signals();
  Outcome<Fd> listener = listen_on(options);
  if (const auto* failure = std::get_if<Failure>(&listener)) {
    return refuse(*failure);
  }
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  const Log log(options.verbosity);
  Server server(options, log, std::move(std::get<Fd>(listener)),
                program.parent_path().parent_path() / "var");
  if (const auto failure = server.join()) {
    return refuse(*failure);
  }
  return server.run(signals);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const CommandLine command = parse_command_line(arguments);
  if (std::holds_alternative<Inquiry>(command)) {
    fmt::print("arcus_double {}: a simulated Arcus server for tests (not the Arcus server)\n",
               ARCFORM_VERSION);
    return 0;
  }
  if (const auto* failure = std::get_if<Failure>(&command)) {
    return refuse(*failure);
  }
  return run(std::get<Options>(command));
}
