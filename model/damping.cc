// SPDX-License-Identifier: Apache-2.0
#include "model/damping.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/diff_parts.h"

namespace arcform {
namespace {

bool is_gone(Verdict verdict) {
  return verdict == Verdict::stopped || verdict == Verdict::crashed || verdict == Verdict::paused;
}

void add_failure(NodeDamping& node, Moment now, const DampingLimits& limits) {
  node.up = false;
  node.failures.push_back(now);
  std::erase_if(node.failures, [&](Moment when) { return now - when > limits.window; });
  node.frozen = node.frozen || node.failures.size() > limits.failures_most;
}

void note_node(NodeDamping& node, Verdict verdict, Moment now, const DampingLimits& limits) {
  if (verdict == Verdict::up) {
    if (!node.up) {
      node.up = true;
      node.up_since = now;
    }
    node.gone_since.reset();
    if (now - node.up_since >= limits.healthy_after) {
      node.failures.clear();
      node.frozen = false;
    }
  } else if (is_gone(verdict) && node.up) {
    node.gone_since = now;
    add_failure(node, now, limits);
  }
}

/// More than the share of `whole`, and not just a few.
bool is_mass(std::size_t part, std::size_t whole, std::size_t least, unsigned share) {
  return part >= least && part * 100 > whole * share;
}

void note_mass(Damping& memory, const Sighting& sighting, Moment now, const DampingLimits& limits) {
  std::set<Endpoint> recent;
  std::size_t whole = 0;
  for (const auto& [endpoint, node] : memory.nodes) {
    whole += node.up || node.gone_since ? 1U : 0U;
    if (node.gone_since && now - *node.gone_since <= limits.mass_window) {
      recent.insert(endpoint);
    }
  }
  if (is_mass(recent.size(), whole, limits.mass_nodes_least, limits.share)) {
    if (!memory.mass_since) {
      memory.mass_held = memory.mass_before && now - *memory.mass_before < limits.cool_down;
      memory.mass_since = now;
      memory.mass_before = now;
    }
    memory.mass.insert(recent.begin(), recent.end());
  }
  std::erase_if(memory.mass, [&](Endpoint endpoint) {
    const auto found = sighting.nodes.find(endpoint);
    return found == sighting.nodes.end() || found->second == Verdict::up;
  });
  if (memory.mass.empty()) {
    memory.mass_since.reset();
    memory.mass_held = false;
  } else if (memory.mass_held && now - *memory.mass_since >= limits.cool_down) {
    memory.mass_held = false;
  }
}

void note_hosts(Damping& memory, const Sighting& sighting, const DampingLimits& limits) {
  memory.hosts_seen.insert(sighting.hosts_known.begin(), sighting.hosts_known.end());
  const auto lost =
      std::count_if(sighting.hosts_unknown.begin(), sighting.hosts_unknown.end(),
                    [&](const std::string& host) { return memory.hosts_seen.contains(host); });
  memory.hosts_suspect = is_mass(static_cast<std::size_t>(lost), memory.hosts_seen.size(),
                                 limits.mass_hosts_least, limits.share);
}

void note_record(Damping& memory, const Sighting& sighting) {
  if (!sighting.tree_known) {
    return;
  }
  if (memory.lost && sighting.revision > *memory.lost) {  // A person has applied since.
    memory.lost.reset();
    memory.revision = sighting.revision;
  }
  if (!memory.lost && (sighting.revision < memory.revision || sighting.orphans)) {
    memory.lost = sighting.revision;
  }
  memory.revision = std::max(memory.revision, sighting.revision);
}

void note_trust(Damping& memory, const Sighting& sighting, Moment now,
                const DampingLimits& limits) {
  const bool whole =
      sighting.tree_known && !memory.hosts_suspect && memory.mass.empty() && !memory.lost;
  if (!whole) {
    memory.first_complete.reset();
    memory.complete = 0;
    memory.trusted.reset();
    return;
  }
  memory.first_complete = memory.first_complete.value_or(now);
  ++memory.complete;
  if (!memory.trusted && memory.complete >= 2 &&
      now - *memory.first_complete >= limits.quarantine) {
    memory.trusted = now;
  }
}

/// The node that a step starts; nullopt: it starts none.
std::optional<Endpoint> started_by(const Action& action) {
  if (const auto* const start = std::get_if<StartNode>(&action)) {
    return start->node;
  }
  if (const auto* const restart = std::get_if<RestartNode>(&action)) {
    return restart->start->node;
  }
  return std::nullopt;
}

/// Nodes that ended when ZooKeeper was replaced leave their folders.
bool has_nodes(const HostFacts* host) {
  return host != nullptr &&
         std::any_of(host->slots.begin(), host->slots.end(),
                     [](const auto& slot) { return slot.first.starts_with("node-"); });
}

std::string seconds_text(Moment time) {
  return fmt::format("{} s", std::chrono::ceil<std::chrono::seconds>(time).count());
}

/// One decision about one step.
class Judge {
 public:
  Judge(const Damping& memory, const Sighting& sighting, const Mandate& mandate, Moment now,
        const DampingLimits& limits)
      : memory_(memory), sighting_(sighting), mandate_(mandate), now_(now), limits_(limits) {}

  std::string why_not(const Step& step, StepId id, Permission& out) const {
    if (memory_.lost) {
      return "ZooKeeper has lost what was recorded";
    }
    if (mandate_.other) {
      return why_held(*mandate_.other);
    }
    for (const Pause& freeze : mandate_.freezes) {
      if (covers_node(freeze, step.action)) {
        return fmt::format("frozen: {}; \"arcform resume {}\" or a changed spec ends it",
                           printable(freeze.reason, 200), freeze.scope);
      }
    }
    if (step.repair && !mandate_.policy.heal) {
      return "watch.heal is false in the spec";
    }
    if (std::string suspect = why_suspect(step.action, out); !suspect.empty()) {
      return suspect;
    }
    if (asks(step, id)) {
      return "waits for approval";
    }
    if (is_destructive(step.action) && !memory_.trusted) {
      const Moment since = memory_.first_complete.value_or(now_);
      wait_until(std::max(since + limits_.quarantine, now_ + std::chrono::seconds(1)), out);
      return fmt::format("quarantine: nothing destructive before two whole looks {} s apart",
                         limits_.quarantine.count());
    }
    if (std::string wait = why_backoff(step.action, out); !wait.empty()) {
      return wait;
    }
    return "";
  }

  /// Whether a person must say yes to the step and has not.
  bool asks(const Step& step, StepId id) const {
    const bool rollout = !step.repair && !mandate_.approved &&
                         mandate_.policy.rollout == WatchPolicy::Rollout::approve;
    return !memory_.lost && (mandate_.other || (rollout && !mandate_.approved_steps.contains(id)));
  }

 private:
  static bool covers_node(const Pause& freeze, const Action& action) {
    const auto node = started_by(action);
    return node && (freeze.scope == "all" || freeze.scope == "node:" + node->text());
  }

  void wait_until(Moment when, Permission& out) const {
    out.look_again = std::min(out.look_again.value_or(when), when);
  }

  /// While the view is suspect only what two witnesses agree on is done: the host says that the
  /// process is gone, and ZooKeeper that its session is.
  std::string why_suspect(const Action& action, Permission& out) const {
    if (memory_.mass.empty() && !memory_.hosts_suspect) {
      return "";
    }
    const auto node = started_by(action);
    if (!node && !is_destructive(action)) {
      return "";
    }
    if (memory_.mass_held) {
      wait_until(*memory_.mass_since + limits_.cool_down, out);
      return "a second mass event within the cool-down is left to a person";
    }
    const auto found = node ? sighting_.nodes.find(*node) : sighting_.nodes.end();
    const bool agreed = found != sighting_.nodes.end() && found->second == Verdict::stopped &&
                        std::holds_alternative<StartNode>(action);
    if (agreed) {
      return "";
    }
    wait_until(now_ + std::chrono::seconds(2), out);
    return "the view is suspect: waits until the host and ZooKeeper agree";
  }

  std::string why_backoff(const Action& action, Permission& out) const {
    const auto node = started_by(action);
    const auto found = node ? memory_.nodes.find(*node) : memory_.nodes.end();
    if (found == memory_.nodes.end() || found->second.failures.empty()) {
      return "";
    }
    const NodeDamping& known = found->second;
    if (known.frozen) {
      return fmt::format(
          "frozen: {} failures within {} min; \"arcform resume node:{}\" or a "
          "changed spec ends it",
          known.failures.size(), limits_.window.count() / 60, node->text());
    }
    const Moment ready = known.failures.back() + backoff(known.failures.size(), limits_);
    if (now_ >= ready) {
      return "";
    }
    wait_until(ready, out);
    return fmt::format("backs off for {} after {} failures", seconds_text(ready - now_),
                       known.failures.size());
  }

  const Damping& memory_;
  const Sighting& sighting_;
  const Mandate& mandate_;
  Moment now_;
  const DampingLimits& limits_;
};

void add_alarms(const Damping& memory, Permission& out) {
  if (memory.lost) {
    out.alarms.push_back(
        "ZooKeeper has lost what was recorded of this deployment (its data was wiped, rolled back "
        "or it is another ensemble); nothing is done by itself: look at the plan, then apply it");
  }
  if (memory.hosts_suspect) {
    out.alarms.push_back(
        "too many hosts cannot be reached at once: the view is suspect, only what two witnesses "
        "agree on is done");
  }
  if (!memory.mass.empty()) {
    out.alarms.push_back(fmt::format(
        "{} nodes went away together: {}", memory.mass.size(),
        memory.mass_held ? "a second time within the cool-down; left to a person (arcform resume "
                           "all)"
                         : "the view is suspect, only what two witnesses agree on is done"));
  }
  for (const auto& [endpoint, node] : memory.nodes) {
    if (node.frozen) {
      out.alarms.push_back(fmt::format("node {} is frozen after {} failures", endpoint.text(),
                                       node.failures.size()));
    }
  }
}

}  // namespace

std::chrono::seconds backoff(std::size_t failures, const DampingLimits& limits) {
  if (failures <= 1) {
    return std::chrono::seconds(0);
  }
  std::chrono::seconds delay = limits.backoff_first;
  for (std::size_t i = 2; i < failures && delay < limits.backoff_most; ++i) {
    delay *= 2;
  }
  return std::min(delay, limits.backoff_most);
}

bool is_destructive(const Action& action) {
  const Disruption cost = disruption(action);
  return cost == Disruption::cache_loss || cost == Disruption::cloud_gone ||
         std::holds_alternative<StopNode>(action) || std::holds_alternative<UnmapNodes>(action) ||
         std::holds_alternative<ForgetNode>(action) || std::holds_alternative<StopServer>(action) ||
         std::holds_alternative<RestartServer>(action) ||
         std::holds_alternative<ReconfigureEnsemble>(action) ||
         std::holds_alternative<RetireServer>(action) ||
         std::holds_alternative<SetDataAside>(action);
}

Sighting sight(const DesiredState& desired, const ObservedState& observed) {
  Sighting out;
  for (const DesiredHost& host : desired.hosts) {
    (observed.host(host.name) != nullptr ? out.hosts_known : out.hosts_unknown).insert(host.name);
  }
  out.tree_known = observed.tree.is_present();
  bool runs = std::any_of(desired.hosts.begin(), desired.hosts.end(), [&](const DesiredHost& host) {
    return has_nodes(observed.host(host.name));
  });
  for (const DesiredCloud& cloud : desired.clouds) {
    for (const DesiredNode& node : cloud.nodes) {
      const NodeJudgement judgement = judge(
          witnesses_of(observed, desired.hosts[node.host].name, node.endpoint, cloud.service_code),
          node.endpoint, node.config.session_timeout_s);
      runs = runs || judgement.process != nullptr;
      if (nodes_should_run(desired, cloud)) {
        out.nodes[node.endpoint] = judgement.verdict;
      }
    }
  }
  if (const TreeFacts* const tree = observed.tree.get()) {
    out.revision = tree->record.revision;
    out.orphans = runs && tree->record.revision == 0 && tree->record.claims.empty();
  }
  return out;
}

Damping note_look(Damping memory, const Sighting& sighting, Moment now,
                  const DampingLimits& limits) {
  std::erase_if(memory.nodes,
                [&](const auto& node) { return !sighting.nodes.contains(node.first); });
  for (const auto& [endpoint, verdict] : sighting.nodes) {
    note_node(memory.nodes[endpoint], verdict, now, limits);
  }
  note_mass(memory, sighting, now, limits);
  note_hosts(memory, sighting, limits);
  note_record(memory, sighting);
  note_trust(memory, sighting, now, limits);
  return memory;
}

Damping note_started(Damping memory, Endpoint node, Moment now) {
  NodeDamping& known = memory.nodes[node];
  known.up = true;
  known.up_since = now;
  known.gone_since.reset();
  return memory;
}

Damping note_start_failed(Damping memory, Endpoint node, Moment now, const DampingLimits& limits) {
  add_failure(memory.nodes[node], now, limits);
  return memory;
}

Damping release(Damping memory, const std::string& scope) {
  for (auto& [endpoint, node] : memory.nodes) {
    if (!scope.starts_with("node:") || scope == "node:" + endpoint.text()) {
      node.failures.clear();
      node.frozen = false;
      node.gone_since.reset();
    }
  }
  if (scope == "all") {
    memory.mass.clear();
    memory.mass_since.reset();
    memory.mass_before.reset();
    memory.mass_held = false;
    memory.lost.reset();
    memory.revision = 0;
  }
  return memory;
}

Permission permit(const Damping& memory, const Sighting& sighting, const Plan& plan,
                  const Mandate& mandate, Moment now, const DampingLimits& limits) {
  Permission out;
  const Judge judge_step(memory, sighting, mandate, now, limits);
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    out.why_not.push_back(judge_step.why_not(plan.steps[id], id, out));
    if (judge_step.asks(plan.steps[id], id)) {
      out.to_approve.push_back(id);
    }
  }
  if (!memory.trusted && memory.first_complete) {  // The quarantine ends by being looked at.
    const Moment ends = *memory.first_complete + limits.quarantine;
    out.look_again = std::min(out.look_again.value_or(ends), ends);
  }
  add_alarms(memory, out);
  if (mandate.other) {
    out.alarms.push_back(alarm_of(*mandate.other));
  }
  return out;
}

}  // namespace arcform
