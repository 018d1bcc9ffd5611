// SPDX-License-Identifier: Apache-2.0
#include "controller/watch_view.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "model/pause.h"

namespace arcform {
namespace {

std::uint64_t ms_of(Time time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return ms > 0 ? static_cast<std::uint64_t>(ms) : 0;
}

HostReport host_report(const DesiredHost& host, const ObservedState& observed) {
  HostReport report;
  report.name = host.name;
  report.address = host.address;
  const auto found = observed.hosts.find(host.name);
  if (found == observed.hosts.end()) {
    report.why = "not asked";
  } else if (found->second.is_unknown()) {
    report.why = printable(found->second.why());
  } else if (const HostFacts* const facts = found->second.get()) {
    report.seen = true;
    report.memory_total_kb = facts->memory_total_kb;
    report.memory_available_kb = facts->memory_available_kb;
  }
  return report;
}

std::optional<QuorumReport> quorum_in(const WatchSnapshot& last) {
  const std::vector<DesiredServer>& servers = last.desired.ensemble.servers;
  if (servers.empty()) {
    return std::nullopt;
  }
  QuorumReport quorum;
  quorum.servers = static_cast<std::uint32_t>(servers.size());
  quorum.needed = quorum.servers / 2 + 1;
  for (const DesiredServer& server : servers) {
    const auto found = last.observed.servers.find(server.id);
    const ServerAnswer* const answer =
        found == last.observed.servers.end() ? nullptr : found->second.get();
    quorum.serving += answer != nullptr && answer->mode != ServerMode::not_serving ? 1 : 0;
  }
  quorum.margin =
      static_cast<std::int32_t>(quorum.serving) - static_cast<std::int32_t>(quorum.needed);
  return quorum;
}

void add_last(WatchReport& report, const WatchSnapshot& last, const std::string& now) {
  report.round = last.round;
  report.looked_at = last.at;
  report.look_ms = ms_of(last.took);
  report.steps = static_cast<std::uint32_t>(last.plan.steps.size());
  for (const Held& held : last.plan.held) {
    report.held.push_back({name_of(held.hold), held.subject, held.reason});
  }
  report.alarms.insert(report.alarms.end(), last.plan.alarms.begin(), last.plan.alarms.end());
  report.quorum = quorum_in(last);
  for (const DesiredHost& host : last.desired.hosts) {
    report.hosts.push_back(host_report(host, last.observed));
  }
  if (const TreeFacts* const tree = last.observed.tree.get()) {
    for (const Pause& pause : holding(tree->record.pauses, now, last.desired.digest)) {
      report.pauses.push_back({pause.scope, pause.until, pause.reason, pause.by});
    }
  }
}

}  // namespace

StatusReport status_in(const WatchState& state, const std::string& name) {
  if (state.last != nullptr) {
    return status_report(state.last->desired, state.last->observed);
  }
  StatusReport report;
  report.deployment = name;
  report.verdict = "not looked at yet";
  return report;
}

WatchReport watch_in(const WatchState& state, const ShownAt& at, std::vector<NodeLoad> loads) {
  WatchReport report;
  report.mode = name_of(state.mode);
  report.why_observing = state.why_observing;
  report.me = state.me;
  report.leader = state.leader;
  report.controllers = state.controllers;
  report.now = at.timestamp;
  report.converged_at = state.converged_at;
  report.waiting_for = state.waiting_for;
  report.spec_error = state.spec_error;
  report.approval = state.approval;
  for (const WatchAction& action : state.doing) {
    report.doing.push_back(
        {action.id, action.subject, action.text, action.reason, ms_of(at.now - action.since)});
  }
  for (const WatchWithheld& withheld : state.withheld) {
    report.withheld.push_back({withheld.subject, withheld.text, withheld.why});
  }
  report.alarms = state.alarms;
  if (state.last != nullptr) {
    add_last(report, *state.last, at.timestamp);
  }
  report.loads = std::move(loads);
  return report;
}

std::string unready(const WatchState& state, Time now, Time period) {
  switch (state.mode) {
    case WatchMode::starting:
      return "starting: nothing has been looked at yet";
    case WatchMode::stopping:
      return "stopping";
    case WatchMode::observing:
      return "only looks and does not act: " + state.why_observing;
    case WatchMode::leading:
    case WatchMode::standby:
      break;
  }
  if (state.last == nullptr) {
    return "nothing has been looked at yet";
  }
  const Time patience = 2 * period + std::chrono::seconds(60);
  const Time age = now - state.last->seen;
  const bool acts = !state.doing.empty() || !state.waiting_for.empty();
  if (age > patience && !acts) {
    return fmt::format("the last look ended {} s ago",
                       std::chrono::duration_cast<std::chrono::seconds>(age).count());
  }
  return "";
}

void Durations::add(Time took) {
  const double took_s = in_seconds(took);
  sum_ += took_s;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    up_to_[i] += took_s <= kBounds[i] ? 1U : 0U;
  }
  ++up_to_.back();
}

std::int64_t seconds_of(const std::string& timestamp) {
  if (timestamp.size() != 20 || timestamp[4] != '-' || timestamp.back() != 'Z') {
    return 0;
  }
  const auto number = [&timestamp](std::size_t at, std::size_t size) {
    int value = 0;
    for (std::size_t i = at; i < at + size; ++i) {
      value = value * 10 + (timestamp[i] - '0');
    }
    return value;
  };
  using namespace std::chrono;
  const sys_days day = year(number(0, 4)) / month(static_cast<unsigned>(number(5, 2))) /
                       std::chrono::day(static_cast<unsigned>(number(8, 2)));
  const auto time = hours(number(11, 2)) + minutes(number(14, 2)) + seconds(number(17, 2));
  return duration_cast<seconds>(day.time_since_epoch() + time).count();
}

}  // namespace arcform
