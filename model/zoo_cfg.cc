// SPDX-License-Identifier: Apache-2.0
#include "model/zoo_cfg.h"

#include <algorithm>

#include <fmt/format.h>

namespace arcform {
namespace {

std::uint32_t most_nodes_on_a_host(const DesiredState& desired) {
  std::vector<std::uint32_t> per_host(desired.hosts.size());
  std::uint32_t most = 0;
  for (const DesiredCloud& cloud : desired.clouds) {
    for (const DesiredNode& node : cloud.nodes) {
      most = std::max(most, ++per_host[node.host]);
    }
  }
  return most;
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

std::string zoo_cfg(const DesiredState& desired) {
  return zoo_cfg(desired, wanted_members(desired));
}

std::string zoo_cfg(const DesiredState& desired, const Members& members) {
  const DesiredEnsemble& ensemble = desired.ensemble;
  std::map<std::string, std::string> settings{
      {"tickTime", "2000"}, {"initLimit", "10"}, {"syncLimit", "5"}};
  // maxClientCnxns counts connections per source address: the nodes of a host, its clients, and us.
  // In whole hundreds, so that one node more does not restart the ensemble.
  settings["maxClientCnxns"] =
      fmt::to_string((most_nodes_on_a_host(desired) + 60U + 99U) / 100U * 100U);
  for (const auto& [key, value] : ensemble.config) {
    settings[key] = value;
  }
  // Whoever may write at all may change the list then: ZooKeeper keeps it for its superuser
  // otherwise, and here there is none.
  if (reconfigures(desired)) {
    settings.emplace("skipACL", "yes");
  }
  settings["dataDir"] = ensemble.data_directory;
  settings["admin.enableServer"] = "false";
  settings["standaloneEnabled"] = "false";
  settings["4lw.commands.whitelist"] = "srvr,ruok,mntr,conf,isro";

  std::string text = "# Written by arcform; edits are undone by the next apply.\n";
  for (const auto& [key, value] : settings) {
    text += fmt::format("{}={}\n", key, value);
  }
  for (const auto& [id, member] : members) {
    text += fmt::format("server.{}={}\n", id, member_line(desired, member));
  }
  return text;
}

std::map<std::string, std::string> zoo_settings(std::string_view text) {
  std::map<std::string, std::string> settings;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (line.empty() || line.front() == '#' || equals == std::string_view::npos) {
      continue;
    }
    settings[std::string(trimmed(line.substr(0, equals)))] = trimmed(line.substr(equals + 1));
  }
  return settings;
}

std::map<std::string, std::string> zoo_members(std::string_view text) {
  std::map<std::string, std::string> members = zoo_settings(text);
  std::erase_if(members, [](const auto& entry) { return !entry.first.starts_with("server."); });
  return members;
}

std::map<std::string, std::string> comparable_settings(std::string_view text) {
  std::map<std::string, std::string> settings = zoo_settings(text);
  const auto reconfig = settings.find("reconfigEnabled");
  if (reconfig != settings.end() && reconfig->second == "true") {
    std::erase_if(settings, [](const auto& entry) {
      return entry.first.starts_with("server.") || entry.first == "dynamicConfigFile" ||
             entry.first == "version";
    });
  }
  return settings;
}

std::string zoo_digest(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const auto& [key, value] : comparable_settings(text)) {
    for (const char c : key + "=" + value + "\n") {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
  }
  return fmt::format("{:016x}", hash);
}

Members members_started_with(const ObservedSlot& slot) {
  const auto settings = zoo_settings(slot.config);
  const auto reconfigures = settings.find("reconfigEnabled");
  const bool fixed = !settings.contains("dynamicConfigFile") &&
                     (reconfigures == settings.end() || reconfigures->second == "false");
  return fixed && !slot.digest.empty() && zoo_digest(slot.config) == slot.digest
             ? members_of(slot.config)
             : Members();
}

std::vector<std::string> server_arguments(const std::string& classpath,
                                          const std::string& config_path) {
  // -Xmx as zkServer.sh's default; the log4j property is what ZooKeeper's own log4j.properties
  // reads.
  return {"java",
          "-Xmx1000m",
          "-Dzookeeper.root.logger=WARN,CONSOLE",
          "-Dzookeeper.admin.enableServer=false",
          "-cp",
          classpath,
          "org.apache.zookeeper.server.quorum.QuorumPeerMain",
          config_path};
}

}  // namespace arcform
