// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "drivers/world.h"
#include "model/names.h"

/// What can be said about ZooKeeper without its client: return codes, connect strings, limits.
namespace arcform::zookeeper {

/// Return codes of the C client and of servers up to 3.9 (zookeeper.h; KeeperException.Code).
enum class Rc : int {
  ok = 0,
  system_error = -1,
  runtime_inconsistency = -2,  ///< in a transaction: not looked at, an earlier operation failed
  data_inconsistency = -3,
  connection_loss = -4,
  marshalling_error = -5,
  unimplemented = -6,
  operation_timeout = -7,
  bad_arguments = -8,
  invalid_state = -9,
  new_config_no_quorum = -13,
  reconfig_in_progress = -14,
  ssl_connection_error = -15,
  api_error = -100,
  no_node = -101,
  no_auth = -102,
  bad_version = -103,
  no_children_for_ephemerals = -108,
  node_exists = -110,
  not_empty = -111,
  session_expired = -112,
  invalid_callback = -113,
  invalid_acl = -114,
  auth_failed = -115,
  closing = -116,
  nothing = -117,
  session_moved = -118,
  not_read_only = -119,
  ephemeral_on_local_session = -120,
  no_watcher = -121,
  request_timeout = -122,
  reconfig_disabled = -123,
  session_closed_require_sasl_auth = -124,
  quota_exceeded = -125,
  throttled_op = -127,
};

/// What a failed request means to us. Precondition: not Rc::ok. A code we do not know is internal.
ErrorCode code_of(Rc rc);
/// A few words for people.
std::string_view text_of(Rc rc);
/// Whether a server said so; false for what the client makes up when the connection is gone. Only
/// a server's answer proves that the session lives.
bool is_answer(Rc rc);

/// Exactly "a.b.c.d:port,a.b.c.d:port": no names (the client would look them up on its I/O thread
/// again and again), no spaces, no chroot, no port 0 (the client takes 99999), no server twice, at
/// most 64 servers. Error invalid_argument.
Result<std::vector<Endpoint>> parse_connect_string(std::string_view text);
/// The reverse.
std::string connect_string(const std::vector<Endpoint>& servers);

inline constexpr std::size_t kMaxOperations = 128;
inline constexpr std::size_t kMaxTransactionBytes = 256 * 1024;  ///< paths and data together

/// Error invalid_argument for a path that the client would not survive.
Result<void> check_path(const std::string& path);
/// Error invalid_argument for an invalid path or version, no operation or too many, too much data.
Result<void> check_changes(const std::vector<ZnodeChange>& changes);

/// "create /a/b"
std::string text_of(const ZnodeChange& change);

}  // namespace arcform::zookeeper
