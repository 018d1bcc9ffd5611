// SPDX-License-Identifier: Apache-2.0
#include "controller/read_tree.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <tuple>

#include "controller/pauses.h"
#include "drivers/task_group.h"
#include "model/znodes.h"
#include "specs/records.h"

namespace arcform {
namespace {

using Children = std::optional<std::vector<std::string>>;

/// One reading of the tree while its parts are under way. The first error ends up in `error`.
struct Reading {
  ZnodeReader& reader;
  const DesiredState& desired;
  TreeFacts facts;
  std::optional<Error> error;
  std::set<std::string> recorded_hosts{};  ///< of the spec, with a record

  void fail(const Error& what) {
    if (!error) {
      error = what;
    }
  }
};

/// The znode's children, or nullopt when it is missing or the reading has failed.
Awaitable<Children> children(Reading& reading, std::string path) {
  auto result = co_await reading.reader.children(path);
  if (!result) {
    reading.fail(result.error());
    co_return std::nullopt;
  }
  co_return std::move(*result);
}

Awaitable<std::optional<Znode>> znode(Reading& reading, std::string path) {
  auto result = co_await reading.reader.read(path);
  if (!result) {
    reading.fail(result.error());
    co_return std::nullopt;
  }
  co_return std::move(*result);
}

Awaitable<void> read_join(Reading& reading, std::string path, ObservedJoin& join) {
  const auto found = co_await znode(reading, std::move(path));
  if (found) {
    join.owner = found->ephemeral_owner;
    join.czxid = found->czxid;
  } else {
    join.name.clear();  // It left while we were reading.
  }
}

/// Children of one cloud's cache_list with their owners, sorted as ObservedCloud wants them.
Awaitable<void> read_members(asio::io_context& loop, Reading& reading, std::string service_code,
                             std::vector<std::string> names, std::vector<ObservedJoin>& joined) {
  joined.resize(names.size());
  TaskGroup tasks(loop);
  for (std::size_t i = 0; i < names.size(); ++i) {
    joined[i].name = names[i];
    joined[i].endpoint = znodes::joined_endpoint(names[i]);
    tasks.spawn(read_join(reading, znodes::joined(service_code, names[i]), joined[i]));
  }
  co_await tasks.join();
  std::erase_if(joined, [](const ObservedJoin& join) { return join.name.empty(); });
  std::sort(joined.begin(), joined.end(), [](const ObservedJoin& a, const ObservedJoin& b) {
    return std::tie(a.endpoint, a.name) < std::tie(b.endpoint, b.name);
  });
}

/// The deployment of somebody else that claims the cloud. Asked only for clouds that stand and are
/// not ours, which is rare.
Awaitable<void> read_claimant(Reading& reading, std::string service_code, ObservedCloud& cloud) {
  const Children deployments = co_await children(reading, std::string(znodes::kArcform));
  for (const std::string& name : deployments.value_or(std::vector<std::string>{})) {
    if (name == reading.desired.deployment || !is_deployment_name(name)) {
      continue;
    }
    const auto claim = co_await znode(reading, znodes::claim(name, service_code));
    if (claim) {
      cloud.claimed_by = name;
      co_return;
    }
  }
}

Awaitable<void> read_claimants(asio::io_context& loop, Reading& reading) {
  TaskGroup tasks(loop);
  for (auto& [code, cloud] : reading.facts.clouds) {
    if (cloud.cache_list && !cloud.claimed) {
      tasks.spawn(read_claimant(reading, code, cloud));
    }
  }
  co_await tasks.join();
}

Awaitable<void> read_clients(Reading& reading, std::string service_code, ObservedCloud& cloud) {
  const Children clients = co_await children(reading, znodes::client_list(service_code));
  cloud.client_list = clients.has_value();
  cloud.clients = clients ? static_cast<std::uint32_t>(clients->size()) : 0;
}

Awaitable<void> read_cache_list(asio::io_context& loop, Reading& reading, std::string service_code,
                                ObservedCloud& cloud) {
  const Children members = co_await children(reading, znodes::cache_list(service_code));
  cloud.cache_list = members.has_value();
  if (members) {
    co_await read_members(loop, reading, service_code, *members, cloud.joined);
  }
}

Awaitable<void> read_cloud(asio::io_context& loop, Reading& reading, std::string service_code) {
  ObservedCloud& cloud = reading.facts.clouds[service_code];
  TaskGroup tasks(loop);
  tasks.spawn(read_clients(reading, service_code, cloud));
  tasks.spawn(read_cache_list(loop, reading, service_code, cloud));
  co_await tasks.join();
}

Awaitable<void> read_mapping(Reading& reading, Endpoint node, ObservedMapping& mapping) {
  const Children codes = co_await children(reading, znodes::mapping_key(node));
  mapping.node = node;
  mapping.service_codes = codes.value_or(std::vector<std::string>{});
}

Awaitable<void> read_mappings(asio::io_context& loop, Reading& reading) {
  const Children keys = co_await children(reading, std::string(znodes::kMapping));
  std::vector<Endpoint> nodes;
  for (const std::string& key : keys.value_or(std::vector<std::string>{})) {
    if (const auto node = Endpoint::parse(key)) {
      nodes.push_back(*node);
    } else {
      reading.facts.unusual_mappings.push_back(key);
    }
  }
  std::sort(nodes.begin(), nodes.end());
  reading.facts.mappings.resize(nodes.size());
  TaskGroup tasks(loop);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    tasks.spawn(read_mapping(reading, nodes[i], reading.facts.mappings[i]));
  }
  co_await tasks.join();
}

Awaitable<void> read_host_record(Reading& reading, std::string name) {
  const auto found = co_await znode(reading, znodes::host(reading.desired.deployment, name));
  const auto record = found ? read_host(found->data) : std::nullopt;
  if (record && record->name == name) {
    reading.facts.record.hosts[name] = *record;
  }
}

/// Records of hosts that the spec does not name say how to reach them.
Awaitable<void> read_host_records(asio::io_context& loop, Reading& reading) {
  const Children names = co_await children(reading, znodes::hosts(reading.desired.deployment));
  TaskGroup tasks(loop);
  for (const std::string& name : names.value_or(std::vector<std::string>{})) {
    if (is_host_name(name) && reading.desired.host(name) == nullptr) {
      tasks.spawn(read_host_record(reading, name));
    } else if (is_host_name(name)) {
      reading.recorded_hosts.insert(name);
    }
  }
  co_await tasks.join();
}

/// Whether a mapping of ours names an address that no host is known to have.
bool has_lost_mapping(const Reading& reading) {
  const DeploymentRecord& record = reading.facts.record;
  std::set<std::optional<std::uint32_t>> addresses;
  for (const DesiredHost& host : reading.desired.hosts) {
    addresses.insert(parse_ipv4(host.address));
  }
  for (const auto& [name, host] : record.hosts) {
    addresses.insert(parse_ipv4(host.address));
  }
  const auto& mappings = reading.facts.mappings;
  return std::any_of(mappings.begin(), mappings.end(), [&](const ObservedMapping& mapping) {
    const auto& codes = mapping.service_codes;
    return !addresses.contains(mapping.node.ip) &&
           std::any_of(codes.begin(), codes.end(),
                       [&](const std::string& code) { return record.claims.contains(code); });
  });
}

/// The spec's hosts are reached as it says. Their records tell which of them has had another
/// address before.
Awaitable<void> read_former_addresses(asio::io_context& loop, Reading& reading) {
  TaskGroup tasks(loop);
  if (!reading.recorded_hosts.empty() && has_lost_mapping(reading)) {
    for (const std::string& host : reading.recorded_hosts) {
      tasks.spawn(read_host_record(reading, host));
    }
  }
  co_await tasks.join();
}

Awaitable<void> read_epoch(Reading& reading) {
  const auto found = co_await znode(reading, znodes::epoch(reading.desired.deployment));
  reading.facts.record.epoch_version = found ? found->version : -1;
  reading.facts.record.epoch_czxid = found ? found->czxid : 0;
}

Awaitable<void> read_lock_holder(Reading& reading) {
  const auto found = co_await znode(reading, znodes::lock(reading.desired.deployment));
  const auto record = found ? read_lock(found->data) : std::nullopt;
  if (found) {
    reading.facts.record.lock_holder = record ? record->holder : "somebody (unreadable record)";
    reading.facts.record.lock_since = record ? record->since : "";
  }
}

Awaitable<void> read_what_is_paused(Reading& reading) {
  auto pauses = co_await read_pauses(reading.reader, reading.desired.deployment);
  if (!pauses) {
    reading.fail(pauses.error());
    co_return;
  }
  reading.facts.record.pauses = std::move(*pauses);
}

Awaitable<void> read_last_applied(Reading& reading) {
  const auto found = co_await znode(reading, znodes::applied(reading.desired.deployment));
  if (const auto record = found ? read_applied(found->data) : std::nullopt) {
    DeploymentRecord& out = reading.facts.record;
    out.revision = record->revision;
    out.spec_digest = record->spec_digest;
    out.at = record->at;
    out.by = record->by;
    out.protected_clouds = record->protected_clouds;
  }
}

Awaitable<void> read_claims(Reading& reading) {
  const Children claims = co_await children(reading, znodes::claims(reading.desired.deployment));
  for (const std::string& code : claims.value_or(std::vector<std::string>{})) {
    reading.facts.record.claims.insert(code);
  }
}

/// Those of the spec beside the claims, those that only the claims name behind them.
Awaitable<void> read_clouds(asio::io_context& loop, Reading& reading) {
  std::map<std::string, ObservedCloud>& clouds = reading.facts.clouds;
  TaskGroup tasks(loop);
  tasks.spawn(read_claims(reading));
  for (const DesiredCloud& cloud : reading.desired.clouds) {
    if (clouds.try_emplace(cloud.service_code).second) {
      tasks.spawn(read_cloud(loop, reading, cloud.service_code));
    }
  }
  co_await tasks.join();
  TaskGroup others(loop);
  for (const std::string& code : reading.facts.record.claims) {
    if (clouds.try_emplace(code).second) {
      others.spawn(read_cloud(loop, reading, code));
    }
    clouds[code].claimed = true;
  }
  co_await others.join();
  co_await read_claimants(loop, reading);
}

Awaitable<void> read_service_codes(Reading& reading, bool& there) {
  const Children codes = co_await children(reading, std::string(znodes::kCacheList));
  there = codes.has_value();
  reading.facts.service_codes = codes.value_or(std::vector<std::string>{});
}

Awaitable<void> look_for(Reading& reading, std::string_view path, bool& there) {
  const auto found = co_await znode(reading, std::string(path));
  there = found.has_value();
}

Awaitable<void> read_roots(asio::io_context& loop, Reading& reading) {
  bool cache_list = false;
  bool client_list = false;
  bool mapping = false;
  TaskGroup tasks(loop);
  tasks.spawn(read_service_codes(reading, cache_list));
  tasks.spawn(look_for(reading, znodes::kClientList, client_list));
  tasks.spawn(look_for(reading, znodes::kMapping, mapping));
  tasks.spawn(look_for(reading, znodes::kServerLog, reading.facts.server_log));
  co_await tasks.join();
  reading.facts.arcus_tree = cache_list && client_list && mapping;
}

}  // namespace

Awaitable<Result<TreeFacts>> read_tree(asio::io_context& loop, ZnodeReader& reader,
                                       const DesiredState& desired) {
  Reading reading{reader, desired, {}, std::nullopt};
  reading.facts.session_timeout_ms = static_cast<std::int32_t>(reader.session_timeout().count());
  const auto synced = co_await reader.sync();
  if (!synced) {
    co_return synced.error();
  }
  TaskGroup tasks(loop);
  tasks.spawn(read_roots(loop, reading));
  tasks.spawn(read_epoch(reading));
  tasks.spawn(read_lock_holder(reading));
  tasks.spawn(read_last_applied(reading));
  tasks.spawn(read_what_is_paused(reading));
  tasks.spawn(read_clouds(loop, reading));
  tasks.spawn(read_mappings(loop, reading));
  tasks.spawn(read_host_records(loop, reading));
  co_await tasks.join();
  co_await read_former_addresses(loop, reading);
  if (reading.error) {
    co_return *reading.error;
  }
  co_return std::move(reading.facts);
}

Awaitable<Result<TreeFacts>> read_every_cloud(asio::io_context& loop, ZnodeReader& reader) {
  const DesiredState nothing;
  Reading reading{reader, nothing, {}, std::nullopt};
  const auto synced = co_await reader.sync();
  if (!synced) {
    co_return synced.error();
  }
  co_await read_roots(loop, reading);
  TaskGroup tasks(loop);
  tasks.spawn(read_mappings(loop, reading));
  for (const std::string& code : reading.facts.service_codes) {
    tasks.spawn(read_cloud(loop, reading, code));
  }
  co_await tasks.join();
  co_await read_claimants(loop, reading);
  if (reading.error) {
    co_return *reading.error;
  }
  co_return std::move(reading.facts);
}

Awaitable<Result<std::optional<std::vector<ObservedJoin>>>> read_joins(asio::io_context& loop,
                                                                       ZnodeReader& reader,
                                                                       std::string service_code) {
  const DesiredState nothing;
  Reading reading{reader, nothing, {}, std::nullopt};
  const Children names = co_await children(reading, znodes::cache_list(service_code));
  std::vector<ObservedJoin> joined;
  if (names) {
    co_await read_members(loop, reading, service_code, *names, joined);
  }
  if (reading.error) {
    co_return *reading.error;
  }
  if (!names) {
    co_return std::optional<std::vector<ObservedJoin>>();
  }
  co_return std::optional<std::vector<ObservedJoin>>(std::move(joined));
}

}  // namespace arcform
