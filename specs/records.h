// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/action.h"
#include "model/observed.h"

/// The small JSON documents that arcform keeps in znodes, and those that arcus.sh reads there.
namespace arcform {

/// Who holds a deployment's lock. {"version":1,"holder":"ann@ops1 pid 4711","since":"..."}
struct LockRecord {
  std::string holder;
  std::string since;
};
std::string write_lock(const LockRecord& record);
/// nullopt: not such a document.
std::optional<LockRecord> read_lock(std::string_view text);

/// The last applied revision. {"version":1,"revision":7,"specDigest":"...","at":"...","by":"..."}
struct AppliedRecord {
  std::uint64_t revision = 0;
  std::string spec_digest;
  std::string at;
  std::string by;
  std::set<std::string> protected_clouds;  ///< "protected": [...]; missing when there is none
};
std::string write_applied(const AppliedRecord& record);
std::optional<AppliedRecord> read_applied(std::string_view text);

/// What the next run must know of a cloud whose ring we have changed. Times are in ms since 1970,
/// by the clock of the ensemble's leader.
/// {"version":1,"specDigest":"...","ringChangedAt":1767225600000,"changing":false,
/// "restarted":[{"node":"10.0.0.1:11211","at":1767225600000,"hitRatio":0.93}],
/// "down":[{"node":"10.0.0.1:11211","left":8589934651}]}
struct RolloutRecord {
  struct Restarted {
    Endpoint node;
    std::int64_t at_ms = 0;
    std::optional<double> hit_ratio{};  ///< before it was stopped; nothing: it served no gets
    bool operator==(const Restarted&) const = default;
  };
  /// A node that we took down, or were about to, and that has not been seen joined since.
  struct Down {
    Endpoint node;
    std::int64_t left = 0;  ///< czxid of the ephemeral that stood before; 0: none did
    bool operator==(const Down&) const = default;
  };
  std::string spec_digest;           ///< of the spec that was being applied
  std::int64_t ring_changed_ms = 0;  ///< when its ring last changed
  bool changing = false;             ///< a change was under way when this was written
  std::vector<Restarted> restarted;  ///< nodes that may not be ready or warm yet
  std::vector<Down> down;
  bool operator==(const RolloutRecord&) const = default;
};
std::string write_rollout(const RolloutRecord& record);
std::optional<RolloutRecord> read_rollout(std::string_view text);

std::string write_host(const HostRecord& record);
/// nullopt also when a value is none that a spec could have.
std::optional<HostRecord> read_host(std::string_view text);

/// The document of cache_list/<svc> as arcus.sh writes and lists it (naver/arcus
/// scripts/lib/zk.py): serviceCode, servers[] and `created`. Servers are listed up to 500, to stay
/// far below the size limit of a znode. `created`: Clock::arcus_timestamp().
std::string write_cloud(const RegisterCloud& cloud, const std::string& created);

/// The document of a mapping key as arcus.sh writes it: memlimit, connections, threads, port, all
/// as strings.
std::string write_mapping(const MappedNode& node);

}  // namespace arcform
