// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/cloud_work.h"
#include "model/compare_settings.h"
#include "model/diff_parts.h"
#include "model/follow_ensemble.h"
#include "model/node_arguments.h"

namespace arcform {
namespace {

bool can_start(const Drift& drift, const CloudWork& work, const PlanBuilder& builder) {
  return !builder.is_missing(drift.host, work.cloud->package);
}

StartNode start_action(const Drift& drift, const CloudWork& work, PlanBuilder& builder) {
  const DesiredNode& node = node_of(work, drift.node);
  StartNode start;
  start.host = drift.host;
  start.node = drift.node;
  start.service_code = drift.cloud;
  start.config = node.config;
  start.launch =
      builder.launch(*builder.host(drift.host), *builder.desired.package(work.cloud->package));
  return start;
}

StopNode stop_action(const Drift& drift, const ProcessIdentity& process, bool forget) {
  StopNode stop;
  stop.host = drift.host;
  stop.node = drift.node;
  stop.service_code = drift.cloud;
  stop.process = process;
  stop.forget = forget;
  return stop;
}

const ProcessIdentity& identity_of(const Drift& drift, PlanBuilder& builder) {
  return *builder.host(drift.host)->slot(node_slot(drift.node.port))->identity;
}

/// Its ephemeral stands in its cloud, whatever else is known of it.
bool has_joined(const Drift& drift, const PlanBuilder& builder) {
  const ObservedCloud* const cloud =
      witnesses_of(builder.observed, drift.host, drift.node, drift.cloud).cloud;
  if (cloud == nullptr) {
    return false;
  }
  const auto found = std::lower_bound(
      cloud->joined.begin(), cloud->joined.end(), drift.node,
      [](const ObservedJoin& join, Endpoint wanted) { return join.endpoint < wanted; });
  return found != cloud->joined.end() && found->endpoint == drift.node;
}

/// Of the `max_unavailable` nodes that may be down at once, nodes that have not joined and that
/// nobody can see take up places. One is left all the same: a host that is gone for good does not
/// stop a rollout, and a node that is down because of us does so when the steps are run.
std::size_t width_of(const std::vector<const Drift*>& drift, const CloudWork& work,
                     const PlanBuilder& builder) {
  const std::size_t most = std::max(1U, work.cloud->rollout.max_unavailable);
  const auto lost = static_cast<std::size_t>(
      std::count_if(drift.begin(), drift.end(), [&builder](const Drift* item) {
        return item->kind == DriftKind::node_unknown && !has_joined(*item, builder);
      }));
  return most - std::min(most - 1, lost);
}

/// After what a step of the chain must come: the repairs, and the step that frees its place among
/// the nodes that may be down at once.
std::vector<StepId> chain_after(const CloudWork& work) {
  if (work.chain.size() >= work.width) {
    return {work.chain[work.chain.size() - work.width]};  // Which has waited for the repairs.
  }
  std::vector<StepId> after = work.repairs;
  if (work.registered) {
    after.push_back(*work.registered);
  }
  return after;
}
std::vector<StepId> start_after(const Drift& drift, const CloudWork& work,
                                const PlanBuilder& builder) {
  std::vector<StepId> after;
  if (work.mapped && work.to_map.contains(drift.node)) {
    after.push_back(*work.mapped);
  } else if (work.registered || builder.tree_ready) {
    after.push_back(work.registered ? *work.registered : *builder.tree_ready);
  }
  return after;
}

/// The server raises its soft limit to its connections and some more, and exits where the hard one
/// is lower.
bool has_descriptors(const Drift& drift, const NodeConfig& config, PlanBuilder& builder) {
  const std::uint64_t needed = config.connections + kSpareDescriptors;
  const std::uint64_t limit = builder.host(drift.host)->open_files_hard;
  if (limit >= needed) {
    return true;
  }
  builder.hold(Hold::guard, node_subject(drift),
               fmt::format("{} connections need {} open files, and the hard limit there is {}; "
                           "raise it (limits.conf), or lower \"connections\"",
                           config.connections, needed, limit),
               drift.at);
  return false;
}

void plan_start(const Drift& drift, CloudWork& work, PlanBuilder& builder) {
  if (!can_start(drift, work, builder) ||
      !has_descriptors(drift, node_of(work, drift.node).config, builder)) {
    return;
  }
  if (const std::string stray = builder.stray_cloud(drift.node); !stray.empty()) {
    builder.hold(Hold::waiting, node_subject(drift),
                 fmt::format("its old ephemeral znode still stands in cloud {}; it goes by itself "
                             "when its session expires",
                             printable(stray)),
                 drift.at);
    return;
  }
  StartNode start = start_action(drift, work, builder);
  const bool is_new = work.to_map.contains(drift.node);
  if (drift.kind == DriftKind::node_crashed) {
    const NodeJudgement judgement =
        judge(witnesses_of(builder.observed, drift.host, drift.node, drift.cloud), drift.node,
              start.config.session_timeout_s);
    // Only the identity of a process that was ours proves whose death it is.
    if (judgement.slot == nullptr || !judgement.slot->identity) {
      builder.hold(Hold::waiting, node_subject(drift),
                   fmt::format("{} stands without a process of ours; it goes by itself when its "
                               "session expires",
                               printable(judgement.join->name)),
                   drift.at);
      return;
    }
    start.stale = *judgement.join;
    start.dead = judgement.slot->identity;
  }
  std::vector<StepId> after = start_after(drift, work, builder);
  const bool joins_ring = is_new && work.in_use;
  if (joins_ring) {
    const std::vector<StepId> chained = chain_after(work);
    after.insert(after.end(), chained.begin(), chained.end());
  }
  const StepId id = builder.add(std::move(start), drift.detail, drift.at, after);
  builder.step(id).repair = !is_new;
  builder.step(id).settle = joins_ring;
  (joins_ring ? work.chain : work.repairs).push_back(id);
}

void plan_restart(const Drift& drift, CloudWork& work, PlanBuilder& builder) {
  if (!can_start(drift, work, builder) || builder.hold_stranger(drift) ||
      !has_descriptors(drift, node_of(work, drift.node).config, builder)) {
    return;
  }
  RestartNode restart;
  restart.stop = stop_action(drift, identity_of(drift, builder), false);
  restart.start = start_action(drift, work, builder);
  Reason reason = drift.detail;
  if (work.moving.contains(drift.node)) {
    const Drift& moved = *work.to_map.find(drift.node);
    restart.move_mapping =
        MapNodes{drift.cloud,
                 {{drift.node, restart.start->config, codes_to_remove(moved, builder)}},
                 {record_of(*builder.desired.host(drift.host))}};
    reason = fmt::format("mapped to {}", moved.detail);
    restart.stop->service_code = restart.move_mapping->nodes.front().remove.front();
  }
  if (const std::string stray = builder.stray_cloud(drift.node); !stray.empty()) {
    restart.stop->service_code = stray;
  }
  const std::string left = restart.stop->service_code;
  if (left != drift.cloud && !may_lose_nodes(left, builder)) {
    return;
  }
  const bool repair = drift.kind == DriftKind::node_paused && left == drift.cloud;
  restart.paused = repair;
  std::vector<StepId> after = repair ? start_after(drift, work, builder) : chain_after(work);
  if (work.mapped) {
    after.push_back(*work.mapped);
  }
  if (drift.kind == DriftKind::node_behind) {
    after.insert(after.end(), builder.members_after.begin(), builder.members_after.end());
  }
  if (left != drift.cloud) {  // It takes a node from that cloud too.
    const std::vector<StepId>& earlier = builder.ring_steps[left];
    after.insert(after.end(), earlier.begin(), earlier.end());
  }
  const StepId id = builder.add(std::move(restart), std::move(reason), drift.at, after);
  builder.step(id).repair = repair;
  builder.step(id).settle = !repair;
  (repair ? work.repairs : work.chain).push_back(id);
  if (left != drift.cloud) {
    builder.ring_steps[left] = {id};
  }
}

/// Tells a running node its new settings: nothing is lost, so nothing has to wait for it.
void plan_tune(const Drift& drift, const CloudWork& work, PlanBuilder& builder) {
  const NodeJudgement judgement =
      judge(witnesses_of(builder.observed, drift.host, drift.node, drift.cloud), drift.node, 0);
  const NodeConfig& wanted = node_of(work, drift.node).config;
  const auto running = parse_node_arguments(judgement.process->argv);
  const NodeAnswer& answer = builder.observed.nodes.at(drift.node).value();
  TuneNode tune{
      drift.host,   drift.node,
      drift.cloud,  identity_of(drift, builder),
      answer.admin, compare_settings(wanted, running ? running->config : wanted, &answer).tune};
  const bool more = std::any_of(tune.changes.begin(), tune.changes.end(), [](const Tuning& change) {
    return change.setting == NodeSetting::connections && change.after > change.before;
  });
  if (!more || has_descriptors(drift, wanted, builder)) {
    builder.add(std::move(tune), drift.detail, drift.at, {});
  }
}

/// What a node can be told while it runs of the servers that it should go by.
EnsembleDifference to_tell(const Drift& drift, const std::vector<Endpoint>& wanted,
                           const PlanBuilder& builder) {
  return compare_ensemble(wanted, "", builder.observed.nodes.at(drift.node).get());
}

void plan_tell(const Drift& drift, ServerList servers, PlanBuilder& builder) {
  TuneNode tune{drift.host,
                drift.node,
                drift.cloud,
                identity_of(drift, builder),
                builder.observed.nodes.at(drift.node).value().admin,
                {},
                std::move(servers)};
  builder.add(std::move(tune), drift.detail, drift.at, builder.members_after);
}

/// Of `count` nodes that have to wait, some will be restarted.
void leave_behind(std::size_t count, std::size_t restarts, const CloudWork& work,
                  PlanBuilder& builder) {
  builder.later(
      fmt::format("cloud {}: {} by other servers of the ensemble than the spec's, and "
                  "{} when its members have{}",
                  work.cloud->service_code,
                  count == 1 ? "1 cache node goes" : fmt::format("{} cache nodes go", count),
                  count == 1 ? "follows" : "follow",
                  restarts == 0 ? "" : fmt::format(", {} by a restart", restarts)));
}

/// A node that goes by an old list of servers gets the spec's when all of those are members.
void plan_following(const std::vector<const Drift*>& behind, CloudWork& work,
                    PlanBuilder& builder) {
  if (behind.empty()) {
    return;
  }
  const auto wanted =
      parse_servers(connect_string(builder.desired)).value_or(std::vector<Endpoint>());
  const std::string text = text_of(wanted);
  std::size_t restarts = 0;
  for (const Drift* item : behind) {
    const EnsembleDifference difference = to_tell(*item, wanted, builder);
    restarts += difference.tell.empty() ? 1U : 0U;
    if (!builder.members_in) {
      continue;
    }
    if (difference.tell.empty()) {
      plan_restart(*item, work, builder);
    } else {
      plan_tell(*item, {text_of(difference.before), text}, builder);
    }
  }
  if (!builder.members_in) {
    leave_behind(behind.size(), restarts, work, builder);
  }
}
}  // namespace

const Drift* DriftByNode::find(Endpoint node) const {
  if (near_ < items_.size() && items_[near_]->node < node) {
    ++near_;
  }
  if (near_ >= items_.size() || items_[near_]->node != node) {
    const auto found =
        std::lower_bound(items_.begin(), items_.end(), node,
                         [](const Drift* item, Endpoint wanted) { return item->node < wanted; });
    near_ = static_cast<std::size_t>(found - items_.begin());
  }
  return near_ < items_.size() && items_[near_]->node == node ? items_[near_] : nullptr;
}

void plan_stop(const Drift& drift, const char* reason, PlanBuilder& builder) {
  if (builder.hold_stranger(drift)) {
    return;
  }
  StopNode stop = stop_action(drift, identity_of(drift, builder), false);
  const std::string stray = builder.stray_cloud(drift.node);
  const bool all_stop = builder.desired.ensemble.state == RunState::stopped;
  if (!stray.empty() && !all_stop && !may_lose_nodes(stray, builder)) {
    return;
  }
  if (!stray.empty()) {
    stop.service_code = stray;
  }
  const StepId id = builder.add(std::move(stop), reason, drift.at, {});
  builder.take_turn(stray, id);
}

void plan_nodes(const std::vector<const Drift*>& drift, CloudWork& work, PlanBuilder& builder) {
  std::vector<const Drift*> chained;
  std::vector<const Drift*> behind;
  const bool should_run = nodes_should_run(builder.desired, *work.cloud);
  work.repairs = builder.ring_steps[work.cloud->service_code];  // Nodes that were moved from here.
  work.width = width_of(drift, work, builder);
  for (const Drift* item : drift) {
    if (should_run && item->kind == DriftKind::node_mapped_elsewhere &&
        work.moving.contains(item->node)) {
      chained.push_back(item);
    }
  }
  for (const Drift* item : drift) {
    const bool start = item->kind == DriftKind::node_down || item->kind == DriftKind::node_crashed;
    if ((should_run && work.moving.contains(item->node)) || work.left_alone.contains(item->node)) {
      continue;
    }
    if (item->kind == DriftKind::node_outdated ||
        (start && work.in_use && work.to_map.contains(item->node))) {
      chained.push_back(item);
    } else if (start) {
      plan_start(*item, work, builder);
    } else if (item->kind == DriftKind::node_paused) {
      plan_restart(*item, work, builder);
    } else if (item->kind == DriftKind::node_untuned) {
      plan_tune(*item, work, builder);
    } else if (item->kind == DriftKind::node_behind) {
      behind.push_back(item);
    } else if (item->kind == DriftKind::node_running) {
      plan_stop(*item, "the spec says \"stopped\"", builder);
    } else {
      hold_node(*item, builder);
    }
  }
  for (const Drift* item : chained) {
    const bool start = item->kind == DriftKind::node_down || item->kind == DriftKind::node_crashed;
    start ? plan_start(*item, work, builder) : plan_restart(*item, work, builder);
  }
  plan_following(behind, work, builder);
  const std::size_t kept = std::min(work.width, work.chain.size());
  std::vector<StepId>& last = builder.ring_steps[work.cloud->service_code];
  last = work.repairs;
  last.insert(last.end(), work.chain.end() - static_cast<std::ptrdiff_t>(kept), work.chain.end());
}
}  // namespace arcform
