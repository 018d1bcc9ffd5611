// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "model/zoo_cfg.h"
#include "specs/import_live.h"
#include "specs/zoo_config.h"

namespace arcform {
namespace {

using Settings = std::map<std::string, std::string>;

/// What arcform writes itself, or what stands elsewhere in a spec.
bool is_left_out(const std::string& key) {
  return key == "dataDir" || key == "clientPort" || key == "dynamicConfigFile" ||
         key == "standaloneEnabled" || key == "reconfigEnabled" ||
         key == "4lw.commands.whitelist" || key.starts_with("admin.") || key.starts_with("server.");
}

Settings kept_settings(const std::string& config) {
  Settings settings = zoo_settings(config);
  std::erase_if(settings, [](const auto& entry) { return is_left_out(entry.first); });
  // Where the file is silent ZooKeeper and arcform take different values.
  settings.emplace("tickTime", "3000");
  settings.emplace("maxClientCnxns", "60");
  return settings;
}

std::string clean_path(const std::string& path) {
  std::string plain = std::filesystem::path(path).lexically_normal().string();
  if (plain.size() > 1 && plain.ends_with('/')) {
    plain.pop_back();
  }
  return plain;
}

/// The prefix that a class path was made from: the folder of the server's jar, without "lib".
std::string zookeeper_prefix(const Argv& argv) {
  const auto flag = std::find_if(argv.begin(), argv.end(), [](std::string_view word) {
    return word == "-cp" || word == "-classpath" || word == "--class-path";
  });
  std::string_view rest =
      flag != argv.end() && std::next(flag) != argv.end() ? *std::next(flag) : "";
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string entry = clean_path(std::string(rest.substr(0, colon)));
    rest.remove_prefix(std::min(colon + 1, rest.size()));
    const std::size_t slash = entry.rfind('/');
    if (entry == "/usr/share/java/zookeeper.jar") {
      return "/usr/share/zookeeper";  // Debian's
    }
    const std::string file = slash == std::string::npos ? "" : entry.substr(slash + 1);
    const bool jar = file.starts_with("zookeeper-") && file.ends_with(".jar") && file.size() > 14 &&
                     file[10] >= '0' && file[10] <= '9';
    if (jar && entry.starts_with('/')) {
      std::string folder = entry.substr(0, slash);
      if (folder.ends_with("/lib")) {
        folder.resize(folder.size() - 4);
      }
      return folder;
    }
  }
  return "";
}

/// The server that serves on this port of the host; nullptr: none was seen.
const LiveServer* server_at(const LiveFacts& facts, Endpoint endpoint) {
  const auto host = facts.hosts.find(endpoint.ip_text());
  if (host == facts.hosts.end()) {
    return nullptr;
  }
  for (const LiveServer& server : host->second.servers) {
    const int id = server.myid.size() < 4 ? std::atoi(server.myid.c_str()) : 0;
    if (client_port_of(server.running.config, id) == endpoint.port) {
      return &server;
    }
  }
  return nullptr;
}

std::string why_unseen(const LiveFacts& facts, Endpoint endpoint) {
  const auto host = facts.hosts.find(endpoint.ip_text());
  if (!facts.logged_in) {
    return "its hosts were not asked.";
  }
  if (host != facts.hosts.end() && !host->second.why.empty()) {
    return fmt::format("the host of {} could not be seen.", endpoint.text());
  }
  return fmt::format("no server with a readable zoo.cfg was found at {}.", endpoint.text());
}

/// Checks that the members that this server knows are those of -z, and takes their ports.
std::string take_members(const LiveFacts& facts, const HostNames& hosts, const LiveServer& server,
                         DesiredEnsemble& ensemble) {
  const Settings members = zoo_members(server.running.config);
  if (members.empty()) {
    return facts.zookeeper.size() == 1 ? "" : "a standalone server is among several.";
  }
  if (members.size() != facts.zookeeper.size()) {
    return fmt::format("it has {} members, and -z names {}; name them all.", members.size(),
                       facts.zookeeper.size());
  }
  for (const auto& [key, value] : members) {
    const auto member = parse_member(value);
    if (!member || member->observer || hosts.address_of(member->host).empty()) {
      return fmt::format("{}={} is not what a spec can say, or of a host that -z does not name.",
                         printable(key, 64), printable(value, 200));
    }
    const bool first = ensemble.servers.empty() && key == members.begin()->first;
    if (first) {
      ensemble.quorum_port = member->quorum_port;
      ensemble.election_port = member->election_port;
    }
    if (ensemble.quorum_port != member->quorum_port ||
        ensemble.election_port != member->election_port) {
      return "its members have different ports.";
    }
  }
  return "";
}

std::string take_server(const LiveFacts& facts, const HostNames& hosts, Endpoint endpoint,
                        DesiredEnsemble& ensemble) {
  const LiveServer* const server = server_at(facts, endpoint);
  if (server == nullptr) {
    return why_unseen(facts, endpoint);
  }
  const Settings all = zoo_settings(server->running.config);
  const Settings kept = kept_settings(server->running.config);
  for (const auto& [key, value] : kept) {
    if (!is_zoo_setting(key)) {
      return fmt::format("its setting {} cannot be written in a spec.", printable(key, 64));
    }
  }
  const auto data = all.find("dataDir");
  const std::string directory = data == all.end() ? "" : clean_path(data->second);
  if (ensemble.servers.empty()) {
    ensemble.config = kept;
    ensemble.data_directory = directory;
    ensemble.client_port = endpoint.port;
  } else if (ensemble.config != kept || ensemble.data_directory != directory ||
             ensemble.client_port != endpoint.port) {
    return "its servers have different settings, data directories or client ports.";
  }
  if (std::string why = take_members(facts, hosts, *server, ensemble); !why.empty()) {
    return why;
  }
  const bool standalone = zoo_members(server->running.config).empty();
  const int id = standalone && server->myid.empty() ? 1 : std::atoi(server->myid.c_str());
  if (id < 1 || id > 255) {
    return fmt::format("the myid of {} could not be read.", endpoint.text());
  }
  ensemble.servers.push_back({hosts.name(endpoint.ip_text()), id, {}});
  return "";
}

}  // namespace

std::string draft_ensemble(const LiveFacts& facts, const HostNames& hosts, DesiredState& desired) {
  DesiredEnsemble ensemble;
  ensemble.package = "zookeeper";
  for (const Endpoint endpoint : facts.zookeeper) {
    if (std::string why = take_server(facts, hosts, endpoint, ensemble); !why.empty()) {
      return why;
    }
  }
  const std::string prefix =
      zookeeper_prefix(server_at(facts, facts.zookeeper.front())->running.argv);
  if (prefix.empty() || ensemble.data_directory.empty()) {
    return "where ZooKeeper lies on its hosts could not be seen.";
  }
  desired.packages.push_back(DesiredPackage::at_prefix("zookeeper", prefix));
  desired.ensemble = std::move(ensemble);
  return "";
}

}  // namespace arcform
