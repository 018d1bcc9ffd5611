// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/desired.h"

namespace arcform {

/// What the spec says, wherever in its file.
inline DesiredState without_positions(DesiredState desired) {
  desired.ensemble.at = {};
  for (DesiredServer& server : desired.ensemble.servers) {
    server.at = {};
  }
  for (DesiredHost& host : desired.hosts) {
    host.at = {};
  }
  for (DesiredPackage& package : desired.packages) {
    package.at = {};
  }
  for (DesiredCloud& cloud : desired.clouds) {
    cloud.at = {};
    for (DesiredNode& node : cloud.nodes) {
      node.at = {};
    }
  }
  return desired;
}

}  // namespace arcform
