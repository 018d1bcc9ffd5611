// SPDX-License-Identifier: Apache-2.0
#include "specs/import_draft.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "model/names.h"

namespace arcform {
namespace {

Error wrong(std::string what) {
  return {ErrorCode::invalid_argument, std::move(what)};
}

/// The settings of the zoo.cfg that arcus.sh deploys (naver/arcus scripts/conf/zoo.cfg).
std::map<std::string, std::string> template_config() {
  return {{"initLimit", "10"},           {"maxClientCnxns", "100"}, {"maxSessionTimeout", "200000"},
          {"minSessionTimeout", "4000"}, {"syncLimit", "5"},        {"tickTime", "2000"}};
}

Result<void> add_zookeeper_hosts(const std::vector<ZookeeperAddress>& zookeeper, HostNames& hosts,
                                 std::vector<std::string>& addresses) {
  for (const ZookeeperAddress& server : zookeeper) {
    const std::string known = hosts.address_of(server.host);
    if (known.empty() && !parse_ipv4(server.host)) {
      return wrong(fmt::format("-z: the address of {} is not in the file; write its IPv4 address",
                               printable(server.host, 64)));
    }
    addresses.push_back(known.empty() ? server.host : known);
    hosts.add(addresses.back(), server.host);
    if (server.port != zookeeper.front().port) {
      return wrong(
          fmt::format("-z: servers with different client ports ({} and {}) are not supported; give "
                      "them the same, or write the spec by hand with \"external\"",
                      zookeeper.front().port, server.port));
    }
  }
  return {};
}

void add_nodes(const ArcusFile& file, const HostNames& hosts, DesiredCloud& cloud,
               std::map<std::string, std::string>& others) {
  for (const ArcusNode& node : file.nodes) {
    DesiredNode desired;
    desired.host = hosts.index(node.ip);
    desired.endpoint = *Endpoint::parse(fmt::format("{}:{}", node.ip, node.config.at("port")));
    take_arcus_config(node.config, desired.config, others);
    cloud.nodes.push_back(desired);
  }
}

}  // namespace

Result<std::vector<ZookeeperAddress>> parse_zookeeper_list(std::string_view text) {
  std::vector<ZookeeperAddress> list;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t colon = std::min(part.find(':'), part.size());
    ZookeeperAddress server;
    server.host = part.substr(0, colon);
    const std::string port(part.substr(std::min(colon + 1, part.size())));
    const bool numbered = colon == part.size() || Endpoint::parse("0.0.0.0:" + port).has_value();
    if (!is_host_name(server.host) || !numbered) {
      return wrong(fmt::format("-z: \"{}\" is no address of a server; write ip:port,ip:port",
                               printable(part, 64)));
    }
    if (colon != part.size()) {
      server.port = Endpoint::parse("0.0.0.0:" + port)->port;
    }
    list.push_back(std::move(server));
    if (comma == std::string_view::npos) {
      return list;
    }
    text.remove_prefix(comma + 1);
  }
}

void HostNames::add(const std::string& address, const std::string& name) {
  if (names_.contains(address)) {
    return;
  }
  const bool taken = std::any_of(names_.begin(), names_.end(),
                                 [&name](const auto& entry) { return entry.second == name; });
  const bool usable = is_host_name(name) && !taken && (!parse_ipv4(name) || name == address);
  names_[address] = usable ? name : address;
  DesiredHost host;
  host.name = names_[address];
  host.address = address;
  host.ssh = ssh_;
  desired_.hosts.push_back(std::move(host));
}

void HostNames::finish() {
  std::sort(desired_.hosts.begin(), desired_.hosts.end(),
            [](const DesiredHost& a, const DesiredHost& b) { return a.name < b.name; });
  for (std::uint32_t i = 0; i < desired_.hosts.size(); ++i) {
    indices_[desired_.hosts[i].address] = i;
  }
}

std::uint32_t HostNames::index(const std::string& address) const {
  return indices_.at(address);
}

std::string HostNames::address_of(const std::string& name) const {
  for (const auto& [address, known] : names_) {
    if (known == name || address == name) {
      return address;
    }
  }
  return "";
}

void sort_draft(DesiredState& desired) {
  for (DesiredCloud& cloud : desired.clouds) {
    std::sort(cloud.nodes.begin(), cloud.nodes.end(),
              [](const DesiredNode& a, const DesiredNode& b) { return a.endpoint < b.endpoint; });
  }
  std::sort(
      desired.clouds.begin(), desired.clouds.end(),
      [](const DesiredCloud& a, const DesiredCloud& b) { return a.service_code < b.service_code; });
  std::sort(desired.packages.begin(), desired.packages.end(),
            [](const DesiredPackage& a, const DesiredPackage& b) { return a.name < b.name; });
  std::sort(desired.ensemble.servers.begin(), desired.ensemble.servers.end(),
            [](const DesiredServer& a, const DesiredServer& b) { return a.id < b.id; });
}

Result<SpecDraft> draft_of_file(const ArcusFile& file,
                                const std::vector<ZookeeperAddress>& zookeeper,
                                const ImportTerms& terms) {
  SpecDraft draft;
  DesiredState& desired = draft.desired;
  desired.deployment = terms.deployment;
  HostNames hosts(desired, terms.ssh);
  for (const ArcusNode& node : file.nodes) {
    hosts.add(node.ip, node.hostname);
  }
  std::vector<std::string> addresses;
  if (const Result<void> added = add_zookeeper_hosts(zookeeper, hosts, addresses); !added) {
    return added.error();
  }
  hosts.finish();
  desired.packages = {DesiredPackage::at_prefix("arcus", kGuessedPrefix),
                      DesiredPackage::at_prefix("zookeeper", kGuessedZookeeper)};
  draft.about["packages"] = {
      "TODO: where Arcus and ZooKeeper lie on the hosts is not in the file."};
  DesiredEnsemble& ensemble = desired.ensemble;
  ensemble.package = "zookeeper";
  ensemble.client_port = zookeeper.front().port;
  ensemble.data_directory = kGuessedData;
  ensemble.config = template_config();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    ensemble.servers.push_back({hosts.name(addresses[i]), static_cast<int>(i) + 1, {}});
  }
  draft.about["ensemble"] = {
      "Settings of the zoo.cfg that arcus.sh deploys; ids in the order of -z, as it gives them.",
      "TODO: the data directory is not in the file."};
  DesiredCloud cloud;
  cloud.service_code = file.service_code;
  cloud.package = "arcus";
  std::map<std::string, std::string> others;
  add_nodes(file, hosts, cloud, others);
  for (const auto& [key, value] : others) {
    draft.about["cloud " + cloud.service_code].push_back(
        fmt::format("Left out: config \"{}\": \"{}\" has no counterpart here.", key, value));
  }
  desired.clouds.push_back(std::move(cloud));
  sort_draft(desired);
  return draft;
}

}  // namespace arcform
