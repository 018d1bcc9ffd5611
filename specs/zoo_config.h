// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "specs/fields.h"

namespace arcform {

/// Reads "ensemble.config": zoo.cfg keys that a spec may set, with their values as zoo.cfg has
/// them. Keys that arcform writes itself are refused with the reason, unknown ones with a guess.
/// Sources: Apache ZooKeeper 3.8 administrator's guide, "Configuration Parameters", and
/// QuorumPeerConfig.java:parseProperties.
std::map<std::string, std::string> read_zoo_config(const json::Value& value,
                                                   const std::string& path, Problems& problems);

/// The session timeouts that a server with this configuration grants, in ms; it silently moves any
/// other into these bounds, and does not start with bounds that leave none.
struct SessionBounds {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
};
SessionBounds session_bounds(const std::map<std::string, std::string>& config);

/// Whether a spec may set this key of zoo.cfg.
bool is_zoo_setting(std::string_view key);

}  // namespace arcform
