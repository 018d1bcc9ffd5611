// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_tree.h"

namespace arcform::sim {
namespace {

const char* verb_of(ZnodeChange::Kind kind) {
  switch (kind) {
    case ZnodeChange::Kind::create:
      return "create";
    case ZnodeChange::Kind::create_ephemeral:
      return "create ephemeral";
    case ZnodeChange::Kind::set:
      return "set";
    case ZnodeChange::Kind::remove:
      return "remove";
    case ZnodeChange::Kind::check:
      return "check";
  }
  return "?";
}

}  // namespace

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string text_of(const std::vector<ZnodeChange>& changes) {
  std::string text;
  for (const ZnodeChange& change : changes) {
    text += text.empty() ? "" : "; ";
    text += verb_of(change.kind);
    text += ' ';
    text += change.path;
  }
  return text;
}

Znode to_znode(const TreeNode& node) {
  Znode znode;
  znode.data = node.data;
  znode.version = node.version;
  znode.czxid = node.czxid;
  znode.ctime_ms = node.ctime_ms;
  znode.ephemeral_owner = node.owner;
  znode.children = static_cast<std::int32_t>(node.children.size());
  return znode;
}

ZnodeTree::ZnodeTree() {
  nodes_["/"].children = {"zookeeper"};
  nodes_["/zookeeper"].children = {"config", "quota"};
  nodes_["/zookeeper/config"] = {};
  nodes_["/zookeeper/quota"] = {};
}

const TreeNode* ZnodeTree::find(const std::string& path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

std::vector<std::string> ZnodeTree::ephemerals(std::int64_t session) const {
  std::vector<std::string> paths;
  for (const auto& [path, node] : nodes_) {
    if (node.owner == session) {
      paths.push_back(path);
    }
  }
  return paths;
}

std::vector<std::string> ZnodeTree::paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, node] : nodes_) {
    paths.push_back(path);
  }
  return paths;
}

std::optional<CommitFailure> ZnodeTree::apply(const std::vector<ZnodeChange>& changes,
                                              std::int64_t session, TreeBefore* before) {
  before->clear();
  ++zxid;  // a failed transaction takes a number too
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (const auto failed = apply_one(changes[i], session, before)) {
      put_back(*before);
      before->clear();
      return CommitFailure{i, *failed};
    }
  }
  return std::nullopt;
}

std::optional<ErrorCode> ZnodeTree::apply_one(const ZnodeChange& change, std::int64_t session,
                                              TreeBefore* before) {
  if (change.kind == ZnodeChange::Kind::create) {
    return create(change, 0, before);
  }
  if (change.kind == ZnodeChange::Kind::create_ephemeral) {
    return create(change, session, before);
  }
  const auto found = nodes_.find(change.path);
  if (found == nodes_.end()) {
    return ErrorCode::not_found;
  }
  TreeNode& node = found->second;
  if (change.version != -1 && change.version != node.version) {
    return ErrorCode::aborted;
  }
  if (change.kind == ZnodeChange::Kind::set) {
    remember(change.path, before);
    node.data = change.data;
    ++node.version;
  } else if (change.kind == ZnodeChange::Kind::remove) {
    if (!node.children.empty()) {
      return ErrorCode::failed_precondition;
    }
    const std::string parent = parent_of(change.path);
    remember(change.path, before);
    remember(parent, before);
    nodes_[parent].children.erase(change.path.substr(change.path.rfind('/') + 1));
    nodes_.erase(found);
  }
  return std::nullopt;
}

std::optional<ErrorCode> ZnodeTree::create(const ZnodeChange& change, std::int64_t owner,
                                           TreeBefore* before) {
  const std::string parent = parent_of(change.path);
  const auto above = nodes_.find(parent);
  if (above == nodes_.end()) {
    return ErrorCode::not_found;
  }
  if (nodes_.contains(change.path)) {
    return ErrorCode::already_exists;
  }
  if (above->second.owner != 0) {
    return ErrorCode::failed_precondition;  // an ephemeral has no children
  }
  remember(change.path, before);
  remember(parent, before);
  above->second.children.insert(change.path.substr(change.path.rfind('/') + 1));
  ++above->second.sequence;
  TreeNode node;
  node.data = change.data;
  node.czxid = zxid;
  node.ctime_ms = now_ms;
  node.owner = owner;
  nodes_.emplace(change.path, std::move(node));
  return std::nullopt;
}

void ZnodeTree::remember(const std::string& path, TreeBefore* before) const {
  const TreeNode* node = find(path);
  before->try_emplace(path, node == nullptr ? std::nullopt : std::optional<TreeNode>(*node));
}

void ZnodeTree::put_back(const TreeBefore& before) {
  for (const auto& [path, node] : before) {
    if (node) {
      nodes_[path] = *node;
    } else {
      nodes_.erase(path);
    }
  }
}

}  // namespace arcform::sim
