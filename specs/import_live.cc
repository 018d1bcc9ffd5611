// SPDX-License-Identifier: Apache-2.0
#include "specs/import_live.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "model/compare_settings.h"
#include "model/node_arguments.h"
#include "model/znodes.h"

namespace arcform {
namespace {

constexpr std::size_t kNamed = 20;  ///< nodes that one remark names

/// The draft while it is being made.
struct Work {
  const LiveFacts& facts;
  SpecDraft draft;
  HostNames hosts;
  std::map<std::string, std::string> packages;  ///< name by prefix
  std::map<Endpoint, const LiveMapping*> mappings;

  Work(const LiveFacts& facts_in, const ImportTerms& terms)
      : facts(facts_in), hosts(draft.desired, terms.ssh) {
    for (const LiveMapping& mapping : facts.mappings) {
      mappings[mapping.node] = &mapping;
    }
  }
  void remark(const std::string& text) { draft.remarks.push_back(text); }
  void about(const std::string& part, const std::string& text) {
    draft.about[part].push_back(text);
  }
};

/// A node of a cloud as it was found.
struct FoundNode {
  Endpoint endpoint;
  bool joined = false;
  bool mapped = false;
  const ObservedProcess* process = nullptr;
  std::optional<ParsedNodeArguments> arguments;
  const NodeAnswer* answer = nullptr;  ///< nullptr: it was not asked, or did not answer
};

/// Names by address: as the nodes saw their hosts' names, else as Arcus' files have them.
std::map<std::string, std::string> names_seen(const LiveFacts& facts) {
  std::map<std::string, std::string> names;
  for (const LiveCloud& cloud : facts.clouds) {
    for (const std::string& child : cloud.children) {
      const auto node = znodes::joined_endpoint(child);
      const std::size_t dash = child.find('-');
      if (node && dash != std::string::npos && is_host_name(child.substr(dash + 1))) {
        names.emplace(node->ip_text(), child.substr(dash + 1));
      }
    }
  }
  for (const LiveCloud& cloud : facts.clouds) {
    const ArcusResult document = read_arcus_file(cloud.document);
    for (const ArcusNode& node : document.file ? document.file->nodes : std::vector<ArcusNode>{}) {
      if (is_host_name(node.hostname)) {
        names.emplace(node.ip, node.hostname);
      }
    }
  }
  return names;
}

const ObservedProcess* process_of(const LiveFacts& facts, Endpoint node,
                                  std::optional<ParsedNodeArguments>& arguments) {
  const auto host = facts.hosts.find(node.ip_text());
  if (host == facts.hosts.end() || !host->second.facts) {
    return nullptr;
  }
  for (const ObservedProcess& process : host->second.facts->processes) {
    arguments = process.comm == "memcached" ? parse_node_arguments(process.argv) : std::nullopt;
    if (arguments && arguments->port == node.port) {
      return &process;
    }
  }
  arguments.reset();
  return nullptr;
}

const NodeAnswer* answer_of(const LiveFacts& facts, Endpoint node) {
  const auto host = facts.hosts.find(node.ip_text());
  if (host == facts.hosts.end()) {
    return nullptr;
  }
  const auto answer = host->second.nodes.find(node.port);
  return answer == host->second.nodes.end() ? nullptr : &answer->second;
}

std::vector<FoundNode> nodes_of(const Work& work, const LiveCloud& cloud) {
  std::map<Endpoint, FoundNode> nodes;
  for (const auto& [endpoint, mapping] : work.mappings) {
    const auto& codes = mapping->service_codes;
    if (std::count(codes.begin(), codes.end(), cloud.service_code) > 0) {
      nodes[endpoint].mapped = true;
    }
  }
  for (const std::string& child : cloud.children) {
    if (const auto node = znodes::joined_endpoint(child)) {
      nodes[*node].joined = true;
    }
  }
  std::vector<FoundNode> out;
  for (auto& [endpoint, node] : nodes) {
    node.endpoint = endpoint;
    node.process = process_of(work.facts, endpoint, node.arguments);
    node.answer = answer_of(work.facts, endpoint);
    out.push_back(std::move(node));
  }
  return out;
}

/// "/opt/arcus" of "/opt/arcus/bin/memcached"; for a relative program by its engine; else empty.
std::string prefix_of(const FoundNode& node) {
  constexpr std::string_view kProgram = "/bin/memcached";
  constexpr std::string_view kEngine = "/lib/default_engine.so";
  if (!node.arguments) {
    return "";
  }
  const std::string& program = node.arguments->program;
  if (program.starts_with('/') && program.ends_with(kProgram)) {
    return program.substr(0, program.size() - kProgram.size());
  }
  for (const std::string_view word : node.process->argv) {
    const std::size_t slash = word.find('/');
    if (word.ends_with(kEngine) && slash != std::string_view::npos && word.starts_with('/')) {
      return std::string(word.substr(0, word.size() - kEngine.size()));
    }
  }
  return "";
}

/// The name of the package with this prefix, added when it is new.
std::string package_at(Work& work, const std::string& prefix) {
  const auto found = work.packages.find(prefix);
  if (found != work.packages.end()) {
    return found->second;
  }
  const std::string name =
      work.packages.empty() ? "arcus" : fmt::format("arcus-{}", work.packages.size() + 1);
  work.packages[prefix] = name;
  work.draft.desired.packages.push_back(DesiredPackage::at_prefix(name, prefix));
  return name;
}

std::string package_of(Work& work, const std::vector<FoundNode>& nodes, const std::string& part) {
  std::map<std::string, std::size_t> counts;
  for (const FoundNode& node : nodes) {
    if (std::string prefix = prefix_of(node); !prefix.empty()) {
      ++counts[std::move(prefix)];
    }
  }
  if (counts.empty()) {
    work.about(part, "TODO: where Arcus lies on its hosts could not be seen.");
    return package_at(work, kGuessedPrefix);
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (counts.size() > 1) {
    work.about(part, fmt::format("Its nodes run from {} places; those outside of {} would be "
                                 "restarted from there.",
                                 counts.size(), most->first));
  }
  return package_at(work, most->first);
}

NodeConfig config_of(const Work& work, const FoundNode& node, const ArcusResult& document,
                     std::set<std::string>& others) {
  if (node.arguments) {
    return effective_config(node.arguments->config, node.answer);
  }
  NodeConfig config;
  std::map<std::string, std::string> unknown;
  for (const ArcusNode& item : document.file ? document.file->nodes : std::vector<ArcusNode>{}) {
    if (fmt::format("{}:{}", item.ip, item.config.at("port")) == node.endpoint.text()) {
      take_arcus_config(item.config, config, unknown);
    }
  }
  if (const auto mapping = work.mappings.find(node.endpoint); mapping != work.mappings.end()) {
    take_arcus_config(read_mapping_config(mapping->second->data), config, unknown);
  }
  for (const auto& [key, value] : unknown) {
    others.insert(key);
  }
  return config;
}

void remark_nodes(Work& work, const std::string& part, const std::vector<Endpoint>& nodes,
                  const char* what) {
  if (nodes.empty()) {
    return;
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(nodes.size(), kNamed); ++i) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", nodes[i].text());
  }
  if (nodes.size() > kNamed) {
    text += fmt::format(" and {} more", nodes.size() - kNamed);
  }
  work.about(part, fmt::format("{}: {}", what, text));
}

void remark_cloud(Work& work, const LiveCloud& cloud, const std::vector<FoundNode>& nodes,
                  const std::string& part) {
  std::vector<Endpoint> down;
  std::vector<Endpoint> unmapped;
  for (const FoundNode& node : nodes) {
    if (!node.joined) {
      down.push_back(node.endpoint);
    } else if (!node.mapped) {
      unmapped.push_back(node.endpoint);
    }
  }
  if (down.size() < nodes.size()) {
    remark_nodes(work, part, down, "Mapped, but not joined now; apply would start what is down");
  }
  remark_nodes(work, part, unmapped, "Joined, but not mapped; apply would write their mappings");
  for (const std::string& child : cloud.children) {
    if (!znodes::joined_endpoint(child)) {
      work.about(part, fmt::format("{} stands in its cache_list and is no cache node: find out who "
                                   "made it.",
                                   printable(child, 200)));
    }
  }
}

/// Nobody has joined, and the hosts show no process: it is registered and stopped.
bool is_stopped(const Work& work, const std::vector<FoundNode>& nodes) {
  return !nodes.empty() && std::all_of(nodes.begin(), nodes.end(), [&](const FoundNode& node) {
    const auto host = work.facts.hosts.find(node.endpoint.ip_text());
    const bool seen =
        !work.facts.logged_in || (host != work.facts.hosts.end() && host->second.facts.has_value());
    return !node.joined && node.process == nullptr && seen;
  });
}

void draft_cloud(Work& work, const LiveCloud& seen) {
  if (!is_service_code(seen.service_code)) {
    work.remark(fmt::format("Left out: cloud \"{}\", which is no service code that arcform takes.",
                            printable(seen.service_code, 128)));
    return;
  }
  if (!seen.claimed_by.empty()) {
    work.remark(fmt::format("Left out: cloud {}, which belongs to arcform's deployment {}.",
                            seen.service_code, printable(seen.claimed_by, 64)));
    return;
  }
  const std::string part = "cloud " + seen.service_code;
  const std::vector<FoundNode> nodes = nodes_of(work, seen);
  const ArcusResult document = read_arcus_file(seen.document);
  DesiredCloud cloud;
  cloud.service_code = seen.service_code;
  cloud.package = package_of(work, nodes, part);
  std::set<std::string> others;
  for (const FoundNode& node : nodes) {
    DesiredNode desired;
    desired.endpoint = node.endpoint;
    desired.host = work.hosts.index(node.endpoint.ip_text());
    desired.config = config_of(work, node, document, others);
    cloud.nodes.push_back(desired);
  }
  cloud.state = is_stopped(work, nodes) ? RunState::stopped : RunState::running;
  remark_cloud(work, seen, nodes, part);
  for (const std::string& key : others) {
    work.about(part, fmt::format("Left out: config \"{}\" has no counterpart here.", key));
  }
  work.draft.desired.clouds.push_back(std::move(cloud));
}

void remark_rest(Work& work) {
  std::set<std::string> codes;
  for (const LiveCloud& cloud : work.facts.clouds) {
    codes.insert(cloud.service_code);
  }
  for (const LiveMapping& mapping : work.facts.mappings) {
    for (const std::string& code : mapping.service_codes) {
      if (!codes.contains(code)) {
        work.remark(fmt::format("Left out: {} is mapped to {}, which is not registered.",
                                mapping.node.text(), printable(code, 128)));
      }
    }
  }
  for (const std::string& key : work.facts.unusual_mappings) {
    work.remark(fmt::format("Left out: mapping key {}, which is no ip:port.", printable(key, 200)));
  }
  for (const auto& [address, host] : work.facts.hosts) {
    if (!host.why.empty()) {
      work.about("hosts", fmt::format("Could not be seen: {}", host.why));
    }
  }
}

}  // namespace

std::vector<std::string> live_addresses(const LiveFacts& facts) {
  std::set<std::uint32_t> ips;
  for (const Endpoint server : facts.zookeeper) {
    ips.insert(server.ip);
  }
  for (const LiveMapping& mapping : facts.mappings) {
    ips.insert(mapping.node.ip);
  }
  for (const LiveCloud& cloud : facts.clouds) {
    for (const std::string& child : cloud.children) {
      if (const auto node = znodes::joined_endpoint(child)) {
        ips.insert(node->ip);
      }
    }
  }
  std::vector<std::string> out;
  for (const std::uint32_t ip : ips) {
    out.push_back(Endpoint{ip, 1}.ip_text());
  }
  return out;
}

SpecDraft draft_of_live(const LiveFacts& facts, const ImportTerms& terms) {
  Work work(facts, terms);
  DesiredState& desired = work.draft.desired;
  desired.deployment = terms.deployment;
  work.remark(
      "What runs, as arcform found it. \"plan\" says what differs from it now; the first "
      "\"apply\" takes it over and restarts nothing.");
  const auto names = names_seen(facts);
  for (const std::string& address : live_addresses(facts)) {
    const auto name = names.find(address);
    work.hosts.add(address, name == names.end() ? address : name->second);
  }
  work.hosts.finish();
  for (const LiveCloud& cloud : facts.clouds) {
    draft_cloud(work, cloud);
  }
  const std::string why = draft_ensemble(facts, work.hosts, desired);
  if (!why.empty()) {
    desired.ensemble.external.clear();
    for (const Endpoint server : facts.zookeeper) {
      desired.ensemble.external += (desired.ensemble.external.empty() ? "" : ",") + server.text();
    }
    work.about("ensemble", "Not managed: " + why);
  }
  remark_rest(work);
  sort_draft(desired);
  return std::move(work.draft);
}

}  // namespace arcform
