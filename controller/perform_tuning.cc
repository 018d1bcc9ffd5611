// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "controller/observe.h"
#include "controller/perform.h"
#include "model/follow_ensemble.h"

namespace arcform {
namespace {

std::string command_for(const Tuning& change, AdminProtocol admin) {
  if (admin == AdminProtocol::cache_memlimit) {
    return fmt::format("cache_memlimit {}", change.after);
  }
  const SettingInfo& info = info_of(change.setting);
  const std::string value = change.setting == NodeSetting::zk_failstop
                                ? (change.after != 0 ? "on" : "off")
                                : fmt::to_string(change.after);
  return fmt::format("config {} {}", info.key, value);
}

/// Why the server may have refused, as far as its bounds of the moment are known (arcus-memcached
/// 1.15.0: slabs.c:do_slabs_set_memlimit, memcached.c:process_maxconns_command,
/// default_engine.c:default_set_config).
const char* hint_for(NodeSetting setting) {
  switch (setting) {
    case NodeSetting::memlimit:
      return "it must be a tenth more than the memory in use, which only a restart gives back";
    case NodeSetting::connections:
      return "it must leave room for the clients that are connected";
    case NodeSetting::sticky_limit:
      return "it must be no more than memlimit and no less than what sticky items use";
    case NodeSetting::hb_timeout:
    case NodeSetting::hb_failstop:
      return "the heartbeat's timeout must not be more than its failstop";
    case NodeSetting::verbosity:
    case NodeSetting::max_list_size:
    case NodeSetting::max_set_size:
    case NodeSetting::max_map_size:
    case NodeSetting::max_btree_size:
    case NodeSetting::max_element_bytes:
    case NodeSetting::scrub_count:
    case NodeSetting::max_stats_prefixes:
    case NodeSetting::zk_failstop:
      return "its server has other bounds";
  }
  return "";
}

Awaitable<Result<void>> change_one(ApplyContext& context, const TuneNode& action, Tuning change) {
  Host& host = context.host(action.host);
  if (change.setting == NodeSetting::connections && change.after > change.before) {
    // A server starts with room for few connections more than it was told.
    const Result<void> raised =
        co_await host.raise_open_files(*action.process, change.after + kSpareDescriptors);
    if (!raised) {
      co_return raised.error();
    }
  }
  const std::string command = command_for(change, action.admin);
  const Result<std::string> reply =
      co_await host.tell(action.node.port, command + "\r\n", "\r\n", context.patience.answer);
  if (!reply) {
    co_return reply.error();
  }
  if (!reply->starts_with("END") && !reply->starts_with("OK")) {
    const std::string said = reply->substr(0, reply->find_first_of("\r\n"));
    co_return Error{ErrorCode::failed_precondition,
                    fmt::format("{} refused \"{}\": {}; {}", action.node.text(), command,
                                printable(said, 120), hint_for(change.setting))};
  }
  co_return Result<void>();
}

/// What the node says of itself afterwards.
Awaitable<Result<void>> check_changed(ApplyContext& context, const TuneNode& action) {
  const Observation<NodeAnswer> answer =
      co_await ask_node(context.host(action.host), action.node.port, context.patience.answer);
  if (!answer.is_present()) {
    co_return Error{ErrorCode::unavailable,
                    fmt::format("{} does not say what it has now: {}", action.node.text(),
                                answer.is_unknown() ? answer.why() : "no reply")};
  }
  for (const Tuning& change : action.changes) {
    const auto now = answer.value().settings.get(change.setting);
    if (now != change.after) {
      co_return Error{ErrorCode::failed_precondition,
                      fmt::format("{} took {} {}, and has {} all the same", action.node.text(),
                                  info_of(change.setting).label, change.after,
                                  now ? fmt::to_string(*now) : "nothing to say of it")};
    }
  }
  const std::string known = text_of(answer.value().servers);
  if (action.servers && known != action.servers->after) {
    co_return Error{
        ErrorCode::failed_precondition,
        fmt::format("{} took the servers {}, and goes by {} all the same", action.node.text(),
                    action.servers->after, known.empty() ? "nobody knows which" : known)};
  }
  co_return Result<void>();
}

/// It connects to one of them without losing its session (arcus-memcached 1.15.0,
/// arcus_zk.c:arcus_zk_set_ensemble), and forgets the list when it ends.
Awaitable<Result<void>> tell_servers(ApplyContext& context, const TuneNode& action) {
  Host& host = context.host(action.host);
  const std::string command = "zkensemble set " + action.servers->after;
  const Result<std::string> reply =
      co_await host.tell(action.node.port, command + "\r\n", "\r\n", context.patience.answer);
  if (!reply) {
    co_return reply.error();
  }
  if (!reply->starts_with("OK")) {
    const std::string said = reply->substr(0, reply->find_first_of("\r\n"));
    co_return Error{ErrorCode::failed_precondition,
                    fmt::format("{} refused \"{}\": {}; its log says why", action.node.text(),
                                command, printable(said, 120))};
  }
  co_return Result<void>();
}

}  // namespace

Awaitable<Result<void>> perform_action(ApplyContext& context, const TuneNode& action) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  const Result<bool> alive = co_await context.host(action.host).is_alive(*action.process);
  if (!alive) {
    co_return alive.error();
  }
  if (!*alive) {
    co_return Error{ErrorCode::aborted,
                    fmt::format("pid {} on {} has ended in the meantime; plan again",
                                action.process->pid, action.host)};
  }
  for (const Tuning& change : action.changes) {
    const Result<void> changed = co_await change_one(context, action, change);
    if (!changed) {
      co_return changed.error();
    }
  }
  if (action.servers) {
    const Result<void> told = co_await tell_servers(context, action);
    if (!told) {
      co_return told.error();
    }
  }
  auto checked = co_await check_changed(context, action);
  co_return checked;
}

}  // namespace arcform
