// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "examples/stock-node/outcome.h"

namespace arcform::stock {

/// The command line of the Arcus server, with its defaults (arcus-memcached memcached.c,
/// settings_init and main).
struct Options {
  int port = 11211;
  int udp_port = 0;  ///< 0 = off; the server's help says otherwise, its code says 0
  int memory_mb = 64;
  int sticky_mb = 0;
  int max_connections = 1024;
  int threads = 4;
  int verbosity = 0;
  int item_size_max = 1024 * 1024;  ///< bytes
  bool daemonize = false;
  bool core_dumps = false;              ///< -r; a daemon then also keeps its working directory
  std::optional<std::string> user;      ///< -u
  std::optional<std::string> pid_file;  ///< -P; used only with -d
  std::optional<std::string> engine;    ///< -E; must exist, is not loaded
  std::vector<std::string> extensions;  ///< -X, without their arguments; must exist, not loaded
  std::optional<std::string> ensemble;  ///< -z
  int session_timeout_s = 30;           ///< -o; anything outside 10..2000 silently means 30
  std::optional<std::string> listen;    ///< -l
  std::optional<std::string> unix_socket;
  std::vector<std::string> passed_on;  ///< the other arguments that stock memcached knows

  bool operator==(const Options&) const = default;
};

/// What a command line asks for instead of running a node.
enum class Inquiry { help, licence, version };

using CommandLine = std::variant<Options, Inquiry, Failure>;

/// Reads the arguments after argv[0] by getopt's rules: clustered flags, attached and separate
/// values, `--`; other words are ignored, as the server ignores them. Pure.
CommandLine parse_command_line(std::span<const std::string> arguments);

/// Checks across options that the server makes after reading all of them.
std::optional<Failure> check_limits(const Options& options);

/// The arguments (without argv[0]) that make stock memcached serve what `options` ask for.
std::vector<std::string> engine_arguments(const Options& options);

/// The text of `-h`.
std::string help_text();

}  // namespace arcform::stock
