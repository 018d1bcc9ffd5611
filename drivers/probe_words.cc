// SPDX-License-Identifier: Apache-2.0
#include "drivers/probe_words.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "model/packages.h"

namespace arcform {
namespace {

constexpr std::array<std::string_view, 2> kExtensions{"syslog_logger.so", "ascii_scrub.so"};

std::string classpath(char layout, const std::string& prefix) {
  switch (layout) {
    case 'a':  // Apache's binary archive since 3.5.5: every jar below lib
      return fmt::format("{0}/conf:{0}/lib/*", prefix);
    case 's':  // older, and what Arcus' own deploy makes: the server's jar at the top
      return fmt::format("{0}/conf:{0}/*:{0}/lib/*", prefix);
    case 'd':  // Debian: the jar's manifest names the rest, but nothing to log with
      return "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-log4j12.jar:"
             "/usr/share/java/log4j-1.2.jar";
  }
  return "";
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

bool is_flag(std::string_view text) {
  return text == "0" || text == "1";
}

bool is_boot_id(std::string_view text) {
  return text.size() == 36 && text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

std::optional<ObservedPackage> read_package(std::string_view text, std::size_t index,
                                            const std::string& prefix) {
  const auto words = split(text, ' ');
  if (words.size() != 6 || words[0] != std::to_string(index) || words[5].size() != 1 ||
      std::string_view("nasd").find(words[5]) == std::string_view::npos ||
      !std::all_of(words.begin() + 1, words.begin() + 5, is_flag)) {
    return std::nullopt;
  }
  ObservedPackage package;
  package.cache_node = words[1] == "1";
  package.engine = words[2] == "1" ? prefix + "/lib/default_engine.so" : "";
  for (std::size_t e = 0; e < kExtensions.size(); ++e) {
    if (words[3 + e] == "1") {
      package.extensions.push_back(fmt::format("{}/lib/{}", prefix, kExtensions[e]));
    }
  }
  package.zookeeper_classpath = classpath(words[5].front(), prefix);
  return package;
}

std::optional<ObservedRelease> read_release(std::string_view text, const std::string& package) {
  const auto words = split(text, ' ');
  if (words.size() != 3 || !is_release_name(words[0], package)) {
    return std::nullopt;
  }
  const bool sum = words[1].size() == 64 &&
                   words[1].find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return ObservedRelease{std::string(words[0]), std::string(sum ? words[1] : ""),
                         number<std::uint64_t>(words[2]).value_or(0)};
}

std::optional<std::uint16_t> read_socket(std::string_view text) {
  std::array<std::string_view, 4> fields;
  for (std::string_view& field : fields) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    field = text.substr(0, text.find(' '));
    text.remove_prefix(field.size());
  }
  const bool from_ss = fields[0] == "LISTEN";
  const std::string_view local = fields[from_ss ? 3 : 1];
  const std::size_t colon = local.rfind(':');
  if (colon == std::string_view::npos ||
      (!from_ss && (fields[3] != "0A" || local.size() != colon + 5))) {
    return std::nullopt;
  }
  return number<std::uint16_t>(local.substr(colon + 1), from_ss ? 10 : 16);
}

}  // namespace arcform
