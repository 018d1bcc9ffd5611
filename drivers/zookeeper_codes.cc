// SPDX-License-Identifier: Apache-2.0
#include "drivers/zookeeper_codes.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/znodes.h"

namespace arcform::zookeeper {

ErrorCode code_of(Rc rc) {
  switch (rc) {
    case Rc::system_error:
    case Rc::connection_loss:
    case Rc::invalid_state:
    case Rc::session_expired:
    case Rc::closing:
    case Rc::session_moved:
    case Rc::not_read_only:
    case Rc::throttled_op:
      return ErrorCode::unavailable;
    case Rc::operation_timeout:
    case Rc::request_timeout:
      return ErrorCode::deadline_exceeded;
    case Rc::bad_version:
      return ErrorCode::aborted;
    case Rc::no_node:
      return ErrorCode::not_found;
    case Rc::node_exists:
      return ErrorCode::already_exists;
    case Rc::not_empty:
    case Rc::no_children_for_ephemerals:
    case Rc::ephemeral_on_local_session:
    case Rc::new_config_no_quorum:
    case Rc::reconfig_in_progress:
      return ErrorCode::failed_precondition;
    case Rc::no_auth:
      return ErrorCode::permission_denied;
    case Rc::auth_failed:
    case Rc::session_closed_require_sasl_auth:
    case Rc::ssl_connection_error:
      return ErrorCode::unauthenticated;
    case Rc::quota_exceeded:
      return ErrorCode::resource_exhausted;
    case Rc::bad_arguments:
    case Rc::invalid_acl:
      return ErrorCode::invalid_argument;
    case Rc::unimplemented:
    case Rc::reconfig_disabled:
      return ErrorCode::unsupported;
    case Rc::ok:
    case Rc::runtime_inconsistency:
    case Rc::data_inconsistency:
    case Rc::marshalling_error:
    case Rc::api_error:
    case Rc::invalid_callback:
    case Rc::nothing:
    case Rc::no_watcher:
      return ErrorCode::internal;
  }
  return ErrorCode::internal;
}

std::string_view text_of(Rc rc) {
  switch (rc) {
    case Rc::ok:
      return "ok";
    case Rc::system_error:
      return "system error";
    case Rc::runtime_inconsistency:
      return "runtime inconsistency";
    case Rc::data_inconsistency:
      return "data inconsistency";
    case Rc::connection_loss:
      return "connection lost";
    case Rc::marshalling_error:
      return "request or reply cannot be encoded";
    case Rc::unimplemented:
      return "not implemented by the server";
    case Rc::operation_timeout:
      return "no answer from the server";
    case Rc::bad_arguments:
      return "bad arguments";
    case Rc::invalid_state:
      return "the session is over";
    case Rc::new_config_no_quorum:
      return "no quorum of the new configuration";
    case Rc::reconfig_in_progress:
      return "another reconfiguration is going on";
    case Rc::ssl_connection_error:
      return "TLS connection failed";
    case Rc::api_error:
      return "api error";
    case Rc::no_node:
      return "no such znode";
    case Rc::no_auth:
      return "the znode's ACL does not allow it";
    case Rc::bad_version:
      return "changed by somebody else";
    case Rc::no_children_for_ephemerals:
      return "its parent is ephemeral";
    case Rc::node_exists:
      return "already exists";
    case Rc::not_empty:
      return "has children";
    case Rc::session_expired:
      return "the session expired";
    case Rc::invalid_callback:
      return "invalid callback";
    case Rc::invalid_acl:
      return "invalid ACL";
    case Rc::auth_failed:
      return "authentication failed";
    case Rc::closing:
      return "the session is being closed";
    case Rc::nothing:
      return "nothing";
    case Rc::session_moved:
      return "the session moved to another server";
    case Rc::not_read_only:
      return "the server is read-only (no quorum)";
    case Rc::ephemeral_on_local_session:
      return "the session is local to one server";
    case Rc::no_watcher:
      return "no such watch";
    case Rc::request_timeout:
      return "the ensemble took too long";
    case Rc::reconfig_disabled:
      return "reconfiguration is disabled";
    case Rc::session_closed_require_sasl_auth:
      return "the server wants SASL authentication";
    case Rc::quota_exceeded:
      return "quota exceeded";
    case Rc::throttled_op:
      return "the server is overloaded";
  }
  return "unknown error";
}

bool is_answer(Rc rc) {
  return rc == Rc::ok ||
         (static_cast<int>(rc) < static_cast<int>(Rc::api_error) && rc != Rc::session_expired &&
          rc != Rc::invalid_callback && rc != Rc::auth_failed && rc != Rc::closing &&
          rc != Rc::nothing && rc != Rc::session_moved);
}

Result<std::vector<Endpoint>> parse_connect_string(std::string_view text) {
  const auto refuse = [text](std::string_view part, const char* why) {
    return Error{ErrorCode::invalid_argument, fmt::format("zookeeper servers \"{}\": \"{}\" {}",
                                                          printable(text), printable(part), why)};
  };
  std::vector<Endpoint> servers;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const std::optional<Endpoint> server = Endpoint::parse(part);
    if (!server) {
      return refuse(part, "is not an IPv4 address and a port such as 10.0.0.1:2181");
    }
    if (std::find(servers.begin(), servers.end(), *server) != servers.end()) {
      return refuse(part, "is there twice");
    }
    if (servers.size() == 64) {
      return refuse(part, "is one server too many; at most 64 can be given");
    }
    servers.push_back(*server);
    if (comma == std::string_view::npos) {
      return servers;
    }
    rest.remove_prefix(comma + 1);
  }
}

std::string connect_string(const std::vector<Endpoint>& servers) {
  std::string text;
  for (const Endpoint& server : servers) {
    text += (text.empty() ? "" : ",") + server.text();
  }
  return text;
}

Result<void> check_path(const std::string& path) {
  if (znodes::is_valid_path(path)) {
    return {};
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("znode \"{}\": not a valid path", printable(path))};
}

Result<void> check_changes(const std::vector<ZnodeChange>& changes) {
  const auto refuse = [](const std::string& why) {
    return Error{ErrorCode::invalid_argument, "transaction: " + why};
  };
  if (changes.empty() || changes.size() > kMaxOperations) {
    return refuse(fmt::format("{} operations, must be 1 to {}", changes.size(), kMaxOperations));
  }
  std::size_t bytes = 0;
  for (const ZnodeChange& change : changes) {
    if (const Result<void> path = check_path(change.path); !path) {
      return path.error().with("transaction");
    }
    if (change.version < -1) {
      return refuse(fmt::format("{}: version {}", text_of(change), change.version));
    }
    bytes += change.path.size() + change.data.size();
  }
  if (bytes > kMaxTransactionBytes) {
    return refuse(fmt::format("{}: {} bytes, at most {} are allowed", text_of(changes.front()),
                              bytes, kMaxTransactionBytes));
  }
  return {};
}

std::string text_of(const ZnodeChange& change) {
  switch (change.kind) {
    case ZnodeChange::Kind::create:
      return "create " + change.path;
    case ZnodeChange::Kind::create_ephemeral:
      return "create ephemeral " + change.path;
    case ZnodeChange::Kind::set:
      return "set " + change.path;
    case ZnodeChange::Kind::remove:
      return "remove " + change.path;
    case ZnodeChange::Kind::check:
      return "check " + change.path;
  }
  return change.path;
}

}  // namespace arcform::zookeeper
