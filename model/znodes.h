// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/names.h"

/// The znode trees: Arcus' own (/arcus, read by cache nodes, clients and arcus.sh) and arcform's
/// (/arcform/<deployment>). Every path is built here and nowhere else.
namespace arcform::znodes {

inline constexpr std::string_view kArcus = "/arcus";
inline constexpr std::string_view kCacheList = "/arcus/cache_list";
inline constexpr std::string_view kClientList = "/arcus/client_list";
inline constexpr std::string_view kMapping = "/arcus/cache_server_mapping";
inline constexpr std::string_view kServerLog = "/arcus/cache_server_log";
inline constexpr std::string_view kArcform = "/arcform";

std::string cache_list(std::string_view service_code);
std::string client_list(std::string_view service_code);
/// /arcus/cache_server_mapping/<ip>:<port>
std::string mapping_key(Endpoint node);
/// /arcus/cache_server_mapping/<ip>:<port>/<service code>
std::string mapping(Endpoint node, std::string_view service_code);
/// A child of cache_list/<svc> by its full name.
std::string joined(std::string_view service_code, std::string_view child);

/// What a child name of cache_list/<svc> says: the text before the first '-' is ip:port, the rest
/// is the host name as the node saw it (cannot be predicted). nullopt: not a cache node's name.
std::optional<Endpoint> joined_endpoint(std::string_view child);

/// /arcform/<deployment>; persistent parent of the following.
std::string deployment(std::string_view name);
/// Its version is the fence that every write checks; bumped by each lock acquisition.
std::string epoch(std::string_view deployment_name);
/// Ephemeral; JSON {"version":1,"holder":"user@host pid 123","since":"2026-01-31T10:00:00Z"}.
std::string lock(std::string_view deployment_name);
/// JSON {"version":1,"revision":7,"specDigest":"...","at":"...","by":"..."}.
std::string applied(std::string_view deployment_name);
/// Parent of the claims: one child per cloud that this deployment registered.
std::string claims(std::string_view deployment_name);
std::string claim(std::string_view deployment_name, std::string_view service_code);
/// Parent of the host records: how a host with our nodes is reached, so that a host that is gone
/// from the spec can still be cleaned up.
std::string hosts(std::string_view deployment_name);
std::string host(std::string_view deployment_name, std::string_view host_name);
/// Parent of the rollouts: per cloud, when its ring last changed and which nodes are warming.
std::string rollouts(std::string_view deployment_name);
std::string rollout(std::string_view deployment_name, std::string_view service_code);

/// Parent of the pauses: one child per scope, JSON (see Pause).
std::string pauses(std::string_view deployment_name);
std::string pause(std::string_view deployment_name, std::string_view scope);
/// Parent of one ephemeral per watching controller, named after its session; the one that was
/// created first (czxid) leads. JSON as the lock's.
std::string controllers(std::string_view deployment_name);
std::string controller(std::string_view deployment_name, std::int64_t session);
/// Ephemeral of an apply that waits for its turn; JSON as the lock's. A watching controller lets
/// it go first.
std::string turn(std::string_view deployment_name);
/// The scope that a person resumed last; its version says how often that was.
std::string resumed(std::string_view deployment_name);
/// JSON of the rollout that waits for approval, and of the approval (see specs/watch_records.h).
std::string proposed(std::string_view deployment_name);
std::string approved(std::string_view deployment_name);

/// A path that the ZooKeeper C client survives: starts with '/', no empty, "." or ".." part, no
/// control bytes, no trailing '/', at most 512 bytes and 32 levels. zoo_multi of the 3.8.0 client
/// corrupts the heap when it is handed an invalid path.
bool is_valid_path(std::string_view path);

}  // namespace arcform::znodes
