// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "controller/observe.h"
#include "controller/perform.h"
#include "model/answers.h"
#include "model/znodes.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

/// Refuses a cloud that another deployment has claimed since it was looked at.
Awaitable<Result<void>> check_unclaimed(ZnodeReader& reader, std::string own, std::string code) {
  const auto deployments = co_await reader.children(std::string(znodes::kArcform));
  if (!deployments) {
    co_return deployments.error();
  }
  if (!*deployments) {
    co_return Result<void>();
  }
  for (const std::string& name : **deployments) {
    if (name == own || !is_deployment_name(name)) {
      continue;
    }
    const std::string claim = znodes::claim(name, code);
    const Result<bool> claimed = co_await exists(reader, claim);
    if (!claimed) {
      co_return claimed.error();
    }
    if (*claimed) {
      co_return Error{ErrorCode::aborted,
                      claim + ": another deployment owns the cloud by now; plan again"};
    }
  }
  co_return Result<void>();
}

/// The cloud stands, and nobody has joined whom the plan did not tell of.
Awaitable<Result<void>> check_members(ZnodeReader& reader, std::string code,
                                      std::vector<Endpoint> expected) {
  const std::string list = znodes::cache_list(code);
  const auto members = co_await reader.children(list);
  if (!members) {
    co_return members.error();
  }
  if (!*members) {
    co_return Error{ErrorCode::aborted, list + ": is gone by now; plan again"};
  }
  for (const std::string& child : **members) {
    const auto node = znodes::joined_endpoint(child);
    if (node && !std::binary_search(expected.begin(), expected.end(), *node)) {
      co_return Error{ErrorCode::aborted, fmt::format("{}/{}: has joined in the meantime; plan "
                                                      "again",
                                                      list, printable(child, 200))};
    }
  }
  co_return Result<void>();
}

/// The ephemeral of the node stands in the cloud. The pid of who answers on its port: it must be
/// the process that is adopted, not one behind another network namespace.
Awaitable<Result<std::uint32_t>> check_node(ApplyContext& context, ZnodeReader& reader,
                                            AdoptNode action) {
  const std::string list = znodes::cache_list(action.service_code);
  const auto members = co_await reader.children(list);
  if (!members) {
    co_return members.error();
  }
  const bool joined =
      *members && std::any_of((*members)->begin(), (*members)->end(), [&](const auto& child) {
        return znodes::joined_endpoint(child) == action.node;
      });
  if (!joined) {
    co_return Error{
        ErrorCode::aborted,
        fmt::format("{}: {} does not stand in it any more; plan again", list, action.node.text())};
  }
  Host& host = context.host(action.host);
  const Result<std::string> stats =
      co_await host.ask(action.node.port, "stats\r\n", "END\r\n", context.patience.answer);
  if (!stats) {
    co_return stats.error();
  }
  const auto pid = parse_stats_pid(*stats);
  if (!pid) {
    co_return Error{ErrorCode::aborted, fmt::format("port {} on {} does not say whose it is",
                                                    action.node.port, action.host)};
  }
  co_return *pid;
}

}  // namespace

Awaitable<Result<void>> perform_action(ApplyContext& context, const AdoptCloud& action) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  ZnodeReader& reader = (*lock)->reader();
  const std::string claim = znodes::claim(context.desired.deployment, action.service_code);
  const Result<bool> claimed = co_await exists(reader, claim);
  if (!claimed) {
    co_return claimed.error();
  }
  if (*claimed) {
    co_return Result<void>();
  }
  const Result<void> unclaimed =
      co_await check_unclaimed(reader, context.desired.deployment, action.service_code);
  if (!unclaimed) {
    co_return unclaimed.error();
  }
  const Result<void> known = co_await check_members(reader, action.service_code, action.nodes);
  if (!known) {
    co_return known.error();
  }
  for (const HostRecord& record : action.hosts) {
    const Result<void> written = co_await write_host_record(**lock, context.desired, record);
    if (!written) {
      co_return written.error();
    }
  }
  std::vector<ZnodeChange> changes;
  changes.push_back({ZnodeChange::Kind::create, claim, "", -1});
  auto committed = co_await (*lock)->commit(std::move(changes));
  co_return committed;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const AdoptNode& action) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  const Result<std::uint32_t> answering = co_await check_node(context, (*lock)->reader(), action);
  if (!answering) {
    co_return answering.error();
  }
  AdoptRequest request{node_slot(action.node.port), action.running->identity,
                       action.running->argv.words(), "", *answering};
  auto adopted = co_await context.host(action.host).adopt(std::move(request));
  co_return adopted;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const AdoptServer& action) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  Host& host = context.host(action.host);
  std::vector<FileWrite> files;
  const std::string id_file = action.data_directory + "/myid";
  const auto myid = co_await host.read_file(id_file);
  if (!myid) {
    co_return myid.error();
  }
  if (!*myid) {  // A standalone server needs none, the next start as a member of a quorum does.
    files.push_back({id_file, fmt::to_string(action.id) + "\n", 0644});
  }
  files.push_back({server_slot(action.id) + "/zoo.cfg", action.config, 0644});
  const Result<void> written = co_await host.write_files(std::move(files));
  if (!written) {
    co_return written.error();
  }
  AdoptRequest request{server_slot(action.id), action.running->identity,
                       action.running->argv.words(), zoo_digest(action.config), 0};
  auto adopted = co_await host.adopt(std::move(request));
  co_return adopted;
}

}  // namespace arcform
