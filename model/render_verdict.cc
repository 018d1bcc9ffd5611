// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "model/diff.h"
#include "model/render_text.h"
#include "model/unadopted.h"

namespace arcform {
namespace {

/// What a kind of drift is counted as in the first line; one: "2 nodes down" is {"node", "down"}.
struct Noun {
  const char* one;
  const char* many;
};

Noun noun_of(DriftKind kind) {
  switch (kind) {
    case DriftKind::host_unknown:
      return {"host not observed", "hosts not observed"};
    case DriftKind::directory_not_writable:
      return {"directory not writable", "directories not writable"};
    case DriftKind::package_missing:
      return {"package missing", "packages missing"};
    case DriftKind::package_unfit:
      return {"package unfit", "packages unfit"};
    case DriftKind::release_unneeded:
      return {"old release", "old releases"};
    case DriftKind::java_missing:
      return {"host without java", "hosts without java"};
    case DriftKind::server_not_configured:
    case DriftKind::server_config_differs:
      return {"server to configure", "servers to configure"};
    case DriftKind::server_data_foreign:
      return {"server with foreign data", "servers with foreign data"};
    case DriftKind::server_data_stale:
      return {"server with old data", "servers with old data"};
    case DriftKind::server_port_taken:
      return {"server's port taken", "servers' ports taken"};
    case DriftKind::server_down:
      return {"server down", "servers down"};
    case DriftKind::server_outdated:
      return {"server outdated", "servers outdated"};
    case DriftKind::server_not_serving:
      return {"server not serving", "servers not serving"};
    case DriftKind::server_running:
    case DriftKind::node_running:
      return {"process running that should be stopped", "processes running that should be stopped"};
    case DriftKind::server_unlisted:
      return {"server not in the spec", "servers not in the spec"};
    case DriftKind::ensemble_membership:
      return {"change of the ensemble's members", "changes of the ensemble's members"};
    case DriftKind::server_unknown:
      return {"server unknown", "servers unknown"};
    case DriftKind::ensemble_unknown:
      return {"ensemble not readable", "ensembles not readable"};
    case DriftKind::tree_missing:
      return {"Arcus tree missing", "Arcus trees missing"};
    case DriftKind::cloud_unregistered:
      return {"cloud not registered", "clouds not registered"};
    case DriftKind::cloud_foreign:
      return {"cloud registered by others", "clouds registered by others"};
    case DriftKind::cloud_unlisted:
      return {"cloud not in the spec", "clouds not in the spec"};
    case DriftKind::foreign_child:
      return {"foreign child", "foreign children"};
    case DriftKind::node_unmapped:
      return {"node not mapped", "nodes not mapped"};
    case DriftKind::node_mapped_elsewhere:
      return {"node mapped elsewhere", "nodes mapped elsewhere"};
    case DriftKind::node_unlisted:
      return {"node not in the spec", "nodes not in the spec"};
    case DriftKind::node_down:
    case DriftKind::node_crashed:
      return {"node down", "nodes down"};
    case DriftKind::node_paused:
      return {"node paused", "nodes paused"};
    case DriftKind::node_starting:
      return {"node starting", "nodes starting"};
    case DriftKind::node_silent:
      return {"node silent", "nodes silent"};
    case DriftKind::node_port_taken:
      return {"node's port taken", "nodes' ports taken"};
    case DriftKind::node_outdated:
    case DriftKind::node_untuned:
      return {"node with another configuration", "nodes with another configuration"};
    case DriftKind::node_untunable:
      return {"node that cannot be set so", "nodes that cannot be set so"};
    case DriftKind::node_behind:
      return {"node with an old list of servers", "nodes with an old list of servers"};
    case DriftKind::node_restart_debt:
      return {"node with restart debt", "nodes with restart debt"};
    case DriftKind::node_unknown:
      return {"node unknown", "nodes unknown"};
  }
  return {"difference", "differences"};
}

bool is_unknown(DriftKind kind) {
  return kind == DriftKind::host_unknown || kind == DriftKind::server_unknown ||
         kind == DriftKind::ensemble_unknown || kind == DriftKind::node_unknown;
}

}  // namespace

std::string verdict_line(const DesiredState& desired, const Unadopted& unadopted,
                         const ObservedState& observed, const std::vector<std::string>& clouds) {
  std::vector<Drift> drift = diff(desired, unadopted.world(observed));
  std::erase_if(drift, [](const Drift& item) { return item.kind == DriftKind::node_restart_debt; });
  std::string name = printable(desired.deployment);
  if (!clouds.empty()) {
    std::erase_if(drift, [&](const Drift& item) {
      return !item.cloud.empty() && std::count(clouds.begin(), clouds.end(), item.cloud) == 0;
    });
    name += fmt::format(", {} {}", clouds.size() == 1 ? "cloud" : "clouds",
                        printable(fmt::format("{}", fmt::join(clouds, ", "))));
  }
  const std::string adopts = adoption_words(unadopted.found, clouds);
  if (drift.empty() && !adopts.empty()) {
    return fmt::format(
        "{}: runs as the spec says, not adopted yet: {}; `arcform apply` takes it "
        "over and restarts nothing",
        name, adopts);
  }
  if (drift.empty()) {
    return fmt::format("{}: converged", name);
  }
  std::vector<Noun> order;
  std::map<std::string, std::size_t> counts;
  for (const Drift& item : drift) {
    const Noun noun = noun_of(item.kind);
    if (++counts[noun.one] == 1) {
      order.push_back(noun);
    }
  }
  std::string what;
  for (const Noun& noun : order) {
    what += (what.empty() ? "" : ", ") + counted(counts.at(noun.one), noun.one, noun.many);
  }
  if (!adopts.empty()) {
    what += "; not adopted yet: " + adopts;
  }
  const bool only_unknown = std::all_of(drift.begin(), drift.end(),
                                        [](const Drift& item) { return is_unknown(item.kind); });
  return fmt::format("{}: {}: {}; run `arcform plan`", name,
                     only_unknown ? "not known" : "needs work", what);
}

}  // namespace arcform
