// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "model/diff_parts.h"
#include "model/packages.h"

namespace arcform {
namespace {

/// What the spec runs from the package and the release does not have; empty: nothing.
std::string what_lacks(const DesiredState& desired, const DesiredPackage& package,
                       const HostFacts& facts) {
  const auto found = facts.packages.find(prefix_of(package, facts));
  const ObservedPackage seen = found == facts.packages.end() ? ObservedPackage{} : found->second;
  return lacks(desired, package.name, seen);
}

}  // namespace

std::string lacks(const DesiredState& desired, const std::string& package,
                  const ObservedPackage& seen) {
  if (package == desired.ensemble.package && seen.zookeeper_classpath.empty()) {
    return "no ZooKeeper server (lib/zookeeper-*.jar)";
  }
  for (const DesiredCloud& cloud : desired.clouds) {
    if (cloud.package == package && !seen.cache_node) {
      return "no bin/memcached that can be run";
    }
    if (cloud.package == package && seen.engine.empty()) {
      return "no lib/default_engine.so";
    }
  }
  return "";
}

void diff_archive(const DesiredState& desired, const HostFacts& facts, Drift drift,
                  std::vector<Drift>& out) {
  const DesiredPackage& package = *desired.package(drift.package);
  if (whole_release(package, facts) == nullptr) {
    drift.kind = DriftKind::package_missing;
    drift.detail = package.size == 0 ? std::string("not there yet")
                                     : fmt::format("not there yet, {}", megabytes(package.size));
    out.push_back(drift);
  } else if (const std::string without = what_lacks(desired, package, facts); !without.empty()) {
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
