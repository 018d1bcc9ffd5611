// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/diff.h"
#include "model/node_arguments.h"

namespace arcform {
namespace {

const ObservedCloud kEmptyCloud;
// What is so of many nodes at once is said once.
const Reason kOldEphemeral("its process is gone, its old ephemeral znode still stands");
const Reason kProcessGone("not running, its process is gone");
const Reason kNeverStarted("not running, never started here");
const Reason kServes("joined and answering");
const Reason kDoesNotAnswer("joined, but does not answer");
const Reason kHasLeft("running and answering, but not in the cloud: its data is stale");
/// Seconds. A node serves some milliseconds after it has joined, later on a busy host.
constexpr std::uint64_t kJustStarted = 10;

/// The process that seems to own a port which is not ours, for the message.
std::string owner_of_port(const HostFacts& facts, std::uint16_t port) {
  for (const ObservedProcess& process : facts.processes) {
    const auto arguments = parse_node_arguments(process.argv);
    if (process.comm == "memcached" && arguments && arguments->port == port) {
      return fmt::format("port {} is taken by pid {} ({}), which is not ours", port, process.pid,
                         printable(process.argv.front(), 80));
    }
  }
  return fmt::format("port {} is taken by a process that is not ours", port);
}

const ObservedJoin* join_of(const ObservedCloud& cloud, Endpoint endpoint,
                            const ObservedJoin* near) {
  if (near != nullptr && near->endpoint == endpoint && near->owner != 0) {
    return near;
  }
  const auto first = std::lower_bound(
      cloud.joined.begin(), cloud.joined.end(), endpoint,
      [](const ObservedJoin& join, Endpoint wanted) { return join.endpoint < wanted; });
  for (auto join = first; join != cloud.joined.end() && join->endpoint == endpoint; ++join) {
    if (join->owner != 0) {
      return &*join;
    }
  }
  return nullptr;
}

void judge_without_process(const HostFacts& facts, Endpoint endpoint, NodeJudgement& out) {
  if (facts.is_listening(endpoint.port)) {
    out.verdict = Verdict::foreign;
    out.why = owner_of_port(facts, endpoint.port);
  } else if (out.join != nullptr) {
    out.verdict = Verdict::crashed;
    out.why = kOldEphemeral;
  } else {
    out.verdict = Verdict::stopped;
    out.why = out.slot != nullptr && out.slot->identity ? kProcessGone : kNeverStarted;
  }
}

void judge_process(const HostFacts& facts, const NodeWitnesses& witnesses,
                   std::uint32_t session_timeout_s, NodeJudgement& out) {
  const Observation<NodeAnswer>* const answer = witnesses.answer;
  if (answer == nullptr || answer->is_unknown()) {
    out.verdict = Verdict::unknown;
    out.why = answer == nullptr ? "was not asked whether it serves" : answer->why();
    return;
  }
  const bool answers = answer->is_present();
  const std::uint64_t age_s =
      (facts.uptime_ticks - std::min(facts.uptime_ticks, out.process->start_ticks)) /
      std::max(1U, facts.ticks_per_second);
  if (out.join != nullptr && !answers && age_s < kJustStarted) {
    out.verdict = Verdict::starting;
    out.why = fmt::format("started {} s ago, has joined, does not answer yet", age_s);
    return;
  }
  if (out.join != nullptr) {
    out.verdict = answers ? Verdict::up : Verdict::silent;
    out.why = answers ? kServes : kDoesNotAnswer;
    return;
  }
  // A server serves only after it has joined, so one that answers has left again. Two seconds let
  // a start be over; one that does not answer may wait for ZooKeeper a session timeout long.
  const bool may_still_join = age_s < (answers ? 2U : session_timeout_s + 10U);
  out.verdict = may_still_join ? Verdict::starting : Verdict::paused;
  out.why = may_still_join ? Reason(fmt::format("started {} s ago, has not joined yet", age_s))
            : answers      ? kHasLeft
                           : Reason(fmt::format("running for {} s without joining", age_s));
}

}  // namespace

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::up:
      return "up";
    case Verdict::stopped:
      return "stopped";
    case Verdict::crashed:
      return "crashed";
    case Verdict::paused:
      return "paused";
    case Verdict::starting:
      return "starting";
    case Verdict::silent:
      return "silent";
    case Verdict::foreign:
      return "foreign";
    case Verdict::unknown:
      return "unknown";
  }
  return "unknown";
}

NodeJudgement judge(const NodeWitnesses& witnesses, Endpoint endpoint,
                    std::uint32_t session_timeout_s) {
  NodeJudgement out;
  if (witnesses.host == nullptr || !witnesses.host->is_present()) {
    out.why = witnesses.host != nullptr && witnesses.host->is_unknown() ? witnesses.host->why()
                                                                        : "its host was not asked";
    return out;
  }
  const HostFacts& facts = witnesses.host->value();
  const std::string slot = node_slot(endpoint.port);
  out.slot = witnesses.near_slot != nullptr && witnesses.near_slot->name == slot
                 ? witnesses.near_slot
                 : facts.slot(slot);
  out.process = out.slot != nullptr ? facts.process_of(*out.slot) : nullptr;
  if (witnesses.cloud != nullptr) {
    out.join = join_of(*witnesses.cloud, endpoint, witnesses.near);
  }
  if (out.process == nullptr) {
    judge_without_process(facts, endpoint, out);
  } else if (witnesses.cloud == nullptr) {
    out.why = "runs; whether it has joined is unknown, as ZooKeeper could not be read";
  } else {
    judge_process(facts, witnesses, session_timeout_s, out);
  }
  return out;
}

NodeWitnesses witnesses_of(const ObservedState& observed, const std::string& host,
                           Endpoint endpoint, const std::string& service_code) {
  NodeWitnesses out;
  if (const auto found = observed.hosts.find(host); found != observed.hosts.end()) {
    out.host = &found->second;
  }
  if (observed.tree.is_absent()) {
    out.cloud = &kEmptyCloud;
  } else if (const TreeFacts* tree = observed.tree.get()) {
    const auto found = tree->clouds.find(service_code);
    out.cloud = found == tree->clouds.end() ? &kEmptyCloud : &found->second;
  }
  if (const auto found = observed.nodes.find(endpoint); found != observed.nodes.end()) {
    out.answer = &found->second;
  }
  return out;
}

bool ensemble_is_new(const DesiredState& desired, const ObservedState& observed) {
  if (!desired.ensemble.external.empty() || desired.ensemble.servers.empty()) {
    return false;
  }
  return std::all_of(desired.ensemble.servers.begin(), desired.ensemble.servers.end(),
                     [&](const DesiredServer& server) {
                       const HostFacts* const facts = observed.host(server.host);
                       if (facts == nullptr || facts->data.has_data) {
                         return false;
                       }
                       // One that was started may have its data elsewhere, or on a disk that is
                       // not mounted.
                       const ObservedSlot* const slot = facts->slot(server_slot(server.id));
                       return (slot == nullptr || !slot->identity) &&
                              !facts->is_listening(desired.ensemble.client_port);
                     });
}

}  // namespace arcform
