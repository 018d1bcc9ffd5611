// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/diff_parts.h"
#include "model/packages.h"

namespace arcform {
namespace {

/// What the host runs from the package and the release there does not have; empty: nothing.
std::string what_lacks(const DesiredPackage& package, const HostFacts& facts, PackageRoles roles) {
  const auto found = facts.packages.find(prefix_of(package, facts));
  return lacks(roles, found == facts.packages.end() ? ObservedPackage{} : found->second);
}

}  // namespace

PackageRoles roles_on(const DesiredState& desired, const std::string& host,
                      const std::string& package) {
  const DesiredEnsemble& ensemble = desired.ensemble;
  PackageRoles roles;
  roles.server = ensemble.package == package &&
                 std::any_of(ensemble.servers.begin(), ensemble.servers.end(),
                             [&host](const DesiredServer& server) { return server.host == host; });
  for (const DesiredCloud& cloud : desired.clouds) {
    roles.node |= cloud.package == package &&
                  std::any_of(cloud.nodes.begin(), cloud.nodes.end(), [&](const DesiredNode& node) {
                    return desired.hosts[node.host].name == host;
                  });
  }
  return roles;
}

std::string lacks(PackageRoles roles, const ObservedPackage& seen) {
  if (roles.server && seen.zookeeper_classpath.empty()) {
    return "no ZooKeeper server";
  }
  if (roles.node && !seen.cache_node) {
    return "no bin/memcached";
  }
  return roles.node && seen.engine.empty() ? "no lib/default_engine.so" : "";
}

void diff_archive(const DesiredState& desired, const HostFacts& facts, PackageRoles roles,
                  Drift drift, std::vector<Drift>& out) {
  const DesiredPackage& package = *desired.package(drift.package);
  if (whole_release(package, facts) == nullptr) {
    drift.kind = DriftKind::package_missing;
    drift.detail = package.size == 0 ? std::string("not there yet")
                                     : fmt::format("not there yet, {}", megabytes(package.size));
    out.push_back(drift);
  } else if (const std::string without = what_lacks(package, facts, roles); !without.empty()) {
    drift.kind = DriftKind::package_unfit;
    drift.detail = fmt::format("{}: {}", prefix_of(package, facts), without);
    out.push_back(drift);
  }
  for (const std::string& release : unneeded_releases(package, facts)) {
    drift.kind = DriftKind::release_unneeded;
    drift.detail = release;
    out.push_back(drift);
  }
}

}  // namespace arcform
