// SPDX-License-Identifier: Apache-2.0
#include "specs/writer.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "specs/compress.h"

namespace arcform {
namespace {

using Fields = std::vector<std::string>;

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string field(const char* key, const std::string& value) {
  return fmt::format("\"{}\": {}", key, value);
}

template <class T>
void add_if(bool wanted, Fields& fields, const char* key, const T& value) {
  if (wanted) {
    fields.push_back(field(key, fmt::to_string(value)));
  }
}

std::string list_of(const std::vector<std::string>& words) {
  Fields all;
  for (const std::string& word : words) {
    all.push_back(quoted(word));
  }
  return fmt::format("[{}]", fmt::join(all, ", "));
}

std::string object_of(const Fields& fields) {
  return fields.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(fields, ", "));
}

/// One item per line.
std::string block_of(const Fields& items, const char* open, const char* close,
                     std::string_view indent) {
  if (items.empty()) {
    return fmt::format("{}{}", open, close);
  }
  std::string text = open;
  for (std::size_t i = 0; i < items.size(); ++i) {
    text += fmt::format("{}\n{}  {}", i == 0 ? "" : ",", indent, items[i]);
  }
  return fmt::format("{}\n{}{}", text, indent, close);
}

std::string comments(const std::vector<std::string>& lines, std::string_view indent) {
  std::string text;
  for (const std::string& line : lines) {
    text += fmt::format("{}// {}\n", indent, printable(line, 1000));
  }
  return text;
}

/// What `ssh` says beyond `usual`.
Fields ssh_fields(const SshAccess& ssh, const SshAccess& usual) {
  Fields fields;
  if (ssh.user != usual.user) {
    fields.push_back(field("user", quoted(ssh.user)));
  }
  add_if(ssh.port != usual.port, fields, "port", ssh.port);
  if (ssh.identity_files != usual.identity_files) {
    fields.push_back(field("identityFiles", list_of(ssh.identity_files)));
  }
  if (ssh.known_hosts != usual.known_hosts) {
    fields.push_back(field("knownHosts", quoted(ssh.known_hosts)));
  }
  if (ssh.directory != usual.directory) {
    fields.push_back(field("directory", quoted(ssh.directory)));
  }
  add_if(ssh.agent != usual.agent, fields, "agent", ssh.agent);
  return fields;
}

Fields host_tail(const DesiredHost& host, const SshAccess& usual) {
  Fields fields;
  if (host.transport != Transport::ssh) {
    fields.push_back(
        field("transport", host.transport == Transport::local ? "\"local\"" : "\"openssh\""));
  }
  add_if(host.memory_mb != 0, fields, "memory", host.memory_mb);
  if (const Fields own = ssh_fields(host.ssh, usual); !own.empty()) {
    fields.push_back(field("ssh", object_of(own)));
  }
  return fields;
}

std::vector<const DesiredHost*> by_address(const DesiredState& desired) {
  std::vector<const DesiredHost*> hosts;
  for (const DesiredHost& host : desired.hosts) {
    hosts.push_back(&host);
  }
  std::sort(hosts.begin(), hosts.end(), [](const DesiredHost* a, const DesiredHost* b) {
    return std::tuple(parse_ipv4(a->address), a->name) <
           std::tuple(parse_ipv4(b->address), b->name);
  });
  return hosts;
}

std::string host_entries(const DesiredState& desired, const SshAccess& usual) {
  const std::vector<const DesiredHost*> hosts = by_address(desired);
  Fields entries;
  for (std::size_t at = 0; at < hosts.size();) {
    const Fields tail = host_tail(*hosts[at], usual);
    const bool more = at + 1 < hosts.size() && host_tail(*hosts[at + 1], usual) == tail;
    const auto names = more ? row_of(hosts[at]->name, hosts[at + 1]->name) : std::nullopt;
    const auto addresses = more ? row_of(hosts[at]->address, hosts[at + 1]->address) : std::nullopt;
    std::size_t count = 1;
    while (names && addresses && at + count < hosts.size() &&
           hosts[at + count]->name == names->name(count) &&
           hosts[at + count]->address == addresses->name(count) &&
           host_tail(*hosts[at + count], usual) == tail) {
      ++count;
    }
    const std::string name = count > 1 ? names->text(count) : hosts[at]->name;
    const std::string address = count > 1 ? addresses->text(count) : hosts[at]->address;
    Fields fields{field("name", quoted(name))};
    if (address != name) {
      fields.push_back(field("address", quoted(address)));
    }
    fields.insert(fields.end(), tail.begin(), tail.end());
    entries.push_back(object_of(fields));
    at += count;
  }
  return block_of(entries, "[", "]", "  ");
}

std::string packages_of(const DesiredState& desired) {
  Fields entries;
  for (const DesiredPackage& package : desired.packages) {
    Fields fields;
    const auto text = [&fields](const char* key, const std::string& value) {
      if (!value.empty()) {
        fields.push_back(field(key, quoted(value)));
      }
    };
    text("installed", package.installed);
    text("archive", package.archive);
    text("sha256", package.sha256);
    text("directory", package.directory);
    entries.push_back(fmt::format("{}: {}", quoted(package.name), object_of(fields)));
  }
  return block_of(entries, "{", "}", "  ");
}

std::string servers_of(const DesiredEnsemble& ensemble) {
  std::vector<std::string> names;
  Fields numbered;
  bool in_order = true;
  for (const DesiredServer& server : ensemble.servers) {
    names.push_back(server.host);
    in_order = in_order && server.id == static_cast<int>(names.size());
    numbered.push_back(
        object_of({field("host", quoted(server.host)), field("id", fmt::to_string(server.id))}));
  }
  return in_order ? list_of(compress_names(names)) : block_of(numbered, "[", "]", "    ");
}

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 10 && (text.size() == 1 || text.front() != '0') &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

std::string ensemble_of(const DesiredEnsemble& ensemble) {
  if (!ensemble.external.empty()) {
    return object_of({field("external", quoted(ensemble.external))});
  }
  Fields config;
  for (const auto& [key, value] : ensemble.config) {
    config.push_back(fmt::format("{}: {}", quoted(key), is_number(value) ? value : quoted(value)));
  }
  Fields fields{field("package", quoted(ensemble.package)), field("servers", servers_of(ensemble)),
                fmt::format("\"clientPort\": {}, \"quorumPort\": {}, \"electionPort\": {}",
                            ensemble.client_port, ensemble.quorum_port, ensemble.election_port),
                field("dataDirectory", quoted(ensemble.data_directory))};
  if (!config.empty()) {
    fields.push_back(field("config", block_of(config, "{", "}", "    ")));
  }
  if (ensemble.state == RunState::stopped) {
    fields.push_back(field("state", "\"stopped\""));
  }
  return block_of(fields, "{", "}", "  ");
}

/// What is set online and `usual` has not, or otherwise.
void add_online(const NodeConfig& config, const NodeConfig& usual, Fields& fields) {
  for (const SettingInfo& info : all_node_settings()) {
    const auto value = config.online_value(info.setting);
    if (value && value != usual.online_value(info.setting)) {
      const bool word = info.setting == NodeSetting::zk_failstop;
      fields.push_back(
          field(info.spec, word ? (*value != 0 ? "true" : "false") : fmt::to_string(*value)));
    }
  }
}

std::string node_config(const NodeConfig& config, const NodeConfig& usual) {
  Fields fields;
  add_if(config.memlimit_mb != usual.memlimit_mb, fields, "memlimit", config.memlimit_mb);
  add_if(config.threads != usual.threads, fields, "threads", config.threads);
  add_if(config.connections != usual.connections, fields, "connections", config.connections);
  add_if(config.session_timeout_s != usual.session_timeout_s, fields, "sessionTimeout",
         config.session_timeout_s);
  add_online(config, usual, fields);
  return fields.empty() ? "" : object_of(fields);
}

std::string rollout_of(const Rollout& rollout) {
  Fields fields;
  add_if(rollout.max_unavailable != 1, fields, "maxUnavailable", rollout.max_unavailable);
  add_if(rollout.min_ready_s != 0, fields, "minReadySeconds", rollout.min_ready_s);
  if (const auto& warm = rollout.warm) {
    fields.push_back(field(
        "warm", object_of({field("hitRatio", fmt::format("{:.3f}", warm->hit_permille / 1000.0)),
                           field("timeout", fmt::to_string(warm->timeout_s)),
                           field("onTimeout", warm->stops ? "\"stop\"" : "\"continue\"")})));
  }
  return object_of(fields);
}

/// "port" and "count", or "ports".
std::string ports_of(const std::vector<std::uint16_t>& ports) {
  const bool row = ports.back() - ports.front() + 1 == static_cast<int>(ports.size());
  if (!row) {
    return field("ports", fmt::format("[{}]", fmt::join(ports, ", ")));
  }
  return ports.size() == 1
             ? field("port", fmt::to_string(ports.front()))
             : fmt::format("\"port\": {}, \"count\": {}", ports.front(), ports.size());
}

NodeConfig usual_config(const DesiredCloud& cloud) {
  std::map<std::string, std::size_t> counts;
  NodeConfig best;
  std::size_t most = 0;
  for (const DesiredNode& node : cloud.nodes) {
    const std::size_t count = ++counts[node_config(node.config, {0, 0, 0, 0})];
    if (count > most) {
      most = count;
      best = node.config;
    }
  }
  SettingValues common;  // What some node leaves alone cannot be said of all.
  for (const SettingInfo& info : all_node_settings()) {
    const auto value = best.online_value(info.setting);
    const bool everywhere =
        std::all_of(cloud.nodes.begin(), cloud.nodes.end(), [&info](const DesiredNode& node) {
          return node.config.online_value(info.setting).has_value();
        });
    if (value && everywhere) {
      common.set(info.setting, *value);
    }
  }
  best.online = common;
  return best;
}

/// Hosts whose nodes look the same share an entry.
std::string nodes_of(const DesiredState& desired, const DesiredCloud& cloud,
                     const NodeConfig& usual) {
  std::map<std::uint32_t, std::map<std::string, std::vector<std::uint16_t>>> by_host;
  for (const DesiredNode& node : cloud.nodes) {  // They come by address and port.
    by_host[node.host][node_config(node.config, usual)].push_back(node.endpoint.port);
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> entries;  // tail -> hosts
  std::map<std::string, std::size_t> places;
  std::map<std::string, std::size_t> known;
  for (const DesiredHost* const host : by_address(desired)) {
    places.emplace(host->name, places.size());
    const auto index = static_cast<std::uint32_t>(host - desired.hosts.data());
    for (const auto& [config, ports] : by_host[index]) {
      const std::string tail =
          config.empty() ? ports_of(ports) : ports_of(ports) + ", " + field("config", config);
      const auto [at, added] = known.try_emplace(tail, entries.size());
      if (added) {
        entries.push_back({tail, {}});
      }
      entries[at->second].second.push_back(host->name);
    }
  }
  std::map<std::pair<std::size_t, std::size_t>, std::string> lines;  // in the order of hosts
  for (std::size_t entry = 0; entry < entries.size(); ++entry) {
    const auto& [tail, hosts] = entries[entry];
    std::size_t first = 0;
    for (const auto& [range, count] : compress_counted(hosts)) {
      lines[{places.at(hosts[first]), entry}] = object_of({field("host", quoted(range)), tail});
      first += count;
    }
  }
  Fields items;
  for (const auto& [place, line] : lines) {
    items.push_back(line);
  }
  return block_of(items, "[", "]", "      ");
}

std::string cloud_of(const SpecDraft& draft, const DesiredCloud& cloud) {
  const NodeConfig usual = usual_config(cloud);
  Fields config{field("memlimit", fmt::to_string(usual.memlimit_mb)),
                field("threads", fmt::to_string(usual.threads)),
                field("connections", fmt::to_string(usual.connections))};
  add_if(usual.session_timeout_s != NodeConfig{}.session_timeout_s, config, "sessionTimeout",
         usual.session_timeout_s);
  add_online(usual, {}, config);
  Fields fields{field("serviceCode", quoted(cloud.service_code)),
                field("package", quoted(cloud.package)), field("config", object_of(config)),
                field("nodes", nodes_of(draft.desired, cloud, usual))};
  if (cloud.state == RunState::stopped) {
    fields.push_back(field("state", "\"stopped\""));
  }
  if (cloud.rollout != Rollout{}) {
    fields.push_back(field("rollout", rollout_of(cloud.rollout)));
  }
  if (cloud.protect) {
    fields.push_back(field("protect", "true"));
  }
  const auto about = draft.about.find("cloud " + cloud.service_code);
  std::string text = block_of(fields, "{", "}", "    ");
  if (about != draft.about.end()) {
    std::string lines = comments(about->second, "    ");
    lines.erase(0, 4);  // The list indents its item itself.
    text = lines + "    " + text;
  }
  return text;
}

}  // namespace

std::string write_spec(const SpecDraft& draft) {
  const DesiredState& desired = draft.desired;
  const auto about = [&draft](const char* part) {
    const auto found = draft.about.find(part);
    return found == draft.about.end() ? "" : comments(found->second, "  ");
  };
  const SshAccess usual = desired.hosts.empty() ? SshAccess{} : desired.hosts.front().ssh;
  std::string out = comments(draft.remarks, "");
  out += "{\n  \"apiVersion\": \"arcform/v1\",\n";
  out += fmt::format("  \"deployment\": {},\n", quoted(desired.deployment));
  if (const Fields ssh = ssh_fields(usual, SshAccess{}); !ssh.empty()) {
    out += fmt::format("  \"ssh\": {},\n", object_of(ssh));
  }
  out += fmt::format("{}  \"hosts\": {},\n", about("hosts"), host_entries(desired, usual));
  if (!desired.packages.empty()) {
    out += fmt::format("{}  \"packages\": {},\n", about("packages"), packages_of(desired));
  }
  out += fmt::format("{}  \"ensemble\": {},\n", about("ensemble"), ensemble_of(desired.ensemble));
  Fields clouds;
  for (const DesiredCloud& cloud : desired.clouds) {
    clouds.push_back(cloud_of(draft, cloud));
  }
  return out + fmt::format("  \"clouds\": {}\n}}\n", block_of(clouds, "[", "]", "  "));
}

}  // namespace arcform
