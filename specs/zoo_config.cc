// SPDX-License-Identifier: Apache-2.0
#include "specs/zoo_config.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "model/names.h"

namespace arcform {
namespace {

enum class Form { number, yes_no, true_false, word, path };

struct Setting {
  std::string_view key;
  Form form = Form::number;
  std::uint64_t min = 0;
  std::uint64_t max = 0;
};

constexpr std::uint64_t kIntMax = 2'147'483'647;  // Java's int

constexpr std::array kSettings{
    Setting{"tickTime", Form::number, 100, 60'000},
    Setting{"initLimit", Form::number, 1, 100'000},
    Setting{"syncLimit", Form::number, 1, 100'000},
    Setting{"connectToLearnerMasterLimit", Form::number, 0, 100'000},
    Setting{"maxClientCnxns", Form::number, 0, 1'000'000},
    Setting{"maxCnxns", Form::number, 0, 1'000'000},
    Setting{"minSessionTimeout", Form::number, 1, kIntMax},
    Setting{"maxSessionTimeout", Form::number, 1, kIntMax},
    Setting{"autopurge.snapRetainCount", Form::number, 3, kIntMax},
    Setting{"autopurge.purgeInterval", Form::number, 0, 100'000},
    Setting{"snapCount", Form::number, 2, kIntMax},
    Setting{"snapSizeLimitInKb", Form::number, 0, kIntMax},
    Setting{"commitLogCount", Form::number, 1, kIntMax},
    Setting{"preAllocSize", Form::number, 1, kIntMax},
    Setting{"globalOutstandingLimit", Form::number, 1, kIntMax},
    Setting{"clientPortListenBacklog", Form::number, 1, 1'000'000},
    Setting{"cnxTimeout", Form::number, 1, kIntMax},
    Setting{"fsync.warningthresholdms", Form::number, 1, kIntMax},
    Setting{"leaderServes", Form::yes_no},
    Setting{"forceSync", Form::yes_no},
    Setting{"skipACL", Form::yes_no},
    Setting{"reconfigEnabled", Form::true_false},
    Setting{"syncEnabled", Form::true_false},
    Setting{"quorumListenOnAllIPs", Form::true_false},
    Setting{"tcpKeepAlive", Form::true_false},
    Setting{"extendedTypesEnabled", Form::true_false},
    Setting{"metricsProvider.className", Form::word},
    Setting{"metricsProvider.httpPort", Form::number, 1, 65'535},
    Setting{"metricsProvider.exportJvmInfo", Form::true_false},
    Setting{"dataLogDir", Form::path},
};

/// A key, or a family of keys when `name` ends with a dot, that a spec may not set.
struct Refusal {
  std::string_view name;
  const char* advice;
};

constexpr const char* kServers = "arcform writes it from \"servers\" and the ports beside it";
constexpr const char* kNoTls = "TLS and authentication of servers are not supported yet";

constexpr std::array kRefusals{
    Refusal{"dataDir", "set \"dataDirectory\" of the ensemble"},
    Refusal{"clientPort", "set \"clientPort\" of the ensemble"},
    Refusal{"clientPortAddress", "a server listens on every address of its host"},
    Refusal{"secureClientPort", kNoTls},
    Refusal{"secureClientPortAddress", kNoTls},
    Refusal{"server.", kServers},
    Refusal{"peerType", kServers},
    Refusal{"group.", "weighted quorums are not supported"},
    Refusal{"weight.", "weighted quorums are not supported"},
    Refusal{"dynamicConfigFile", kServers},
    Refusal{"standaloneEnabled",
            "arcform keeps it false: some cache nodes refuse to start on a standalone server"},
    Refusal{"admin.", "arcform turns the AdminServer off: two servers on a host would collide"},
    Refusal{"4lw.commands.whitelist", "arcform writes those that it needs itself"},
    Refusal{"authProvider.", kNoTls},
    Refusal{"ssl.", kNoTls},
    Refusal{"sslQuorum", kNoTls},
    Refusal{"quorum.", kNoTls},
};

const Refusal* refusal_of(std::string_view key) {
  const auto matches = [&](const Refusal& refusal) {
    return refusal.name.ends_with('.') ? key.starts_with(refusal.name) : key == refusal.name;
  };
  const auto* const found = std::find_if(kRefusals.begin(), kRefusals.end(), matches);
  return found == kRefusals.end() ? nullptr : found;
}

/// "yes" or "no", or "true" or "false", from a boolean or the words themselves.
std::optional<std::string> read_switch(const json::Value& value, const std::string& path,
                                       const char* on, const char* off, Problems& problems) {
  if (value.kind == json::Kind::boolean) {
    return value.boolean ? on : off;
  }
  if (value.kind == json::Kind::string && (value.text == on || value.text == off)) {
    return value.text;
  }
  problems.error(value.at, path, fmt::format("expected true or false, found {}", describe(value)),
                 fmt::format("write true, false, \"{}\" or \"{}\"", on, off));
  return std::nullopt;
}

std::optional<std::string> read_word(const json::Value& value, const std::string& path,
                                     Problems& problems) {
  const auto safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '$';
  };
  auto word = read_text(value, path, problems);
  if (word &&
      (word->empty() || word->size() > 256 || !std::all_of(word->begin(), word->end(), safe))) {
    problems.error(value.at, path, fmt::format("\"{}\" is no class name", printable(*word, 64)),
                   "use letters, digits and ._-$");
    return std::nullopt;
  }
  return word;
}

std::optional<std::string> read_setting(ObjectFields& fields, const Setting& setting,
                                        Problems& problems) {
  const json::Value* const value = fields.any(setting.key);
  const std::string path = fields.path(setting.key);
  if (value == nullptr) {
    return std::nullopt;
  }
  switch (setting.form) {
    case Form::number: {
      const auto number = read_number(*value, path, {setting.min, setting.max}, problems);
      return number ? std::optional(fmt::format("{}", *number)) : std::nullopt;
    }
    case Form::yes_no:
      return read_switch(*value, path, "yes", "no", problems);
    case Form::true_false:
      return read_switch(*value, path, "true", "false", problems);
    case Form::word:
      return read_word(*value, path, problems);
    case Form::path:
      return read_host_path(fields, setting.key);
  }
  return std::nullopt;
}

}  // namespace

std::map<std::string, std::string> read_zoo_config(const json::Value& value,
                                                   const std::string& path, Problems& problems) {
  std::map<std::string, std::string> config;
  ObjectFields fields(value, path, problems);
  for (const Setting& setting : kSettings) {
    if (auto text = read_setting(fields, setting, problems)) {
      config.emplace(setting.key, *std::move(text));
    }
  }
  for (const json::Member& member : value.members) {
    if (const Refusal* const refusal = refusal_of(member.key)) {
      fields.refuse(member.key, "this key is arcform's to write", refusal->advice);
    }
  }
  fields.finish();
  return config;
}

SessionBounds session_bounds(const std::map<std::string, std::string>& config) {
  const auto setting = [&config](const char* key, std::uint64_t otherwise) {
    const auto found = config.find(key);
    std::uint64_t value = otherwise;
    if (found != config.end()) {
      std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
    }
    return value;
  };
  // QuorumPeerConfig.parseProperties: 2 and 20 ticks unless they are set.
  const std::uint64_t tick = setting("tickTime", 2000);
  return {setting("minSessionTimeout", 2 * tick), setting("maxSessionTimeout", 20 * tick)};
}

bool is_zoo_setting(std::string_view key) {
  return std::any_of(kSettings.begin(), kSettings.end(),
                     [key](const Setting& setting) { return setting.key == key; });
}

}  // namespace arcform
