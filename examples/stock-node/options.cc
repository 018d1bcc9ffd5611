// SPDX-License-Identifier: Apache-2.0
#include "examples/stock-node/options.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

namespace arcform::stock {
namespace {

// arcus-memcached memcached.c, main: the getopt string, proxy support included. "-W", "-A" and
// other letters of stock memcached are unknown to the Arcus server and so to us.
constexpr std::string_view kWithValue = "apsUmgcluPfntDRbBIEeXzox";
constexpr std::string_view kFlags = "MkhirvdLCqS";

constexpr int kMinSessionTimeout = 10;    // arcus_zk.c MIN_ZK_TO
constexpr int kMaxSessionTimeout = 2000;  // arcus_zk.c MAX_ZK_TO

using Problem = std::optional<std::variant<Inquiry, Failure>>;

// The server uses atoi: a word that is not a number counts as 0.
int number(const std::string& text) {
  return std::atoi(text.c_str());
}

Problem positive(int value, std::string_view complaint) {
  if (value > 0) {
    return std::nullopt;
  }
  return Failure{kExitBadOption, std::string(complaint)};
}

Problem item_size(Options& options, const std::string& value) {
  constexpr int kSmallest = 20 * 1024;
  constexpr int kLargest = 128 * 1024 * 1024;
  long size = std::atol(value.c_str());
  const char unit = value.empty() ? '\0' : value.back();
  if (unit == 'k' || unit == 'K') {
    size *= 1024;
  } else if (unit == 'm' || unit == 'M') {
    size *= 1024L * 1024L;
  }
  if (size < kSmallest) {
    return Failure{kExitBadOption, "Item max size cannot be less than 20KB."};
  }
  if (size > kLargest) {
    return Failure{kExitBadOption, "Cannot set item size limit higher than 128 mb."};
  }
  options.item_size_max = static_cast<int>(size);
  return std::nullopt;
}

Problem binding_protocol(Options& options, const std::string& value) {
  if (value != "auto" && value != "binary" && value != "ascii") {
    return Failure{kExitUsage,
                   fmt::format("Invalid value for binding protocol: {} -- should be one of auto, "
                               "binary, or ascii",
                               value)};
  }
  options.passed_on.insert(options.passed_on.end(), {"-B", value});
  return std::nullopt;
}

Problem pass_on(Options& options, char letter, const std::string& value) {
  options.passed_on.insert(options.passed_on.end(), {std::string{'-', letter}, value});
  return std::nullopt;
}

Problem checked_pass_on(Options& options, char letter, const std::string& value) {
  if (letter == 'f' && std::atof(value.c_str()) <= 1.0) {
    return Failure{kExitBadOption, "Factor must be greater than 1"};
  }
  if (letter == 'n' && number(value) <= 0) {
    return Failure{kExitBadOption, "Chunk size must be greater than 0"};
  }
  if (letter == 'R' && number(value) <= 0) {
    return Failure{kExitBadOption, "Number of requests per event must be greater than 0"};
  }
  return pass_on(options, letter, value);
}

Problem take_value(Options& options, char letter, const std::string& value, bool& port_given) {
  switch (letter) {
    case 'p':
      port_given = true;
      options.port = number(value);
      return std::nullopt;
    case 'U':
      options.udp_port = number(value);
      return std::nullopt;
    case 'm':
      options.memory_mb = number(value);
      return positive(options.memory_mb, "The value of memory limit must be greater than 0.");
    case 'g':
      options.sticky_mb = number(value);
      return positive(options.sticky_mb,
                      "The value of sticky(gummed) memory limit must be greater than 0.");
    case 'c':
      options.max_connections = number(value);
      return std::nullopt;
    case 't':
      options.threads = number(value);
      return positive(options.threads, "Number of threads must be greater than 0");
    case 'u':
      options.user = value;
      return std::nullopt;
    case 'P':
      options.pid_file = value;
      return std::nullopt;
    case 'E':
      options.engine = value;
      return std::nullopt;
    case 'X':
      options.extensions.push_back(value.substr(0, value.find(',')));
      return std::nullopt;
    case 'z':
      options.ensemble = value;
      return std::nullopt;
    case 'o': {
      const int seconds = number(value);
      const bool allowed = seconds >= kMinSessionTimeout && seconds <= kMaxSessionTimeout;
      options.session_timeout_s = allowed ? seconds : Options{}.session_timeout_s;
      return std::nullopt;
    }
    case 'l':
      options.listen = value;
      return std::nullopt;
    case 's':
      options.unix_socket = value;
      return std::nullopt;
    case 'I':
      return item_size(options, value);
    case 'B':
      return binding_protocol(options, value);
    case 'D':
      return pass_on(options, letter, value.substr(0, 1));
    case 'e':  // Settings of the Arcus storage engine, which is not here.
      return std::nullopt;
    case 'x':
      return Failure{kExitUsage, "-x: an Arcus proxy needs the real Arcus server"};
    default:  // a b f n R
      return checked_pass_on(options, letter, value);
  }
}

Problem take_flag(Options& options, char letter) {
  switch (letter) {
    case 'h':
      return Inquiry::help;
    case 'i':
      return Inquiry::licence;
    case 'd':
      options.daemonize = true;
      return std::nullopt;
    case 'r':
      options.core_dumps = true;
      return std::nullopt;
    case 'v':
      ++options.verbosity;
      return std::nullopt;
    case 'q':  // Forbids detailed statistics; stock memcached cannot.
      return std::nullopt;
    case 'S':
      return Failure{kExitUsage, "This server is not built with SASL support."};
    default:  // M k L C
      options.passed_on.push_back(std::string{'-', letter});
      return std::nullopt;
  }
}

Problem illegal(char letter, std::string_view why) {
  return Failure{kExitBadOption, fmt::format("Illegal argument \"{}\": {}; see -h", letter, why)};
}

CommandLine as_command_line(const std::variant<Inquiry, Failure>& problem) {
  return std::visit([](const auto& value) -> CommandLine { return value; }, problem);
}

}  // namespace

CommandLine parse_command_line(std::span<const std::string> arguments) {
  Options options;
  bool port_given = false;
  for (std::size_t word = 0; word < arguments.size(); ++word) {
    const std::string& text = arguments[word];
    if (text == "--version") {
      return Inquiry::version;
    }
    if (text == "--help") {
      return Inquiry::help;
    }
    if (text == "--") {
      break;
    }
    if (text.size() < 2 || text[0] != '-') {
      continue;
    }
    for (std::size_t at = 1; at < text.size(); ++at) {
      const char letter = text[at];
      Problem problem;
      bool rest_taken = false;
      if (kFlags.find(letter) != std::string_view::npos) {
        problem = take_flag(options, letter);
      } else if (kWithValue.find(letter) == std::string_view::npos) {
        problem = illegal(letter, "unknown option");
      } else if (at + 1 < text.size()) {
        problem = take_value(options, letter, text.substr(at + 1), port_given);
        rest_taken = true;
      } else if (word + 1 < arguments.size()) {
        problem = take_value(options, letter, arguments[++word], port_given);
        rest_taken = true;
      } else {
        problem = illegal(letter, "its value is missing");
      }
      if (problem) {
        return as_command_line(*problem);
      }
      if (rest_taken) {
        break;
      }
    }
  }
  if (options.udp_port != 0 && !port_given) {
    options.port = options.udp_port;
  }
  return options;
}

std::optional<Failure> check_limits(const Options& options) {
  if (options.memory_mb < options.sticky_mb) {
    return Failure{kExitBadOption,
                   "The value of memory limit cannot be smaller than sticky_limit."};
  }
  const int listeners =
      (options.port != 0 ? 2 : 0) + (options.udp_port != 0 ? options.threads * 2 : 0);
  if (options.max_connections <= listeners) {
    return Failure{kExitUsage,
                   fmt::format("Configuration error. You specified {} connections, but the system "
                               "will use at least {} connection structures to start.",
                               options.max_connections, listeners)};
  }
  if (options.ensemble && options.unix_socket) {
    return Failure{kExitUsage, "-s cannot be used with -z: a cache node is found by its ip:port"};
  }
  return std::nullopt;
}

std::vector<std::string> engine_arguments(const Options& options) {
  // Stock memcached refuses items larger than half of its memory, Arcus does not.
  const long half_memory = static_cast<long>(options.memory_mb) * 1024 * 1024 / 2;
  const long item_size_max = std::min<long>(options.item_size_max, half_memory);
  // Stock memcached counts its own descriptors among the connections and does not start without
  // them: measured, 5 for each thread and some 9 more.
  const int connections = std::max(options.max_connections, 16 + 8 * options.threads);
  std::vector<std::string> result = {
      "-p", std::to_string(options.port),      "-U", std::to_string(options.udp_port),
      "-m", std::to_string(options.memory_mb), "-c", std::to_string(connections),
      "-t", std::to_string(options.threads),   "-I", std::to_string(item_size_max)};
  if (options.listen) {
    result.insert(result.end(), {"-l", *options.listen});
  }
  if (options.unix_socket) {
    result.insert(result.end(), {"-s", *options.unix_socket});
  }
  if (options.core_dumps) {
    result.emplace_back("-r");
  }
  if (options.verbosity > 0) {
    result.push_back("-" + std::string(static_cast<std::size_t>(options.verbosity), 'v'));
  }
  result.insert(result.end(), options.passed_on.begin(), options.passed_on.end());
  return result;
}

std::string help_text() {
  return R"(usage: memcached -E <engine.so> [-z <host:port,...>] [options]

Runs stock memcached and joins it to an Arcus cache cloud. This is not the Arcus server: it
takes the Arcus server's command line and behaves towards ZooKeeper and its caller as that
server does, but the commands "config", "zkensemble", "stats zookeeper", "shutdown" and the
collections (list, set, map, btree) are not there.

Arcus options:
-z <list>     ZooKeeper ensemble to join, host:port[,host:port...]; without it, no cloud
-o <seconds>  ZooKeeper session timeout, 10..2000 (default: 30)
-E <file>     storage engine; required, must exist, is not loaded
-X <file>     extension; must exist, is not loaded
-e <text>, -g <MB>, -q   accepted and ignored (-g is checked against -m)

Process options:
-d            run as a daemon; the caller gets 0 right after the fork
-P <file>     pid file, only with -d; written once the node has joined, removed by SIGTERM
-r            allow core files; with -d also keep the working directory
-u <user>     user to run as; required for root
-v, -vv       more log lines on stderr; with -d also keeps the terminal open
-h, -i        this help, the licence; --version tells what this is

Passed on to stock memcached (see its own -h):
-p -U -l -s -a -m -M -c -t -b -R -f -n -I -B -D -C -L -k

environment:
ARCUS_CACHE_PUBLIC_IP            ip of the cache node's name, instead of the local address
ARCUS_CACHE_HOSTNAME_OVERWRITE   host name part of the name, instead of the reverse lookup
ARCFORM_STOCK_MEMCACHED          the stock memcached to run (default: /usr/bin/memcached)
)";
}

}  // namespace arcform::stock
