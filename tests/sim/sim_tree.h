// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/world.h"

namespace arcform::sim {

/// One znode.
struct TreeNode {
  std::string data;
  std::int32_t version = 0;
  std::int64_t czxid = 0;
  std::int64_t ctime_ms = 0;
  std::int64_t owner = 0;          ///< of an ephemeral: its session
  std::set<std::string> children;  ///< names
  std::uint32_t sequence = 0;      ///< children created so far
};

/// The nodes that a transaction touched, as they were before it; nothing: was not there.
using TreeBefore = std::map<std::string, std::optional<TreeNode>>;

/// What a ZooKeeper server keeps: the znodes, and the sessions with their timeouts. A value: copies
/// are snapshots.
class ZnodeTree {
 public:
  /// As a fresh ensemble has it: "/", /zookeeper, /zookeeper/config, /zookeeper/quota.
  ZnodeTree();

  /// nullptr: there is none.
  const TreeNode* find(const std::string& path) const;
  /// Paths of the ephemerals of a session, sorted.
  std::vector<std::string> ephemerals(std::int64_t session) const;
  /// All of the changes under one zxid, or none and the first that failed.
  std::optional<CommitFailure> apply(const std::vector<ZnodeChange>& changes, std::int64_t session,
                                     TreeBefore* before);
  /// Every path, sorted.
  std::vector<std::string> paths() const;

  /// What /zookeeper/config says.
  void set_config(const std::string& text) { nodes_["/zookeeper/config"].data = text; }

  std::int64_t zxid = 0;                  ///< of the last transaction
  std::int64_t now_ms = 0;                ///< the leader's wall clock, for what is made next
  std::map<std::int64_t, Time> sessions;  ///< id to timeout

 private:
  std::optional<ErrorCode> apply_one(const ZnodeChange& change, std::int64_t session,
                                     TreeBefore* before);
  std::optional<ErrorCode> create(const ZnodeChange& change, std::int64_t owner,
                                  TreeBefore* before);
  void remember(const std::string& path, TreeBefore* before) const;
  void put_back(const TreeBefore& before);

  std::map<std::string, TreeNode> nodes_;
};

/// "/a/b" -> "/a"; "/a" -> "/".
std::string parent_of(const std::string& path);
/// "create /a; set /b": what a transaction does, for logs.
std::string text_of(const std::vector<ZnodeChange>& changes);
/// A znode as a reader sees it.
Znode to_znode(const TreeNode& node);

}  // namespace arcform::sim
