// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "controller/observe.h"
#include "controller/perform.h"
#include "controller/read_tree.h"
#include "model/node_arguments.h"
#include "model/znodes.h"

namespace arcform {

Awaitable<Result<std::string>> find_join(ZnodeReader& reader, std::string service_code,
                                         Endpoint node) {
  const auto children = co_await reader.children(znodes::cache_list(service_code));
  if (!children) {
    co_return children.error();
  }
  if (*children) {
    for (const std::string& child : **children) {
      if (znodes::joined_endpoint(child) == node) {
        co_return child;
      }
    }
  }
  co_return std::string();
}

Awaitable<Result<std::optional<ObservedJoin>>> find_life(ZnodeReader& reader,
                                                         std::string service_code, Endpoint node) {
  const Result<std::string> child = co_await find_join(reader, service_code, node);
  if (!child) {
    co_return child.error();
  }
  if (child->empty()) {
    co_return std::optional<ObservedJoin>();
  }
  const auto found = co_await reader.read(znodes::joined(service_code, *child));
  if (!found) {
    co_return found.error();
  }
  if (!*found || (*found)->ephemeral_owner == 0) {
    co_return std::optional<ObservedJoin>();
  }
  co_return std::optional(ObservedJoin{*child, node, (*found)->ephemeral_owner, (*found)->czxid});
}

namespace {

/// Removes the ephemeral of a process that its host proves dead: only this incarnation.
Awaitable<Result<void>> remove_stale(ApplyContext& context, std::string host_name,
                                     std::string service_code, ObservedJoin stale,
                                     ProcessIdentity dead) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  const std::string path = znodes::joined(service_code, stale.name);
  const Result<bool> alive = co_await context.host(host_name).is_alive(dead);
  if (!alive) {
    co_return alive.error();
  }
  if (*alive) {
    co_return Error{ErrorCode::aborted,
                    fmt::format("{}: pid {} on {} lives; the znode of a live node is never removed",
                                path, dead.pid, host_name)};
  }
  const auto found = co_await (*lock)->reader().read(path);
  if (!found) {
    co_return found.error();
  }
  if (!*found) {
    co_return Result<void>();
  }
  if ((*found)->ephemeral_owner != stale.owner || (*found)->czxid != stale.czxid) {
    co_return Error{ErrorCode::aborted, path + ": was made anew in the meantime; plan again"};
  }
  std::vector<ZnodeChange> changes;
  changes.push_back({ZnodeChange::Kind::remove, path, "", (*found)->version});
  const Result<void> removed = co_await (*lock)->commit(std::move(changes));
  if (!removed && removed.error().code != ErrorCode::not_found) {
    co_return removed.error();
  }
  co_return Result<void>();
}

/// The mapping names this cloud and nothing else, and no ephemeral of the node stands.
Awaitable<Result<void>> check_ready_to_start(ZnodeReader& reader, StartNode action) {
  const auto codes = co_await reader.children(znodes::mapping_key(action.node));
  if (!codes) {
    co_return codes.error();
  }
  const std::vector<std::string> wanted{action.service_code};
  if (!*codes || **codes != wanted) {
    co_return Error{ErrorCode::aborted, znodes::mapping_key(action.node) +
                                            ": does not name just this cloud any more; plan again"};
  }
  const Result<std::string> child = co_await find_join(reader, action.service_code, action.node);
  if (!child) {
    co_return child.error();
  }
  if (!child->empty()) {
    co_return Error{ErrorCode::aborted,
                    znodes::joined(action.service_code, *child) +
                        ": stands already; a node started now would exit at once; plan again"};
  }
  co_return Result<void>();
}

Awaitable<Result<void>> ended_while_joining(ApplyContext& context, StartNode action, bool alive) {
  const std::string words =
      co_await last_words_of(context, action.host, node_slot(action.node.port));
  co_return Error{
      alive ? ErrorCode::deadline_exceeded : ErrorCode::failed_precondition,
      (alive ? "it runs, but has not joined its cloud in time" : "it exited at once") + words};
}

/// Waits until the ephemeral of the node stands. Looks at the process only when that takes long.
Awaitable<Result<void>> await_join(ApplyContext& context, ZnodeReader& reader, StartNode action,
                                   ProcessIdentity process) {
  Host& host = context.host(action.host);
  const Time begun = context.world.clock.now();
  const Time deadline =
      begun + std::chrono::seconds(action.config.session_timeout_s) + context.patience.join_margin;
  Time next_look = begun + std::chrono::milliseconds(300);
  std::chrono::milliseconds step{10};
  while (true) {
    const Result<std::string> child = co_await find_join(reader, action.service_code, action.node);
    if (!child) {
      co_return child.error();
    }
    if (!child->empty()) {
      co_return Result<void>();
    }
    const Time now = context.world.clock.now();
    if (now >= next_look) {
      const Result<bool> alive = co_await host.is_alive(process);
      if (!alive) {
        co_return alive.error();
      }
      if (!*alive || now >= deadline) {
        auto ended = co_await ended_while_joining(context, action, *alive);
        co_return ended;
      }
      next_look = now + std::chrono::seconds(1);
    }
    co_await context.pause(step);
  }
}

Awaitable<Result<void>> await_answer(ApplyContext& context, StartNode action) {
  Host& host = context.host(action.host);
  const Time deadline = context.world.clock.now() + std::chrono::seconds(10);
  std::chrono::milliseconds step{10};
  while (true) {
    const Observation<NodeAnswer> answer =
        co_await ask_node(host, action.node.port, context.patience.answer);
    if (answer.is_present()) {
      co_return Result<void>();
    }
    if (context.world.clock.now() >= deadline) {
      const std::string why = answer.is_unknown() ? answer.why() : "no reply to `version`";
      co_return Error{ErrorCode::deadline_exceeded,
                      fmt::format("it joined, but does not answer: {}", why)};
    }
    co_await context.pause(step);
  }
}

/// What stands of the node before it is stopped, so that exactly this can be removed afterwards if
/// the node leaves without a goodbye.
Awaitable<std::optional<ObservedJoin>> join_before_stop(ApplyContext& context, StopNode action) {
  ZnodeSession* const session = context.session.live();
  if (session == nullptr || action.service_code.empty()) {
    co_return std::nullopt;
  }
  const auto life = co_await find_life(*session, action.service_code, action.node);
  co_return life ? *life : std::nullopt;
}

/// Tells the node to end by itself, which lets what its clients have asked be answered: `shutdown`
/// of the Arcus server unregisters it and then waits up to 2 s for connections to go
/// (arcus-memcached 1.15.0, memcached.c:process_shutdown_command). Only a process that says that it
/// has the pid that is meant is told so. Returns how long to wait for that before SIGTERM.
Awaitable<std::chrono::milliseconds> ask_to_leave(ApplyContext& context, StopNode action) {
  constexpr std::chrono::milliseconds kNotAsked{0};
  Host& host = context.host(action.host);
  const Observation<NodeCounters> counters =
      co_await ask_counters(host, action.node.port, context.patience.answer);
  if (!counters.is_present() || counters.value().pid != action.process.pid) {
    co_return kNotAsked;
  }
  const Result<std::string> reply =
      co_await host.tell(action.node.port, "shutdown\r\n", "\r\n", context.patience.answer);
  const bool refused = reply && !reply->starts_with("OK");
  co_return refused ? kNotAsked : context.patience.node_drain;
}

/// A node that joined while it was being stopped leaves an ephemeral that was not judged before;
/// it goes when its session expires, and nothing else happens to the node before that.
Awaitable<Result<void>> await_left(ApplyContext& context, StopNode action) {
  ZnodeSession* const session = context.session.live();
  if (session == nullptr || action.service_code.empty()) {
    co_return Result<void>();
  }
  const Time deadline = context.world.clock.now() +
                        settle_time(context.desired, action.service_code) +
                        context.patience.join_margin;
  std::chrono::milliseconds step{10};
  while (true) {
    const Result<std::string> child =
        co_await find_join(*session, action.service_code, action.node);
    if (!child) {
      co_return child.error();
    }
    if (child->empty()) {
      co_return Result<void>();
    }
    if (context.world.clock.now() >= deadline) {
      co_return Error{ErrorCode::deadline_exceeded,
                      fmt::format("{}: still stands, although pid {} on {} is gone",
                                  znodes::joined(action.service_code, *child), action.process.pid,
                                  action.host)};
    }
    co_await context.pause(step);
  }
}

}  // namespace

Awaitable<Result<void>> perform_action(ApplyContext& context, const StartNode& action) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  if (action.stale && action.dead) {
    const Result<void> removed = co_await remove_stale(context, action.host, action.service_code,
                                                       *action.stale, *action.dead);
    if (!removed) {
      co_return removed.error();
    }
  }
  ZnodeReader& reader = (*lock)->reader();
  const Result<void> ready = co_await check_ready_to_start(reader, action);
  if (!ready) {
    co_return ready.error();
  }
  Host& host = context.host(action.host);
  StartRequest request;
  request.slot = node_slot(action.node.port);
  const Launch launch = launch_on(context, action.host, context.plan->launches[action.launch]);
  request.argv = node_arguments(launch, action.node, action.config);
  request.digest = node_digest(launch.prefix, action.config);
  request.open_files = action.config.connections + kSpareDescriptors;
  request.port = action.node.port;
  const Result<ProcessIdentity> process = co_await host.start(std::move(request));
  if (!process) {
    co_return process.error();
  }
  const Result<void> joined = co_await await_join(context, reader, action, *process);
  if (!joined) {
    co_return joined.error();
  }
  auto answers = co_await await_answer(context, action);
  co_return answers;
}

namespace {

/// It has left because of us: no change of the servers in a later round misses it.
void expect_no_more(ApplyContext& context, const StopNode& action) {
  const auto found = context.joined_before.find(action.service_code);
  if (found != context.joined_before.end()) {
    std::erase_if(found->second, [&action](const std::string& name) {
      return znodes::joined_endpoint(name) == action.node;
    });
  }
}

}  // namespace

Awaitable<Result<void>> perform_action(ApplyContext& context, const StopNode& action) {
  if (context.session.live() != nullptr) {
    const auto lock = co_await context.locked();
    if (!lock) {
      co_return lock.error();
    }
  }
  const std::optional<ObservedJoin> before = co_await join_before_stop(context, action);
  Host& host = context.host(action.host);
  if (before) {  // Whose it is: a process that is gone already may have a successor.
    const Result<bool> alive = co_await host.is_alive(action.process);
    if (!alive) {
      co_return alive.error();
    }
    if (!*alive) {
      co_return Error{
          ErrorCode::aborted,
          fmt::format("pid {} on {} has ended in the meantime, and {} stands; plan again",
                      action.process.pid, action.host,
                      znodes::joined(action.service_code, before->name))};
    }
  }
  const std::chrono::milliseconds drain = co_await ask_to_leave(context, action);
  StopRequest request{node_slot(action.node.port), action.process, context.patience.node_stop,
                      drain};
  const Result<StopOutcome> stopped = co_await host.stop(std::move(request));
  if (!stopped) {
    co_return stopped.error();
  }
  if (before) {
    const Result<void> removed =
        co_await remove_stale(context, action.host, action.service_code, *before, action.process);
    if (!removed) {
      co_return removed.error();
    }
  }
  const Result<void> left = co_await await_left(context, action);
  if (!left) {
    co_return left.error();
  }
  expect_no_more(context, action);
  if (action.forget) {
    auto forgotten = co_await host.forget(node_slot(action.node.port));
    co_return forgotten;
  }
  co_return Result<void>();
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const RestartNode& action) {
  const auto lock = co_await context.locked();
  if (!lock) {
    co_return lock.error();
  }
  if (action.paused) {
    const Result<std::string> child =
        co_await find_join((*lock)->reader(), action.start->service_code, action.start->node);
    if (!child) {
      co_return child.error();
    }
    if (!child->empty()) {
      co_return Error{ErrorCode::aborted, "it has joined in the meantime; plan again"};
    }
  }
  const Result<void> stopped = co_await perform_action(context, *action.stop);
  if (!stopped) {
    co_return stopped.error();
  }
  if (action.move_mapping) {
    const Result<void> moved = co_await perform_action(context, *action.move_mapping);
    if (!moved) {
      co_return moved.error();
    }
  }
  auto started = co_await perform_action(context, *action.start);
  co_return started;
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const ForgetNode& action) {
  if (action.stale && action.dead) {
    const Result<void> removed = co_await remove_stale(context, action.host, action.service_code,
                                                       *action.stale, *action.dead);
    if (!removed) {
      co_return removed.error();
    }
  }
  Host& host = context.host(action.host);
  auto forgotten = co_await host.forget(node_slot(action.node.port));
  co_return forgotten;
}

}  // namespace arcform
