// SPDX-License-Identifier: Apache-2.0
#include "model/answers.h"

#include <algorithm>
#include <charconv>

namespace arcform {
namespace {

/// The rest of the line that starts with `label`; nullopt: there is none.
std::optional<std::string_view> line_after(std::string_view text, std::string_view label) {
  std::size_t at = text.find(label);
  while (at != std::string_view::npos && at != 0 && text[at - 1] != '\n') {
    at = text.find(label, at + 1);
  }
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_prefix(at + label.size());
  return text.substr(0, text.find_first_of("\r\n"));
}

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view label) {
  const auto line = line_after(text, label);
  std::uint64_t value = 0;
  if (!line ||
      std::from_chars(line->data(), line->data() + line->size(), value).ec != std::errc{}) {
    return std::nullopt;
  }
  return value;
}

std::optional<ServerMode> parse_mode(std::string_view text) {
  if (text == "leader") {
    return ServerMode::leader;
  }
  if (text == "follower") {
    return ServerMode::follower;
  }
  if (text == "observer") {
    return ServerMode::observer;
  }
  if (text == "standalone") {
    return ServerMode::standalone;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ServerAnswer> parse_srvr(std::string_view reply) {
  ServerAnswer answer;
  if (reply.find("not currently serving requests") != std::string_view::npos) {
    return answer;
  }
  const auto mode = line_after(reply, "Mode: ");
  const auto version = line_after(reply, "Zookeeper version: ");
  if (!mode || !version || !parse_mode(*mode)) {
    return std::nullopt;
  }
  answer.mode = *parse_mode(*mode);
  answer.version = version->substr(0, version->find_first_of("-,"));
  if (const auto zxid = line_after(reply, "Zxid: ")) {
    answer.zxid = *zxid;
  }
  if (const auto connections = line_after(reply, "Connections: ")) {
    std::from_chars(connections->data(), connections->data() + connections->size(),
                    answer.connections);
  }
  return answer;
}

std::optional<std::chrono::milliseconds> parse_leader_age(std::string_view reply) {
  const auto state = line_after(reply, "zk_server_state\t");
  if (!state || (*state != "leader" && *state != "standalone")) {
    return std::nullopt;
  }
  const auto age = number_after(reply, *state == "leader" ? "zk_leader_uptime\t" : "zk_uptime\t");
  return age ? std::optional(std::chrono::milliseconds(*age)) : std::nullopt;
}

std::optional<NodeAnswer> parse_node_answer(std::string_view reply) {
  const auto version = line_after(reply, "VERSION ");
  if (!version || version->empty()) {
    return std::nullopt;
  }
  NodeAnswer answer;
  answer.version = *version;
  if (line_after(reply, "memlimit ")) {
    answer.admin = AdminProtocol::config;
  } else if (line_after(reply, "MEMLIMIT_TOO_SMALL")) {
    answer.admin = AdminProtocol::cache_memlimit;
  }
  for (const SettingInfo& info : all_node_settings()) {
    if (info.stat == nullptr) {
      continue;
    }
    const auto value = number_after(reply, "STAT " + std::string(info.stat) + " ");
    const std::uint64_t scaled = value.value_or(0) >> (info.in_megabytes ? 20U : 0U);
    if (value && scaled < UINT32_MAX) {
      answer.settings.set(info.setting, static_cast<std::uint32_t>(scaled));
    }
  }
  if (const auto failstop = line_after(reply, "zkfailstop ")) {
    answer.settings.set(NodeSetting::zk_failstop, *failstop == "on" ? 1 : 0);
  }
  answer.servers = parse_known_servers(reply);
  return answer;
}

std::vector<Endpoint> parse_known_servers(std::string_view reply) {
  std::vector<Endpoint> servers;
  while (!reply.empty() && servers.empty()) {
    const std::size_t end = std::min(reply.find_first_of("\r\n"), reply.size());
    std::string_view line = reply.substr(0, end);
    reply.remove_prefix(std::min(end + 1, reply.size()));
    while (!line.empty()) {
      const std::size_t space = std::min(line.find(' '), line.size());
      const auto server = Endpoint::parse(line.substr(0, space));
      if (!server) {
        servers.clear();  // Another line than the one that is looked for.
        break;
      }
      servers.push_back(*server);
      line.remove_prefix(std::min(space + 1, line.size()));
    }
  }
  std::sort(servers.begin(), servers.end());
  return servers;
}

std::optional<NodeCounters> parse_node_counters(std::string_view reply) {
  const auto hits = number_after(reply, "STAT get_hits ");
  const auto misses = number_after(reply, "STAT get_misses ");
  if (!hits || !misses) {
    return std::nullopt;
  }
  const auto count = [reply](const char* name) {
    return number_after(reply, "STAT " + std::string(name) + " ").value_or(0);
  };
  NodeCounters counters;
  counters.pid = static_cast<std::uint32_t>(count("pid"));
  counters.hits = *hits;
  counters.misses = *misses;
  counters.malloced = count("engine_malloced");
  counters.bytes = count("bytes");
  counters.limit_bytes = count("limit_maxbytes");
  counters.items = count("curr_items");
  counters.connections = static_cast<std::uint32_t>(count("curr_connections"));
  return counters;
}

std::optional<std::uint32_t> parse_synced_followers(std::string_view reply) {
  const auto text = line_after(reply, "zk_synced_followers\t");
  std::uint32_t count = 0;
  if (!text ||
      std::from_chars(text->data(), text->data() + text->size(), count).ec != std::errc{}) {
    return std::nullopt;
  }
  return count;
}

std::optional<std::uint32_t> parse_stats_pid(std::string_view reply) {
  const auto text = line_after(reply, "STAT pid ");
  std::uint32_t pid = 0;
  if (!text || text->empty() ||
      std::from_chars(text->data(), text->data() + text->size(), pid).ptr !=
          text->data() + text->size()) {
    return std::nullopt;
  }
  return pid;
}

}  // namespace arcform
