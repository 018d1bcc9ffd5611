// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/compare_settings.h"
#include "model/diff_parts.h"
#include "model/follow_ensemble.h"
#include "model/node_arguments.h"
#include "model/packages.h"

namespace arcform {
namespace {

using Answers = std::map<Endpoint, Observation<NodeAnswer>>;
using Slots = SortedMap<std::string, ObservedSlot>;

/// Where the last node was found: nodes come in order, so the next one mostly stands right behind.
struct Cursor {
  std::size_t mapping = 0;
  std::size_t join = 0;
  Answers::const_iterator answer;
  const HostFacts* facts = nullptr;  ///< the host that `slot` is on
  Slots::const_iterator slot;
  NodeConfig config;       ///< what `digest` is of; most nodes of a cloud have the same
  std::string digest;      ///< empty: not computed yet
  std::uint32_t host = 0;  ///< what `prefix` is of: where the cloud's package lies there
  std::string prefix;      ///< empty: not computed yet
};

const ObservedMapping* mapping_of(const DiffWorld& world, Endpoint node, Cursor* cursor = nullptr) {
  if (world.tree == nullptr) {
    return nullptr;
  }
  const auto& all = world.tree->mappings;
  if (cursor != nullptr && cursor->mapping < all.size() && all[cursor->mapping].node == node) {
    return &all[cursor->mapping++];
  }
  const auto found = std::lower_bound(
      all.begin(), all.end(), node,
      [](const ObservedMapping& mapping, Endpoint endpoint) { return mapping.node < endpoint; });
  if (cursor != nullptr) {
    cursor->mapping = static_cast<std::size_t>(found - all.begin()) + 1;
  }
  return found != all.end() && found->node == node ? &*found : nullptr;
}

std::string joined_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + printable(word, 128);
  }
  return text;
}

void diff_mapping(const DiffWorld& world, const DesiredCloud& cloud, const DesiredNode& node,
                  Cursor& cursor, std::vector<Drift>& out) {
  if (!world.tree_known || !desired_tree_is_written(world.desired)) {
    return;
  }
  const ObservedMapping* const mapping = mapping_of(world, node.endpoint, &cursor);
  const std::string& host = world.desired.hosts[node.host].name;
  if (mapping == nullptr || mapping->service_codes.empty()) {
    out.push_back(node_drift(DriftKind::node_unmapped, host, cloud.service_code, node.endpoint,
                             node.at, mapping == nullptr ? "" : "its mapping names no cloud"));
  } else if (mapping->service_codes.size() != 1 ||
             mapping->service_codes.front() != cloud.service_code) {
    out.push_back(node_drift(DriftKind::node_mapped_elsewhere, host, cloud.service_code,
                             node.endpoint, node.at, joined_words(mapping->service_codes)));
  }
}

template <class T>
void add_change(std::string& text, const char* what, const T& before, const T& after) {
  if (before != after) {
    text += fmt::format("{}{} {} → {}", text.empty() ? "" : ", ", what, before, after);
  }
}

/// Where the cloud's package lies, or will lie, on the node's host.
const std::string& prefix_for(const DiffWorld& world, const DesiredPackage& package,
                              const DesiredNode& node, Cursor& cursor) {
  if (package.archive.empty()) {
    return package.installed;
  }
  if (cursor.prefix.empty() || cursor.host != node.host) {
    cursor.host = node.host;
    cursor.prefix = prefix_of(package, world.hosts[node.host]->value());
    cursor.digest.clear();
  }
  return cursor.prefix;
}

/// True when the node was started with exactly what the spec says, by its identity file.
bool digest_matches(const std::string& prefix, const DesiredNode& node, const ObservedSlot& slot,
                    Cursor& cursor) {
  if (slot.digest.empty()) {
    return false;
  }
  if (cursor.digest.empty() || cursor.config != node.config) {
    cursor.config = node.config;
    cursor.digest = node_digest(prefix, node.config);
  }
  return slot.digest == cursor.digest;
}

/// Two releases that lie beside one another are told by their names.
void add_program(std::string& text, const std::string& program, const std::string& prefix) {
  constexpr std::string_view kProgram = "/bin/memcached";
  const std::string folder = prefix.substr(0, prefix.rfind('/') + 1);
  const std::size_t end = program.size() - std::min(program.size(), kProgram.size());
  const bool beside = !folder.empty() && program.starts_with(folder) &&
                      program.ends_with(kProgram) && program.find('/', folder.size()) == end;
  if (beside) {
    add_change(text, "package", printable(program.substr(folder.size(), end - folder.size())),
               prefix.substr(folder.size()));
  } else {
    add_change(text, "program", printable(program), fmt::format("{}{}", prefix, kProgram));
  }
}

/// How the servers that it goes by differ from the spec's; mostly it was started with just those.
EnsembleDifference ensemble_difference(const DiffWorld& world, const Argv& argv,
                                       const NodeAnswer* answer) {
  const bool follows =
      answer == nullptr || answer->servers.empty() || answer->servers == world.servers;
  if (follows && ensemble_argument(argv) == world.connect_string) {
    return {};
  }
  const auto running = parse_node_arguments(argv);
  return running ? compare_ensemble(world.servers, running->connect_string, answer)
                 : EnsembleDifference();
}

void diff_arguments(const DiffWorld& world, const DesiredCloud& cloud, const DesiredNode& node,
                    const NodeJudgement& judgement, const NodeAnswer* answer, Cursor& cursor,
                    std::vector<Drift>& out) {
  const DesiredPackage* const package = world.desired.package(cloud.package);
  static const std::string kNowhere;
  const std::string& prefix =
      package == nullptr ? kNowhere : prefix_for(world, *package, node, cursor);
  const bool as_started =
      package != nullptr && digest_matches(prefix, node, *judgement.slot, cursor);
  const auto running = as_started ? std::nullopt : parse_node_arguments(judgement.process->argv);
  std::string restart = as_started || running ? "" : "its command line is not one of ours";
  const NodeConfig& is = running ? running->config : node.config;
  add_change(restart, "threads", is.threads, node.config.threads);
  add_change(restart, "session timeout", is.session_timeout_s, node.config.session_timeout_s);
  if (running && package != nullptr && running->program != prefix + "/bin/memcached") {
    add_program(restart, running->program, prefix);
  }
  const SettingsDifference settings = compare_settings(node.config, is, answer);
  const auto report = [&](DriftKind kind, const std::string& detail) {
    if (!detail.empty()) {
      out.push_back(node_drift(kind, world.desired.hosts[node.host].name, cloud.service_code,
                               node.endpoint, node.at, detail));
    }
  };
  report(DriftKind::node_untunable, settings.unable);
  restart += (restart.empty() || settings.restart.empty() ? "" : ", ") + settings.restart;
  const std::string tune = text_of(settings.tune);
  if (!restart.empty()) {  // It brings along what could be tuned, and the servers to go by.
    report(DriftKind::node_outdated, restart + (tune.empty() ? "" : ", ") + tune);
    return;
  }
  const EnsembleDifference ensemble = ensemble_difference(world, judgement.process->argv, answer);
  if (!ensemble.restart.empty()) {
    report(DriftKind::node_behind, ensemble.restart + (tune.empty() ? "" : ", ") + tune);
    return;
  }
  report(DriftKind::node_untuned, tune);
  report(DriftKind::node_behind, ensemble.tell);
  report(DriftKind::node_restart_debt, settings.debt);
  report(DriftKind::node_restart_debt, ensemble.debt);
}

/// One that knows no server of the spec's ensemble may serve another one's clients: only a restart
/// like any other brings it here.
void diff_paused_node(const DiffWorld& world, const DesiredCloud& cloud, const DesiredNode& node,
                      const NodeJudgement& judgement, const NodeAnswer* answer,
                      std::vector<Drift>& out) {
  const std::string_view started_with = ensemble_argument(judgement.process->argv);
  const bool elsewhere =
      !world.servers.empty() && !may_know_one_of(started_with, answer, world.servers);
  const std::string known = answer != nullptr && !answer->servers.empty()
                                ? text_of(answer->servers)
                                : printable(started_with, 200);
  out.push_back(node_drift(
      elsewhere ? DriftKind::node_outdated : DriftKind::node_paused,
      world.desired.hosts[node.host].name, cloud.service_code, node.endpoint, node.at,
      elsewhere ? Reason(fmt::format("not in the cloud: it goes by the ensemble {}, and none of "
                                     "those is a server of the spec's",
                                     known))
                : judgement.why));
}

void diff_running_node(const DiffWorld& world, const DesiredCloud& cloud, const DesiredNode& node,
                       const NodeJudgement& judgement, const NodeAnswer* answer, Cursor& cursor,
                       std::vector<Drift>& out) {
  const auto report = [&](DriftKind kind) {
    out.push_back(node_drift(kind, world.desired.hosts[node.host].name, cloud.service_code,
                             node.endpoint, node.at, judgement.why));
  };
  switch (judgement.verdict) {
    case Verdict::up:
      diff_arguments(world, cloud, node, judgement, answer, cursor, out);
      return;
    case Verdict::stopped:
      return report(DriftKind::node_down);
    case Verdict::crashed:
      return report(DriftKind::node_crashed);
    case Verdict::paused:
      return diff_paused_node(world, cloud, node, judgement, answer, out);
    case Verdict::starting:
      return report(DriftKind::node_starting);
    case Verdict::silent:
      return report(DriftKind::node_silent);
    case Verdict::foreign:
      return report(DriftKind::node_port_taken);
    case Verdict::unknown:
      return report(DriftKind::node_unknown);
  }
}

/// The slot that the node mostly has.
const ObservedSlot* near_slot(const HostFacts& facts, Endpoint node, Cursor& cursor) {
  if (cursor.facts != &facts) {
    cursor.facts = &facts;
    cursor.slot = facts.slots.lower_bound(node_slot(node.port));
  }
  return cursor.slot == facts.slots.end() ? nullptr : &cursor.slot++->second;
}

void diff_node(DiffWorld& world, const DesiredCloud& cloud, const ObservedCloud* seen,
               const DesiredNode& node, Cursor& cursor, std::vector<Drift>& out) {
  diff_mapping(world, cloud, node, cursor, out);
  NodeWitnesses witnesses;
  witnesses.host = world.hosts[node.host];
  if (witnesses.host != nullptr && witnesses.host->is_present()) {
    witnesses.near_slot = near_slot(witnesses.host->value(), node.endpoint, cursor);
  }
  witnesses.cloud = seen;
  const Answers& answers = world.observed.nodes;
  if (cursor.answer == answers.end() || cursor.answer->first != node.endpoint) {
    cursor.answer = answers.find(node.endpoint);
  }
  if (cursor.answer != answers.end()) {
    witnesses.answer = &cursor.answer->second;
    ++cursor.answer;
  }
  if (seen != nullptr && cursor.join < seen->joined.size()) {
    witnesses.near = &seen->joined[cursor.join];
  }
  const NodeJudgement judgement = judge(witnesses, node.endpoint, node.config.session_timeout_s);
  if (judgement.join != nullptr && seen != nullptr) {
    cursor.join = static_cast<std::size_t>(judgement.join - seen->joined.data()) + 1;
  }
  if (judgement.slot != nullptr) {
    ++world.slots_known[node.host];
  }
  if (nodes_should_run(world.desired, cloud)) {
    const NodeAnswer* const answer =
        witnesses.answer == nullptr ? nullptr : witnesses.answer->get();
    diff_running_node(world, cloud, node, judgement, answer, cursor, out);
    return;
  }
  const std::string& host = world.desired.hosts[node.host].name;
  if (judgement.process != nullptr) {
    out.push_back(node_drift(DriftKind::node_running, host, cloud.service_code, node.endpoint,
                             node.at, "running, should be stopped"));
  } else if (witnesses.host == nullptr || !witnesses.host->is_present()) {
    out.push_back(node_drift(DriftKind::node_unknown, host, cloud.service_code, node.endpoint,
                             node.at, judgement.why));
  }
}

/// Children that no node of the cloud can explain, which make every node scrub away live data; and
/// further ones of a node that has one already: those name the node.
void diff_children(const DiffWorld& world, const std::string& service_code,
                   const ObservedCloud& seen, SourcePosition at, std::vector<Drift>& out) {
  std::size_t next = 0;
  std::optional<Endpoint> before;  // Of the last child with an owner: they are in order.
  for (const ObservedJoin& join : seen.joined) {
    const bool wanted = join.endpoint && [&] {
      const DesiredCloud* const cloud = wanted_cloud(world, *join.endpoint, next);
      if (cloud != nullptr && cloud->service_code == service_code) {
        return true;
      }
      const ObservedMapping* const mapping = mapping_of(world, *join.endpoint);
      const bool mapped =
          mapping != nullptr && std::count(mapping->service_codes.begin(),
                                           mapping->service_codes.end(), service_code) > 0;
      return mapped || runs_in_our_slot(world.desired, world.observed, *join.endpoint);
    }();
    const bool again = join.owner != 0 && join.endpoint && join.endpoint == before;
    before = join.owner != 0 ? join.endpoint : before;
    if (!wanted || join.owner == 0 || again) {
      Drift drift;
      drift.kind = DriftKind::foreign_child;
      drift.cloud = service_code;
      drift.node = wanted && again ? *join.endpoint : Endpoint{};
      drift.detail = join.name;
      drift.at = at;
      out.push_back(drift);
    }
  }
}

}  // namespace

void diff_cloud(DiffWorld& world, const DesiredCloud& cloud, std::vector<Drift>& out) {
  static const ObservedCloud kUnregistered;
  const ObservedCloud* seen = world.tree_known ? &kUnregistered : nullptr;
  if (world.tree != nullptr) {
    const auto found = world.tree->clouds.find(cloud.service_code);
    seen = found == world.tree->clouds.end() ? &kUnregistered : &found->second;
  }
  Drift drift;
  drift.cloud = cloud.service_code;
  drift.at = cloud.at;
  if (seen != nullptr && seen->cache_list && !seen->claimed) {
    drift.kind = DriftKind::cloud_foreign;
    out.push_back(drift);
    return;
  }
  const bool tree_wanted = desired_tree_is_written(world.desired);
  if (seen != nullptr && tree_wanted && (!seen->cache_list || !seen->client_list)) {
    drift.kind = DriftKind::cloud_unregistered;
    drift.detail = seen->claimed ? "claimed by this deployment, but its znodes are not there" : "";
    out.push_back(drift);
  }
  if (seen != nullptr) {
    diff_children(world, cloud.service_code, *seen, cloud.at, out);
  }
  Cursor cursor;
  cursor.answer = world.observed.nodes.end();
  for (const DesiredNode& node : cloud.nodes) {
    diff_node(world, cloud, seen, node, cursor, out);
  }
}

bool nodes_should_run(const DesiredState& desired, const DesiredCloud& cloud) {
  return cloud.state == RunState::running && desired.ensemble.state == RunState::running;
}

bool desired_tree_is_written(const DesiredState& desired) {
  return desired.ensemble.state == RunState::running;
}

}  // namespace arcform
