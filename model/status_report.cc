// SPDX-License-Identifier: Apache-2.0
#include "model/status_report.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "model/node_arguments.h"
#include "model/render_text.h"
#include "model/status_parts.h"

namespace arcform {
namespace {

const char* mode_words(const Observation<ServerAnswer>* answer) {
  if (answer == nullptr || answer->is_unknown()) {
    return "unknown";
  }
  if (answer->is_absent()) {
    return "down";
  }
  switch (answer->value().mode) {
    case ServerMode::leader:
      return "leader";
    case ServerMode::follower:
      return "follower";
    case ServerMode::observer:
      return "observer";
    case ServerMode::standalone:
      return "standalone";
    case ServerMode::not_serving:
      return "not serving";
  }
  return "unknown";
}

std::optional<std::uint32_t> pid_in(const HostFacts* facts, const std::string& slot_name) {
  const ObservedSlot* const slot = facts != nullptr ? facts->slot(slot_name) : nullptr;
  const ObservedProcess* const process = slot != nullptr ? facts->process_of(*slot) : nullptr;
  return process != nullptr ? std::optional(process->pid) : std::nullopt;
}

ServerStatus status_of(const DesiredServer& server, const DesiredState& desired,
                       const ObservedState& observed, const Unadopted& unadopted) {
  ServerStatus out;
  out.adopted = !unadopted.has_server(server.id);
  out.id = server.id;
  out.host = server.host;
  const DesiredHost* const host = desired.host(server.host);
  out.address =
      fmt::format("{}:{}", host != nullptr ? host->address : "?", desired.ensemble.client_port);
  out.pid = pid_in(observed.host(server.host), server_slot(server.id));
  const auto found = observed.servers.find(server.id);
  const auto* const answer = found == observed.servers.end() ? nullptr : &found->second;
  out.mode = mode_words(answer);
  if (const ServerAnswer* const said = answer != nullptr ? answer->get() : nullptr) {
    out.version = said->version;
    out.connections = said->connections;
  }
  return out;
}

NodeStatus status_of(const NodeLine& line, const std::string& code, const ObservedState& observed,
                     const Unadopted& unadopted) {
  constexpr std::uint32_t kDefaultTimeout = 30;
  const NodeWitnesses witnesses = witnesses_of(observed, line.host, line.node, code);
  const NodeJudgement judgement =
      judge(witnesses, line.node,
            line.wanted != nullptr ? line.wanted->config.session_timeout_s : kDefaultTimeout);
  NodeStatus out;
  out.node = line.node;
  out.host = line.host;
  out.verdict = judgement.verdict;
  out.why = judgement.why;
  out.in_spec = line.wanted != nullptr;
  out.adopted = !out.in_spec || !unadopted.has(line.node);
  if (witnesses.answer != nullptr && !witnesses.answer->is_unknown()) {
    out.answers = witnesses.answer->is_present() ? Known::yes : Known::no;
    out.version = witnesses.answer->is_present() ? witnesses.answer->value().version : "";
  }
  if (witnesses.cloud != nullptr) {
    out.joined = has_joined(*witnesses.cloud, line.node) ? Known::yes : Known::no;
  }
  if (judgement.process != nullptr) {
    out.pid = judgement.process->pid;
    if (const auto running = parse_node_arguments(judgement.process->argv)) {
      out.config = running->config;
    }
  }
  return out;
}

CloudStatus status_of(const std::string& code, const DesiredState& desired,
                      const ObservedState& observed, const MappedToCloud& mapped,
                      const Unadopted& unadopted) {
  CloudStatus out;
  out.service_code = code;
  const DesiredCloud* const wanted = desired.cloud(code);
  out.in_spec = wanted != nullptr;
  out.nodes_wanted = wanted != nullptr ? static_cast<std::uint32_t>(wanted->nodes.size()) : 0;
  if (!observed.tree.is_unknown()) {
    out.registered = Known::no;
  }
  if (const TreeFacts* const tree = observed.tree.get()) {
    if (const auto found = tree->clouds.find(code); found != tree->clouds.end()) {
      const ObservedCloud& seen = found->second;
      out.registered = seen.cache_list ? Known::yes : Known::no;
      out.claimed = seen.claimed && !unadopted.has_cloud(code);
      out.clients = seen.clients;
      for (const ObservedJoin& join : seen.joined) {
        if (!join.endpoint || join.owner == 0) {
          out.foreign_children.push_back(join.name);
        }
      }
    }
  }
  for (const NodeLine& line : node_lines(code, desired, observed, mapped)) {
    out.nodes.push_back(status_of(line, code, observed, unadopted));
    out.nodes_up += out.nodes.back().in_spec && out.nodes.back().verdict == Verdict::up ? 1U : 0U;
  }
  return out;
}

void add_record(const TreeFacts& tree, const std::set<std::string>& codes, StatusReport& out) {
  for (const std::string& code : tree.service_codes) {
    if (!codes.contains(code)) {
      out.other_clouds.push_back(code);
    }
  }
  out.revision = tree.record.revision;
  out.applied_at = tree.record.at;
  out.applied_by = tree.record.by;
  out.lock_holder = tree.record.lock_holder;
}

}  // namespace

StatusReport status_report(const DesiredState& desired, const ObservedState& seen) {
  const Unadopted unadopted = find_unadopted(desired, seen);
  const ObservedState& observed = unadopted.world(seen);
  StatusReport out;
  out.deployment = desired.deployment;
  out.spec = desired.source;
  out.verdict = verdict_line(desired, unadopted, seen);
  const std::vector<Drift> drift = diff(desired, seen);
  out.converged = std::all_of(drift.begin(), drift.end(), [](const Drift& item) {
    return item.kind == DriftKind::node_restart_debt;  // Nothing is to be done about it.
  });
  out.external = desired.ensemble.external;
  for (const DesiredServer& server : desired.ensemble.servers) {
    out.servers.push_back(status_of(server, desired, observed, unadopted));
  }
  std::set<std::string> codes;
  for (const DesiredCloud& cloud : desired.clouds) {
    codes.insert(cloud.service_code);
  }
  if (const TreeFacts* const tree = observed.tree.get()) {
    codes.insert(tree->record.claims.begin(), tree->record.claims.end());
    add_record(*tree, codes, out);
  }
  const MappedToCloud mapped = mapped_nodes(observed);
  for (const std::string& code : codes) {
    out.clouds.push_back(status_of(code, desired, observed, mapped, unadopted));
  }
  if (observed.tree.is_unknown() && desired.ensemble.state == RunState::running) {
    out.unobserved.push_back({"ensemble", observed.tree.why()});
  }
  for (const auto& [name, facts] : observed.hosts) {
    if (!facts.is_present()) {
      out.unobserved.push_back({name, facts.is_unknown() ? facts.why() : "not there"});
    }
  }
  return out;
}

}  // namespace arcform
