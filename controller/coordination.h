// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/ensemble_session.h"
#include "model/desired.h"
#include "specs/watch_records.h"

namespace arcform {

/// What the controllers of a deployment and its people have told each other in ZooKeeper.
struct Agreement {
  bool leads = false;
  std::vector<std::string> controllers;  ///< who takes part, the leader first
  std::string turn;                   ///< "ann@ops1 pid 4711 since ...": an apply waits; or empty
  std::int32_t resumed_version = -1;  ///< grows with every `resume`; -1: none yet
  std::string resumed_scope;
  std::string published;  ///< hash of the proposal that stands; or empty
  std::optional<Approval> approval;
};

/// One controller's part in it, over however many sessions. The controller whose ephemeral znode
/// was created first leads, and a session that is over takes its place with it. The znode is named
/// by its session instead of by a sequence number: when the reply to its creation is lost, creating
/// it again says "already exists" and is done, where a sequential one would leave a second place
/// that nobody knows to be his. ZooKeeper numbers all creations anyway, in one order for everybody:
/// czxid, which is what is compared.
class Coordination {
 public:
  /// `changed` is called on the loop whenever something in ZooKeeper that matters may have changed.
  Coordination(asio::io_context& loop, std::string me,
               std::function<void(const std::string&)> changed)
      : loop_(loop), me_(std::move(me)), changed_(std::move(changed)) {}

  /// Takes part in the election, follows what matters and reads. Errors: those of the session.
  Awaitable<Result<Agreement>> agree(ZnodeSession& session, const DesiredState& desired,
                                     std::string timestamp);

 private:
  Awaitable<Result<void>> take_part(ZnodeSession& session, const DesiredState& desired,
                                    std::string timestamp);
  Awaitable<void> follow(ZnodeSession& session, std::string path, bool children);
  Awaitable<void> follow_all(ZnodeSession& session, const DesiredState& desired);

  asio::io_context& loop_;
  std::string me_;
  std::function<void(const std::string&)> changed_;
  std::int64_t session_id_ = 0;  ///< that takes part
  std::set<std::string> followed_;
};

/// Makes changes under the deployment's lock, which is taken and given back. Errors as
/// DeploymentLock::acquire and commit.
Awaitable<Result<void>> commit_fenced(ZnodeSession& session, std::string deployment,
                                      std::string holder, std::string timestamp,
                                      std::vector<ZnodeChange> changes);

/// Creates the znode or sets its data, whatever it was.
Awaitable<Result<void>> put_znode(ZnodeSession& session, std::string path, std::string data);

}  // namespace arcform
