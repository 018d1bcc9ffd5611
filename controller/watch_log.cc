// SPDX-License-Identifier: Apache-2.0
#include "controller/watch_log.h"

#include <fmt/format.h>

namespace arcform {
Severity severity_of(WatchEvent::Kind kind) {
  switch (kind) {
    case WatchEvent::Kind::alarm:
    case WatchEvent::Kind::action_failed:
    case WatchEvent::Kind::spec_refused:
      return Severity::error;
    case WatchEvent::Kind::node_gone:
    case WatchEvent::Kind::withheld:
    case WatchEvent::Kind::action_skipped:
    case WatchEvent::Kind::waiting:
    case WatchEvent::Kind::hook_failed:
      return Severity::warning;
    case WatchEvent::Kind::started:
    case WatchEvent::Kind::spec_changed:
    case WatchEvent::Kind::mode_changed:
    case WatchEvent::Kind::round:
    case WatchEvent::Kind::action_started:
    case WatchEvent::Kind::action_done:
    case WatchEvent::Kind::converged:
    case WatchEvent::Kind::paused:
    case WatchEvent::Kind::resumed:
    case WatchEvent::Kind::hook_works:
      return Severity::info;
  }
  return Severity::info;
}

const char* name_of(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "";
}

std::string event_line(const WatchEvent& event) {
  const std::string id = !event.action.empty() ? event.action
                         : event.round > 0     ? fmt::format("{}", event.round)
                                               : "-";
  const std::string took =
      event.took > Time::zero() ? fmt::format(" ({:.1f} s)", in_seconds(event.took)) : "";
  return fmt::format("{}  {:>6}  {:<14}  {}{}\n", event.at, id, name_of(event.kind), event.text,
                     took);
}

EventRecord record_of(const WatchEvent& event, const EventSource& source) {
  EventRecord record;
  record.id = event.id;
  record.run = source.run;
  record.deployment = source.deployment;
  record.controller = source.controller;
  record.at = event.at;
  record.severity = name_of(severity_of(event.kind));
  record.event = name_of(event.kind);
  record.round = event.round;
  record.action = event.action;
  record.subject = event.subject;
  record.text = event.text;
  record.seconds = in_seconds(event.took);
  return record;
}

std::string event_json(const WatchEvent& event, const EventSource& source) {
  return write_event(record_of(event, source));
}

void WatchLog::on_state(const WatchState& /*state*/) {}

void WatchLog::on_event(const WatchEvent& event) {
  console_.out(json_ ? event_json(event, source_) : event_line(event));
}

}  // namespace arcform
