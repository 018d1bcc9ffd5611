// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>

#include "controller/drift_names.h"
#include "controller/metrics_text.h"
#include "controller/watch_view.h"
#include "model/diff.h"

namespace arcform {
namespace {

using Type = MetricsText::Type;

std::uint64_t sum_of(const std::map<WatchCounters::CloudAndKind, std::uint64_t>& counts) {
  std::uint64_t sum = 0;
  for (const auto& [key, count] : counts) {
    sum += count;
  }
  return sum;
}

void add_counts(MetricsText& out, const char* name, const char* help, const char* label,
                const std::map<std::string, std::uint64_t>& counts) {
  out.begin(Type::counter, name, help);
  for (const auto& [key, count] : counts) {
    out.sample(static_cast<double>(count), {{label, key}});
  }
}

void add_actions(MetricsText& out,
                 const std::map<WatchCounters::CloudAndKind, std::uint64_t>& counts,
                 const char* result) {
  for (const auto& [key, count] : counts) {
    out.sample(static_cast<double>(count),
               {{"cloud", key.first}, {"kind", key.second}, {"result", result}});
  }
}

void add_durations(MetricsText& out, const char* name, const char* help,
                   const Durations& durations) {
  std::vector<std::pair<double, std::uint64_t>> buckets;
  for (std::size_t i = 0; i < Durations::kBounds.size(); ++i) {
    buckets.emplace_back(Durations::kBounds[i], durations.up_to()[i]);
  }
  out.histogram(name, help, buckets, durations.up_to().back(), durations.sum());
}

void add_controller(MetricsText& out, const WatchState& state) {
  out.begin(Type::gauge, "arcform_build_info", "Always 1; which arcform this is.");
  out.sample(1, {{"version", ARCFORM_VERSION}});
  out.gauge("arcform_leader", "1 while this controller leads, and so acts.",
            state.mode == WatchMode::leading);
  out.begin(Type::gauge, "arcform_mode", "1 for what this controller may do now, else 0.");
  for (int i = 0; i <= static_cast<int>(WatchMode::stopping); ++i) {
    const auto mode = static_cast<WatchMode>(i);
    out.sample(state.mode == mode ? 1 : 0, {{"mode", name_of(mode)}});
  }
  out.gauge("arcform_controllers", "Controllers that take part, this one included.",
            state.controllers.size());
  out.gauge("arcform_spec_valid", "0 while the spec file as it is now is not followed.",
            state.spec_error.empty());
  out.gauge("arcform_approval_pending", "1 while a rollout waits for a person.",
            !state.approval.empty());
  out.gauge("arcform_alarms", "Alarms that stand now.", state.alarms.size());
  out.gauge("arcform_actions_running", "Steps that are under way.", state.doing.size());
  out.gauge("arcform_steps_withheld", "Steps of the plan that are not done now.",
            state.withheld.size());
  out.gauge("arcform_last_converged_timestamp_seconds",
            "When nothing differed the last time; 0: never.", seconds_of(state.converged_at));
  out.gauge("arcform_last_look_timestamp_seconds", "When the last look ended; 0: none has.",
            state.last == nullptr ? 0 : seconds_of(state.last->at));
}

void add_counters(MetricsText& out, const WatchCounters& counters, const Durations& looks) {
  out.counter("arcform_rounds_total", "Rounds that have begun.", counters.rounds);
  out.counter("arcform_rounds_incomplete_total", "Rounds in which something could not be observed.",
              counters.rounds_incomplete);
  add_durations(out, "arcform_round_duration_seconds", "How long looking took.", looks);
  add_counts(out, "arcform_round_triggers_total", "What asked for a round.", "trigger",
             counters.triggers);
  add_counts(out, "arcform_errors_total", "What failed.", "kind",
             {{"action", sum_of(counters.actions_failed)},
              {"spec", counters.spec_refusals},
              {"zookeeper", counters.zookeeper_failures}});
  out.begin(Type::counter, "arcform_actions_total", "Steps that ended.");
  add_actions(out, counters.actions_done, "done");
  add_actions(out, counters.actions_failed, "failed");
  add_counts(out, "arcform_actions_withheld_total", "Steps that were not done when planned.",
             "reason", counters.actions_withheld);
  out.counter("arcform_elections_won_total", "Times that this controller became the leader.",
              counters.elections_won);
  out.counter("arcform_alarms_total", "Alarms that were raised.", counters.alarms);
  out.counter("arcform_node_deaths_total", "Ends of node processes that hosts reported.",
              counters.nodes_gone);
}

void add_drift(MetricsText& out, const WatchSnapshot& last) {
  std::map<std::pair<std::string, DriftKind>, std::size_t> counts;
  for (const Drift& drift : diff(last.desired, last.observed)) {
    ++counts[{drift.cloud, drift.kind}];
  }
  out.begin(Type::gauge, "arcform_drift", "Differences between desired and observed.");
  for (const auto& [key, count] : counts) {
    out.sample(static_cast<double>(count), {{"cloud", key.first}, {"kind", name_of(key.second)}});
  }
  out.gauge("arcform_steps_planned", "Steps of the last plan.", last.plan.steps.size());
  out.gauge("arcform_differences_held", "Differences that the last plan leaves alone.",
            last.plan.held.size());
}

void add_clouds(MetricsText& out, const StatusReport& status) {
  out.begin(Type::gauge, "arcform_nodes", "Cache nodes by verdict.");
  for (const CloudStatus& cloud : status.clouds) {
    std::map<Verdict, std::size_t> counts;
    for (const NodeStatus& node : cloud.nodes) {
      ++counts[node.verdict];
    }
    for (int i = 0; i <= static_cast<int>(Verdict::unknown); ++i) {
      const auto verdict = static_cast<Verdict>(i);
      out.sample(static_cast<double>(counts[verdict]),
                 {{"cloud", cloud.service_code}, {"verdict", name_of(verdict)}});
    }
  }
  out.begin(Type::gauge, "arcform_nodes_wanted", "Cache nodes in the spec.");
  for (const CloudStatus& cloud : status.clouds) {
    out.sample(cloud.nodes_wanted, {{"cloud", cloud.service_code}});
  }
  out.begin(Type::gauge, "arcform_clients", "Clients registered with a cloud.");
  for (const CloudStatus& cloud : status.clouds) {
    out.sample(cloud.clients, {{"cloud", cloud.service_code}});
  }
  out.gauge("arcform_revision", "The last applied revision of the deployment.", status.revision);
}

void add_world(MetricsText& out, const WatchState& state) {
  const WatchReport report = watch_in(state, {}, {});
  out.begin(Type::gauge, "arcform_hosts", "Hosts of the spec, as the last look saw them.");
  std::map<bool, std::size_t> hosts;
  for (const HostReport& host : report.hosts) {
    ++hosts[host.seen];
  }
  out.sample(static_cast<double>(hosts[true]), {{"state", "seen"}});
  out.sample(static_cast<double>(hosts[false]), {{"state", "unknown"}});
  if (report.quorum) {
    out.gauge("arcform_ensemble_servers", "ZooKeeper servers of the spec.", report.quorum->servers);
    out.gauge("arcform_ensemble_servers_serving", "Those that serve.", report.quorum->serving);
    out.gauge("arcform_quorum_margin",
              "How many more servers may fail; negative: there is no quorum.",
              report.quorum->margin);
  }
}

void add_loads(MetricsText& out, const StatusReport& status, const std::vector<NodeLoad>& loads) {
  std::map<Endpoint, const char*> clouds;
  for (const CloudStatus& cloud : status.clouds) {
    for (const NodeStatus& node : cloud.nodes) {
      clouds.emplace(node.node, cloud.service_code.c_str());
    }
  }
  const auto each = [&](Type type, const char* name, const char* help, auto number) {
    out.begin(type, name, help);
    for (const NodeLoad& load : loads) {
      const auto found = clouds.find(load.node);
      out.sample(
          static_cast<double>(load.*number),
          {{"cloud", found == clouds.end() ? "" : found->second}, {"node", load.node.text()}});
    }
  };
  each(Type::gauge, "arcform_node_item_bytes", "Bytes of items.", &NodeLoad::bytes);
  each(Type::gauge, "arcform_node_memory_limit_bytes", "Its memory limit.", &NodeLoad::limit_bytes);
  each(Type::gauge, "arcform_node_items", "Items.", &NodeLoad::items);
  each(Type::gauge, "arcform_node_connections", "Connections.", &NodeLoad::connections);
  each(Type::counter, "arcform_node_get_hits_total", "Since it was started.", &NodeLoad::hits);
  each(Type::counter, "arcform_node_get_misses_total", "Since it was started.", &NodeLoad::misses);
}

}  // namespace

std::string metrics_of(const WatchState& state, const StatusReport& status, const Durations& looks,
                       const std::vector<NodeLoad>& loads) {
  MetricsText out;
  add_controller(out, state);
  add_counters(out, state.counters, looks);
  if (state.last != nullptr) {
    add_drift(out, *state.last);
    add_clouds(out, status);
    add_world(out, state);
  }
  add_loads(out, status, loads);
  return std::move(out).take();
}

}  // namespace arcform
