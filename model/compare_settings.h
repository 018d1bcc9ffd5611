// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "model/desired.h"
#include "model/observed.h"

namespace arcform {

/// How the settings of a running cache node differ from the spec, by what that takes.
struct SettingsDifference {
  std::vector<Tuning> tune;  ///< can be changed while it runs, in an order that the server takes
  std::string restart;       ///< before → after of what it cannot, and why; empty: nothing
  std::string unable;        ///< what this server does not know at all; empty: nothing
  /// What holds now although it was started with something else: its next start gets it right.
  std::string debt;
};

/// `started`: what its start line says. `answer`: what it says itself; nullptr: it does not answer.
/// Of the start line only memlimit and connections are compared.
SettingsDifference compare_settings(const NodeConfig& wanted, const NodeConfig& started,
                                    const NodeAnswer* answer);

/// What a node runs with: its start line, and memlimit and connections as they were changed since.
/// compare_settings() of the result finds nothing to tune and nothing to restart for.
NodeConfig effective_config(NodeConfig started, const NodeAnswer* answer);

/// "memlimit 100 → 200 MB, connections 1000 → 2000"
std::string text_of(const std::vector<Tuning>& changes);

}  // namespace arcform
