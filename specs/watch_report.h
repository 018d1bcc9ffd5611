// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/names.h"

/// What a watching controller says of itself beside a status, as values: the part "watch" of the
/// document at /api/v1/state, which is otherwise that of `status --format json`.
namespace arcform {

struct DoingReport {
  std::string id;
  std::string subject;
  std::string text;
  std::string reason;
  std::uint64_t for_ms = 0;
};

struct WithheldReport {
  std::string subject;
  std::string text;
  std::string why;
};

struct HeldReport {
  std::string hold;
  std::string subject;
  std::string reason;
};

struct HostReport {
  std::string name;
  std::string address;
  bool seen = false;
  std::string why;
  std::uint64_t memory_total_kb = 0;
  std::uint64_t memory_available_kb = 0;
};

struct QuorumReport {
  std::uint32_t servers = 0;
  std::uint32_t serving = 0;
  std::uint32_t needed = 0;
  std::int32_t margin = 0;
};

struct PauseReport {
  std::string scope;
  std::string until;
  std::string reason;
  std::string by;
};

/// What a cache node counted when it was last asked.
struct NodeLoad {
  Endpoint node;
  std::uint64_t at = 0;  ///< which asking it was, counted
  std::optional<std::uint32_t> hit_permille;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t bytes = 0;
  std::uint64_t limit_bytes = 0;
  std::uint32_t connections = 0;
  std::uint64_t items = 0;
  bool operator==(const NodeLoad&) const = default;
};

struct WatchReport {
  std::string mode;
  std::string why_observing;
  std::string me;
  std::string leader;
  std::vector<std::string> controllers;
  std::string now;
  std::uint64_t round = 0;
  std::string looked_at;
  std::uint64_t look_ms = 0;
  std::string converged_at;
  std::string waiting_for;
  std::string spec_error;
  std::string approval;
  std::uint32_t steps = 0;
  std::vector<DoingReport> doing;
  std::vector<WithheldReport> withheld;
  std::vector<HeldReport> held;
  std::vector<std::string> alarms;
  std::vector<PauseReport> pauses;
  std::optional<QuorumReport> quorum;
  std::vector<HostReport> hosts;
  std::vector<NodeLoad> loads;
};

/// One node's last loads, oldest first; the three lists are as long as each other.
struct LoadHistory {
  Endpoint node;
  std::vector<std::optional<std::uint32_t>> hit_permille;
  std::vector<std::uint64_t> bytes;
  std::vector<std::uint32_t> connections;
};

}  // namespace arcform
