// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include <CLI/CLI.hpp>

#include "controller/cli.h"

/// What the parts of the command line share. `options` and `into` must outlive the parsing.
namespace arcform {

/// "90s", "10m", "2h", "45" (seconds). Otherwise what is wrong; empty: nothing is.
std::string check_time(const std::string& text);
/// Of a text that passed the check.
std::chrono::seconds to_time(const std::string& text);

void add_spec(CLI::App& command, Options& options);
CLI::Option* add_time(CLI::App& command, const char* name, std::chrono::seconds& into,
                      const char* what);
/// watch, pause, resume and approve.
void add_watch_commands(CLI::App& app, Options& options);

}  // namespace arcform
