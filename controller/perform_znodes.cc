// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "controller/perform.h"
#include "controller/read_tree.h"
#include "model/render_text.h"
#include "model/znodes.h"
#include "specs/records.h"

namespace arcform {
namespace {

/// Nodes per transaction: four operations each stay far below the limit of 128, and a conflict
/// rolls back little.
constexpr std::size_t kNodesPerTransaction = 20;

ZnodeChange create(std::string path, std::string data) {
  return {ZnodeChange::Kind::create, std::move(path), std::move(data), -1};
}

ZnodeChange remove(std::string path) {
  return {ZnodeChange::Kind::remove, std::move(path), "", -1};
}

/// Adds to `changes` what turns the present mapping of one node into the wanted one.
Awaitable<Result<void>> add_mapping(DeploymentLock& lock, MappedNode node, std::string service_code,
                                    std::vector<ZnodeChange>& changes) {
  const auto codes = co_await lock.reader().children(znodes::mapping_key(node.node));
  if (!codes) {
    co_return codes.error();
  }
  if (!*codes) {
    changes.push_back(create(znodes::mapping_key(node.node), write_mapping(node)));
    changes.push_back(create(znodes::mapping(node.node, service_code), ""));
    co_return Result<void>();
  }
  bool stands = false;
  for (const std::string& code : **codes) {
    const bool expected = std::count(node.remove.begin(), node.remove.end(), code) > 0;
    stands |= code == service_code;
    if (code != service_code && !expected) {
      co_return Error{ErrorCode::aborted,
                      fmt::format("{} names cloud {} by now", znodes::mapping_key(node.node),
                                  printable(code, 128))};
    }
    if (expected) {
      changes.push_back(remove(znodes::mapping(node.node, code)));
    }
  }
  if (!stands) {
    changes.push_back(create(znodes::mapping(node.node, service_code), ""));
  }
  co_return Result<void>();
}

bool joined(const std::vector<std::string>& children, const std::vector<Endpoint>& nodes) {
  return std::any_of(children.begin(), children.end(), [&](const std::string& child) {
    const auto endpoint = znodes::joined_endpoint(child);
    return endpoint && std::binary_search(nodes.begin(), nodes.end(), *endpoint);
  });
}

Awaitable<Result<void>> add_unmapping(DeploymentLock& lock, Endpoint node, std::string service_code,
                                      std::vector<ZnodeChange>& changes) {
  const auto codes = co_await lock.reader().children(znodes::mapping_key(node));
  if (!codes) {
    co_return codes.error();
  }
  if (!*codes || std::count((*codes)->begin(), (*codes)->end(), service_code) == 0) {
    co_return Result<void>();
  }
  changes.push_back(remove(znodes::mapping(node, service_code)));
  if ((*codes)->size() == 1) {
    changes.push_back(remove(znodes::mapping_key(node)));
  }
  co_return Result<void>();
}

/// Commits what `add` collects for each node, in transactions of few nodes. `nodes` must outlive
/// it.
template <class Node>
Awaitable<Result<void>> in_batches(
    DeploymentLock& lock, const std::vector<Node>& nodes, std::string service_code,
    Awaitable<Result<void>> (*add)(DeploymentLock&, Node, std::string, std::vector<ZnodeChange>&)) {
  for (std::size_t first = 0; first < nodes.size(); first += kNodesPerTransaction) {
    std::vector<ZnodeChange> changes;
    const std::size_t end = std::min(first + kNodesPerTransaction, nodes.size());
    for (std::size_t i = first; i < end; ++i) {
      const Result<void> added = co_await add(lock, nodes[i], service_code, changes);
      if (!added) {
        co_return added.error();
      }
    }
    if (changes.empty()) {
      continue;
    }
    const Result<void> committed = co_await lock.commit(std::move(changes));
    if (!committed) {
      co_return committed.error();
    }
  }
  co_return Result<void>();
}

/// Detaches clients whose cloud was asked to go by name: their ephemerals would keep it standing.
Awaitable<Result<void>> remove_clients(ApplyContext& context, DeploymentLock& lock,
                                       std::string service_code) {
  const auto clients = co_await lock.reader().children(znodes::client_list(service_code));
  if (!clients || !*clients || (*clients)->empty()) {
    co_return clients ? Result<void>() : Result<void>(clients.error());
  }
  if (std::count(context.allow_removal.begin(), context.allow_removal.end(), service_code) == 0) {
    co_return Error{ErrorCode::failed_precondition,
                    fmt::format("{} attached to cloud {} by now; stop them, or ask for it with "
                                "--allow-removal {}",
                                counted((*clients)->size(), "client is", "clients are"),
                                service_code, service_code)};
  }
  for (const std::string& client : **clients) {
    std::vector<ZnodeChange> changes;
    changes.push_back(remove(znodes::client_list(service_code) + "/" + client));
    const Result<void> removed = co_await lock.commit(std::move(changes));
    if (!removed && removed.error().code != ErrorCode::not_found) {
      co_return removed.error();
    }
  }
  co_return Result<void>();
}

}  // namespace

Awaitable<Result<void>> write_host_record(DeploymentLock& lock, const DesiredState& desired,
                                          HostRecord record) {
  const std::string path = znodes::host(desired.deployment, record.name);
  const std::string data = write_host(record);
  const auto found = co_await lock.reader().read(path);
  if (!found) {
    co_return found.error();
  }
  if (*found && (*found)->data == data) {
    co_return Result<void>();
  }
  std::vector<ZnodeChange> changes;
  if (*found) {
    changes.push_back({ZnodeChange::Kind::set, path, data, (*found)->version});
  } else {
    changes.push_back(create(path, data));
  }
  const Result<void> committed = co_await lock.commit(std::move(changes));
  if (!committed && committed.error().code != ErrorCode::already_exists &&
      committed.error().code != ErrorCode::aborted) {
    co_return committed.error();
  }
  if (committed) {
    co_return Result<void>();
  }
  // Another cloud's step may have written the same record in between.
  const auto now = co_await lock.reader().read(path);
  if (!now || !*now || (*now)->data != data) {
    co_return committed.error();
  }
  co_return Result<void>();
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const CreateTree&) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  for (const std::string_view path : {znodes::kArcus, znodes::kCacheList, znodes::kClientList,
                                      znodes::kMapping, znodes::kServerLog}) {
    const Result<bool> there = co_await exists((*lock)->reader(), std::string(path));
    if (!there) {
      co_return there.error();
    }
    if (*there) {
      continue;
    }
    std::vector<ZnodeChange> changes;
    changes.push_back(create(std::string(path), ""));
    const Result<void> made = co_await (*lock)->commit(std::move(changes));
    if (!made && made.error().code != ErrorCode::already_exists) {
      co_return made.error();
    }
  }
  co_return Result<void>();
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const RegisterCloud& action) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  const std::string claim = znodes::claim(context.desired.deployment, action.service_code);
  const std::string list = znodes::cache_list(action.service_code);
  const std::string clients = znodes::client_list(action.service_code);
  const Result<bool> claimed = co_await exists((*lock)->reader(), claim);
  const Result<bool> listed = co_await exists((*lock)->reader(), list);
  const Result<bool> has_clients = co_await exists((*lock)->reader(), clients);
  if (!claimed || !listed || !has_clients) {
    co_return !claimed ? claimed.error() : !listed ? listed.error() : has_clients.error();
  }
  if (*listed && !*claimed) {
    co_return Error{ErrorCode::aborted,
                    list + ": was registered by somebody else in the meantime; plan again"};
  }
  std::vector<ZnodeChange> changes;
  if (!*claimed) {
    changes.push_back(create(claim, ""));
  }
  if (!*listed) {
    changes.push_back(create(list, write_cloud(action, context.world.clock.arcus_timestamp())));
  }
  if (!*has_clients) {
    changes.push_back(create(clients, ""));
  }
  if (changes.empty()) {
    co_return Result<void>();
  }
  auto committed = co_await (*lock)->commit(std::move(changes));
  co_return committed;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const MapNodes& action) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  // How a host is reached is recorded before anything of ours can run on it.
  for (const HostRecord& record : action.hosts) {
    const Result<void> written = co_await write_host_record(**lock, context.desired, record);
    if (!written) {
      co_return written.error();
    }
  }
  auto mapped = co_await in_batches(**lock, action.nodes, action.service_code, add_mapping);
  co_return mapped;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const UnmapNodes& action) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  // Without nodes there is no cloud either: only records of hosts go.
  const std::string list = action.nodes.empty() ? std::string(znodes::kCacheList)
                                                : znodes::cache_list(action.service_code);
  const auto members = co_await (*lock)->reader().children(list);
  if (!members) {
    co_return members.error();
  }
  if (*members && joined(**members, action.nodes)) {
    co_return Error{ErrorCode::aborted, list + ": a node that was to be unmapped stands in it"};
  }
  const Result<void> unmapped =
      co_await in_batches(**lock, action.nodes, action.service_code, add_unmapping);
  if (!unmapped) {
    co_return unmapped.error();
  }
  for (const std::string& name : action.forget_hosts) {
    std::vector<ZnodeChange> changes;
    changes.push_back(remove(znodes::host(context.desired.deployment, name)));
    const Result<void> removed = co_await (*lock)->commit(std::move(changes));
    if (!removed && removed.error().code != ErrorCode::not_found) {
      co_return removed.error();
    }
  }
  co_return Result<void>();
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const UnregisterCloud& action) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  const std::string list = znodes::cache_list(action.service_code);
  const auto members = co_await (*lock)->reader().children(list);
  if (!members) {
    co_return members.error();
  }
  if (*members && !(*members)->empty()) {
    co_return Error{ErrorCode::failed_precondition,
                    fmt::format("{}: {} stands in it; a cloud is unregistered only when its nodes "
                                "are gone",
                                list, printable((*members)->front(), 200))};
  }
  const Result<void> detached = co_await remove_clients(context, **lock, action.service_code);
  if (!detached) {
    co_return detached.error();
  }
  std::vector<ZnodeChange> changes;
  for (const std::string& path :
       {list, znodes::client_list(action.service_code),
        znodes::claim(context.desired.deployment, action.service_code),
        znodes::rollout(context.desired.deployment, action.service_code)}) {
    const Result<bool> there = co_await exists((*lock)->reader(), path);
    if (!there) {
      co_return there.error();
    }
    if (*there) {
      changes.push_back(remove(path));
    }
  }
  if (changes.empty()) {
    co_return Result<void>();
  }
  auto committed = co_await (*lock)->commit(std::move(changes));
  co_return committed;
}

Awaitable<Result<void>> record_applied(ApplyContext& context, DeploymentLock& lock) {
  const std::string path = znodes::applied(context.desired.deployment);
  AppliedRecord record{context.revision + 1,
                       context.desired.digest,
                       context.world.clock.timestamp(),
                       context.holder,
                       {}};
  for (const DesiredCloud& cloud : context.desired.clouds) {
    if (cloud.protect) {
      record.protected_clouds.insert(cloud.service_code);
    }
  }
  const std::string data = write_applied(record);
  const Result<bool> there = co_await exists(lock.reader(), path);
  if (!there) {
    co_return there.error();
  }
  std::vector<ZnodeChange> changes;
  if (*there) {
    changes.push_back({ZnodeChange::Kind::set, path, data, -1});
  } else {
    changes.push_back(create(path, data));
  }
  auto committed = co_await lock.commit(std::move(changes));
  co_return committed;
}

}  // namespace arcform
