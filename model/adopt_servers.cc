// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "model/adoption.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

using Settings = std::map<std::string, std::string>;

/// What arcform writes for its own sake; a server that runs without it serves just the same.
bool is_ours_to_set(const std::string& key) {
  return key == "4lw.commands.whitelist" || key == "standaloneEnabled" ||
         key == "reconfigEnabled" || key == "dynamicConfigFile" || key == "clientPort" ||
         key.starts_with("admin.") || key.starts_with("server.");
}

/// What a server does where its file is silent: ZooKeeper 3.8, QuorumPeerConfig.java and
/// ServerCnxnFactory.
void add_defaults(Settings& settings) {
  settings.emplace("tickTime", "3000");
  const long tick = std::strtol(settings["tickTime"].c_str(), nullptr, 10);
  settings.emplace("maxClientCnxns", "60");
  settings.emplace("minSessionTimeout", fmt::to_string(2 * tick));
  settings.emplace("maxSessionTimeout", fmt::to_string(20 * tick));
  settings.emplace("autopurge.snapRetainCount", "3");
  settings.emplace("autopurge.purgeInterval", "0");
}

std::string plain_path(const std::string& path) {
  std::string plain = std::filesystem::path(path).lexically_normal().string();
  if (plain.size() > 1 && plain.ends_with('/')) {
    plain.pop_back();
  }
  return plain;
}

Settings comparable(std::string_view text) {
  Settings settings = zoo_settings(text);
  std::erase_if(settings, [](const auto& entry) { return is_ours_to_set(entry.first); });
  for (auto& [key, value] : settings) {
    if (key == "dataDir" || key == "dataLogDir") {
      value = plain_path(value);
    }
  }
  if (const auto log = settings.find("dataLogDir");
      log != settings.end() && log->second == settings["dataDir"]) {
    settings.erase(log);
  }
  add_defaults(settings);
  return settings;
}

void add(std::string& text, const std::string& what, const std::string& is,
         const std::string& should) {
  text += fmt::format("{}{} {} → {}", text.empty() ? "" : ", ", printable(what, 60),
                      is.empty() ? "(none)" : printable(is, 80),
                      should.empty() ? "(none)" : printable(should, 80));
}

std::string members_difference(const DesiredState& desired, const Settings& running) {
  const DesiredEnsemble& ensemble = desired.ensemble;
  std::string text;
  Settings left = running;
  std::erase_if(left, [](const auto& entry) { return !entry.first.starts_with("server."); });
  if (left.empty()) {  // A standalone server names no member.
    return ensemble.servers.size() == 1 ? "" : "standalone → a server of an ensemble";
  }
  for (const DesiredServer& server : ensemble.servers) {
    const DesiredHost* const host = desired.host(server.host);
    const auto found = left.find(fmt::format("server.{}", server.id));
    const auto is = found == left.end() ? std::nullopt : parse_member(found->second);
    const bool same = is && (is->host == server.host || (host && is->host == host->address)) &&
                      is->quorum_port == ensemble.quorum_port &&
                      is->election_port == ensemble.election_port && !is->observer &&
                      (is->client_port == 0 || is->client_port == ensemble.client_port);
    if (!same) {
      add(text, fmt::format("server.{}", server.id), found == left.end() ? "" : found->second,
          fmt::format("{}:{}:{};{}", host != nullptr ? host->address : server.host,
                      ensemble.quorum_port, ensemble.election_port, ensemble.client_port));
    }
    if (found != left.end()) {
      left.erase(found);
    }
  }
  for (const auto& [key, value] : left) {
    add(text, key, value, "");
  }
  return text;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || value > 65535) {
      return std::nullopt;
    }
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return text.empty() || value == 0 || value > 65535 ? std::nullopt
                                                     : std::optional(std::uint16_t(value));
}

}  // namespace

std::optional<ZooMember> parse_member(std::string_view text) {
  ZooMember member;
  const std::size_t semicolon = std::min(text.find(';'), text.size());
  const std::string_view client = text.substr(std::min(semicolon + 1, text.size()));
  text = text.substr(0, semicolon);
  if (!client.empty()) {
    const auto port = port_of(client.substr(client.rfind(':') + 1));
    if (!port) {
      return std::nullopt;
    }
    member.client_port = *port;
  }
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) {
      break;
    }
    text.remove_prefix(colon + 1);
  }
  const auto quorum = parts.size() > 2 ? port_of(parts[1]) : std::nullopt;
  const auto election = parts.size() > 2 ? port_of(parts[2]) : std::nullopt;
  if (!quorum || !election || parts.size() > 4 || parts[0].empty()) {
    return std::nullopt;
  }
  member.host = parts[0];
  member.quorum_port = *quorum;
  member.election_port = *election;
  member.observer = parts.size() == 4 && parts[3] != "participant";
  return member;
}

std::uint16_t client_port_of(std::string_view config, int id) {
  const Settings settings = zoo_settings(config);
  if (const auto own = settings.find(fmt::format("server.{}", id)); own != settings.end()) {
    const auto member = parse_member(own->second);
    if (member && member->client_port != 0) {
      return member->client_port;
    }
  }
  const auto port = settings.find("clientPort");
  return port == settings.end() ? std::uint16_t{0} : port_of(port->second).value_or(0);
}

std::uint16_t serving_port(const HostFacts& facts, const ObservedSlot& slot, int id,
                           std::uint16_t usual) {
  const std::uint16_t named = client_port_of(slot.config, id);
  const bool started_with_it = slot.digest == zoo_digest(slot.config);
  return named != 0 && (started_with_it || !facts.is_listening(usual)) ? named : usual;
}

std::string server_difference(const DesiredState& desired, const DesiredServer& server,
                              const RunningServer& running) {
  const Settings is = comparable(running.config);
  const Settings should = comparable(zoo_cfg(desired));
  std::string text;
  const bool standalone = zoo_members(running.config).empty();
  const Settings is_said = zoo_settings(running.config);
  const Settings should_be_said = zoo_settings(zoo_cfg(desired));
  const auto derived = [&](const std::string& key) {  // Of the tick, which is told itself.
    return !is_said.contains(key) && !should_be_said.contains(key);
  };
  for (const auto& [key, value] : should) {
    const auto found = is.find(key);
    if (derived(key)) {
      continue;
    }
    if (standalone && found == is.end() && (key == "initLimit" || key == "syncLimit")) {
      continue;  // Limits of a quorum: a standalone server has none.
    }
    if (found == is.end() || found->second != value) {
      add(text, key, found == is.end() ? "" : found->second, value);
    }
  }
  for (const auto& [key, value] : is) {
    if (!should.contains(key)) {
      add(text, key, value, "");
    }
  }
  if (const std::uint16_t port = client_port_of(running.config, server.id);
      port != desired.ensemble.client_port) {
    add(text, "clientPort", fmt::to_string(port), fmt::to_string(desired.ensemble.client_port));
  }
  const std::string members = members_difference(desired, zoo_settings(running.config));
  return members.empty() ? text : text + (text.empty() ? "" : ", ") + members;
}

}  // namespace arcform
