// SPDX-License-Identifier: Apache-2.0
#include "model/node_arguments.h"

#include <charconv>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace arcform {
namespace {

// Option letters that take a value: arcus-memcached 1.15.0, memcached.c:main.
constexpr std::string_view kWithValue = "apsUmgcluPfntDRbBIEeXzox";

template <class T>
void read_number(std::string_view text, T& out) {
  T value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && stop == text.data() + text.size()) {
    out = value;
  }
}

void take(char letter, std::string_view value, ParsedNodeArguments& out) {
  if (letter == 'p') {
    read_number(value, out.port);
  } else if (letter == 'm') {
    read_number(value, out.config.memlimit_mb);
  } else if (letter == 'c') {
    read_number(value, out.config.connections);
  } else if (letter == 't') {
    read_number(value, out.config.threads);
  } else if (letter == 'o') {
    read_number(value, out.config.session_timeout_s);
  } else if (letter == 'z') {
    out.connect_string = value;
  }
}

}  // namespace

std::vector<std::string> node_arguments(const Launch& launch, Endpoint node,
                                        const NodeConfig& config) {
  std::vector<std::string> argv{launch.prefix + "/bin/memcached", "-E", launch.engine};
  for (const std::string& extension : launch.extensions) {
    argv.insert(argv.end(), {"-X", extension});
  }
  argv.insert(argv.end(), {"-r", "-R", "5", "-U", "0", "-D", ":", "-b", "8192"});
  argv.insert(argv.end(),
              {"-m", fmt::to_string(config.memlimit_mb), "-p", fmt::to_string(node.port), "-c",
               fmt::to_string(config.connections), "-t", fmt::to_string(config.threads), "-o",
               fmt::to_string(config.session_timeout_s), "-z", launch.connect_string});
  if (launch.as_root) {
    argv.insert(argv.end(), {"-u", "root"});
  }
  return argv;
}

std::string node_digest(const std::string& prefix, const NodeConfig& config) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const char c : prefix) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return fmt::format("m{}c{}t{}o{}-{:016x}", config.memlimit_mb, config.connections, config.threads,
                     config.session_timeout_s, hash);
}

std::optional<ParsedNodeArguments> parse_node_arguments(const Argv& argv) {
  if (argv.empty()) {
    return std::nullopt;
  }
  ParsedNodeArguments out;
  out.program = argv.front();
  for (auto next = std::next(argv.begin()); next != argv.end();) {
    const std::string_view word = *next++;
    if (word.size() < 2 || word.front() != '-') {
      continue;
    }
    for (std::size_t at = 1; at < word.size(); ++at) {
      if (kWithValue.find(word[at]) == std::string_view::npos) {
        continue;
      }
      const bool attached = at + 1 < word.size();
      if (!attached && next == argv.end()) {
        return std::nullopt;
      }
      take(word[at], attached ? word.substr(at + 1) : *next++, out);
      break;
    }
  }
  return out;
}

}  // namespace arcform
