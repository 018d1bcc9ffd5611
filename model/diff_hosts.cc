// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <fmt/format.h>

#include "model/diff_parts.h"

namespace arcform {
namespace {

/// What a host must have of a package, and what in the spec asks for it first.
struct Need {
  PackageRoles roles;
  SourcePosition at;
};

/// Hosts that are wanted for something, with the packages that must be there.
std::map<std::string, std::map<std::string, Need>> needs_by_host(const DesiredState& desired) {
  std::map<std::string, std::map<std::string, Need>> needs;
  for (const DesiredServer& server : desired.ensemble.servers) {
    const Need need{{}, server.at};
    needs[server.host].try_emplace(desired.ensemble.package, need).first->second.roles.server =
        true;
  }
  for (const DesiredCloud& cloud : desired.clouds) {
    const std::string* last = nullptr;
    for (const DesiredNode& node : cloud.nodes) {
      const std::string& host = desired.hosts[node.host].name;
      if (last == nullptr || *last != host) {
        const Need need{{}, node.at};
        needs[host].try_emplace(cloud.package, need).first->second.roles.node = true;
        last = &host;
      }
    }
  }
  return needs;
}

void diff_package(const DesiredState& desired, const HostFacts& facts, const std::string& host,
                  const std::string& name, const Need& need, std::vector<Drift>& out) {
  const DesiredPackage* const package = desired.package(name);
  if (package == nullptr) {
    return;
  }
  Drift drift;
  drift.kind = DriftKind::package_missing;
  drift.host = host;
  drift.package = name;
  drift.at = need.at;
  if (!package->archive.empty()) {
    diff_archive(desired, facts, need.roles, drift, out);
  } else {
    const auto found = facts.packages.find(package->installed);
    const ObservedPackage seen = found == facts.packages.end() ? ObservedPackage{} : found->second;
    if (const std::string without = lacks(need.roles, seen); !without.empty()) {
      drift.detail = fmt::format("package \"{}\": {} in {}", name, without, package->installed);
      out.push_back(drift);
    }
  }
  if (need.roles.server && !facts.java) {
    drift.kind = DriftKind::java_missing;
    drift.detail = "no java on the PATH";
    out.push_back(drift);
  }
}

}  // namespace

void diff_hosts(const DesiredState& desired, const ObservedState& observed,
                std::vector<Drift>& out) {
  const auto needs = needs_by_host(desired);
  for (const DesiredHost& host : desired.hosts) {
    if (!observed.hosts.contains(host.name)) {
      Drift drift;
      drift.kind = DriftKind::host_unknown;
      drift.host = host.name;
      drift.detail = "was not observed";
      drift.at = host.at;
      out.push_back(drift);
    }
  }
  for (const auto& [name, facts] : observed.hosts) {
    const bool wanted = needs.contains(name);
    const DesiredHost* const host = desired.host(name);
    Drift drift;
    drift.host = name;
    drift.at = host != nullptr ? host->at : SourcePosition{};
    if (!facts.is_present()) {
      drift.kind = DriftKind::host_unknown;
      drift.detail = facts.is_unknown() ? facts.why() : "not there";
      out.push_back(drift);
      continue;
    }
    if (wanted && !facts.value().directory_writable) {
      drift.kind = DriftKind::directory_not_writable;
      drift.detail = facts.value().directory;
      out.push_back(drift);
    }
    if (wanted) {
      for (const auto& [package, need] : needs.at(name)) {
        diff_package(desired, facts.value(), name, package, need, out);
      }
    }
  }
}

}  // namespace arcform
