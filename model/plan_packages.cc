// SPDX-License-Identifier: Apache-2.0
// Releases of packages: what is put on hosts, and what goes.
#include <fmt/format.h>

#include "model/packages.h"
#include "model/plan_builder.h"

namespace arcform {
namespace {

/// Why the archive cannot be unpacked on the host; empty: it can.
std::string why_not(const DesiredPackage& package, const HostFacts& facts) {
  if (!package.unreadable.empty()) {
    return package.unreadable;
  }
  if (const std::string tools = missing_tools(package, facts); !tools.empty()) {
    return fmt::format("{} cannot be unpacked: no {} on the PATH; install it there", package.name,
                       tools);
  }
  const auto found = facts.releases.find(package.name);
  const std::uint64_t room = room_needed(package);
  if (found != facts.releases.end() && found->second.free_kb < (room + 1023) / 1024) {
    return fmt::format(
        "{} are free in {}, and {} takes at least {}; free some space there, or "
        "set the package's \"directory\"",
        megabytes(found->second.free_kb * 1024), found->second.folder, package.name,
        megabytes(room));
  }
  return "";
}

void plan_install(const Drift& drift, const DesiredPackage& package, const HostFacts& facts,
                  PlanBuilder& builder) {
  const std::string why = why_not(package, facts);
  const bool taken = is_taken(package, facts);
  if (!why.empty() || taken) {
    builder.missing_packages.emplace(drift.host, drift.package);
    builder.hold(taken ? Hold::foreign : Hold::guard, drift.host,
                 taken ? fmt::format("{} stands there and is no whole release of ours (its {} is "
                                     "missing or of another archive); move it away",
                                     prefix_of(package, facts), kReleaseMark)
                       : why,
                 drift.at);
    return;
  }
  InstallPackage install;
  install.host = drift.host;
  install.package = drift.package;
  install.prefix = prefix_of(package, facts);
  install.sha256 = package.sha256;
  builder.installs[{drift.host, drift.package}] =
      builder.add(std::move(install), drift.detail, drift.at, {});
}

}  // namespace

void plan_archive(const Drift& drift, PlanBuilder& builder) {
  const DesiredPackage& package = *builder.desired.package(drift.package);
  const HostFacts& facts = *builder.host(drift.host);
  if (drift.kind == DriftKind::package_unfit) {
    builder.missing_packages.emplace(drift.host, drift.package);
    builder.hold(Hold::guard, drift.host,
                 fmt::format("{}; make an archive that holds it, with its bin and lib at the top "
                             "or below one folder",
                             drift.detail),
                 drift.at);
  } else if (drift.kind == DriftKind::release_unneeded) {
    RemoveRelease remove;
    remove.host = drift.host;
    remove.package = drift.package;
    remove.folder = releases_folder(package, facts.directory);
    remove.release = drift.detail.value();
    builder.add(std::move(remove),
                fmt::format("nothing runs from it; the last {} old ones are kept", kReleasesKept),
                drift.at, {});
  } else {
    plan_install(drift, package, facts, builder);
  }
}

}  // namespace arcform
