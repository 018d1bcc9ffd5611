// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controller/ensemble_session.h"

namespace arcform {

/// Who asks for the lock, for the others to read.
struct LockRequest {
  std::string deployment;
  std::string holder;     ///< "ann@ops1 pid 4711"
  std::string timestamp;  ///< Clock::timestamp()
};

/// The lock of one deployment: an ephemeral znode of our session that says who and since when, and
/// the fence: the version of a persistent epoch znode, bumped at each acquisition and checked by
/// every write. An ephemeral alone does not fence: a holder whose session is gone could still
/// write after the next one has come.
class DeploymentLock {
 public:
  /// Takes the lock on `session`, which must outlive this object. Creates the deployment's own
  /// znodes when they are missing. Error already_exists: somebody else holds it; the message says
  /// who and since when. aborted: another apply came in between.
  static Awaitable<Result<std::unique_ptr<DeploymentLock>>> acquire(ZnodeSession& session,
                                                                    LockRequest request);

  /// Commits the changes only while the lock is ours: the epoch's version is checked in the same
  /// transaction. Error failed_precondition: the lock is lost.
  Awaitable<Result<void>> commit(std::vector<ZnodeChange> changes);
  /// Gives the lock back.
  Awaitable<Result<void>> release();

  bool alive() const { return !lost_ && session_.alive(); }
  /// False once the session it was taken on has been replaced; nothing else may then be called.
  bool is_on(const ZnodeSession* session) const { return session == &session_; }
  ZnodeReader& reader() { return session_; }
  std::int32_t epoch_version() const { return epoch_version_; }
  /// What hosts are told with every change.
  Fence fence() const { return {tree_, epoch_version_}; }

 private:
  DeploymentLock(ZnodeSession& session, std::string deployment, std::int64_t tree,
                 std::int32_t epoch_version)
      : session_(session),
        deployment_(std::move(deployment)),
        tree_(tree),
        epoch_version_(epoch_version) {}
  ZnodeSession& session_;
  std::string deployment_;
  std::int64_t tree_;  ///< czxid of the epoch znode
  std::int32_t epoch_version_;
  bool lost_ = false;  ///< a later epoch was seen
};

/// Creates persistent znodes that are missing, in order, each on its own; existing ones are left.
Awaitable<Result<void>> create_missing(ZnodeSession& session, std::vector<std::string> paths);

}  // namespace arcform
