// SPDX-License-Identifier: Apache-2.0
#include "controller/drift_names.h"

namespace arcform {

const char* name_of(DriftKind kind) {
  switch (kind) {
    case DriftKind::host_unknown:
      return "host_unknown";
    case DriftKind::directory_not_writable:
      return "directory_not_writable";
    case DriftKind::package_missing:
      return "package_missing";
    case DriftKind::package_unfit:
      return "package_unfit";
    case DriftKind::release_unneeded:
      return "release_unneeded";
    case DriftKind::java_missing:
      return "java_missing";
    case DriftKind::server_not_configured:
      return "server_not_configured";
    case DriftKind::server_config_differs:
      return "server_config_differs";
    case DriftKind::server_data_foreign:
      return "server_data_foreign";
    case DriftKind::server_data_stale:
      return "server_data_stale";
    case DriftKind::server_port_taken:
      return "server_port_taken";
    case DriftKind::server_down:
      return "server_down";
    case DriftKind::server_outdated:
      return "server_outdated";
    case DriftKind::server_not_serving:
      return "server_not_serving";
    case DriftKind::server_running:
      return "server_running";
    case DriftKind::server_unlisted:
      return "server_unlisted";
    case DriftKind::server_unknown:
      return "server_unknown";
    case DriftKind::ensemble_membership:
      return "ensemble_membership";
    case DriftKind::ensemble_unknown:
      return "ensemble_unknown";
    case DriftKind::tree_missing:
      return "tree_missing";
    case DriftKind::cloud_unregistered:
      return "cloud_unregistered";
    case DriftKind::cloud_foreign:
      return "cloud_foreign";
    case DriftKind::cloud_unlisted:
      return "cloud_unlisted";
    case DriftKind::foreign_child:
      return "foreign_child";
    case DriftKind::node_unmapped:
      return "node_unmapped";
    case DriftKind::node_mapped_elsewhere:
      return "node_mapped_elsewhere";
    case DriftKind::node_unlisted:
      return "node_unlisted";
    case DriftKind::node_down:
      return "node_down";
    case DriftKind::node_crashed:
      return "node_crashed";
    case DriftKind::node_paused:
      return "node_paused";
    case DriftKind::node_starting:
      return "node_starting";
    case DriftKind::node_silent:
      return "node_silent";
    case DriftKind::node_port_taken:
      return "node_port_taken";
    case DriftKind::node_outdated:
      return "node_outdated";
    case DriftKind::node_untuned:
      return "node_untuned";
    case DriftKind::node_untunable:
      return "node_untunable";
    case DriftKind::node_behind:
      return "node_behind";
    case DriftKind::node_restart_debt:
      return "node_restart_debt";
    case DriftKind::node_running:
      return "node_running";
    case DriftKind::node_unknown:
      return "node_unknown";
  }
  return "";
}

}  // namespace arcform
