// SPDX-License-Identifier: Apache-2.0
#include "controller/watch_log.h"

#include <utility>

#include <fmt/format.h>

#include "specs/json_out.h"

namespace arcform {
namespace {

const char* severity(WatchEvent::Kind kind) {
  switch (kind) {
    case WatchEvent::Kind::alarm:
    case WatchEvent::Kind::action_failed:
    case WatchEvent::Kind::spec_refused:
      return "error";
    case WatchEvent::Kind::node_gone:
    case WatchEvent::Kind::withheld:
    case WatchEvent::Kind::action_skipped:
    case WatchEvent::Kind::waiting:
      return "warning";
    case WatchEvent::Kind::started:
    case WatchEvent::Kind::spec_changed:
    case WatchEvent::Kind::mode_changed:
    case WatchEvent::Kind::round:
    case WatchEvent::Kind::action_started:
    case WatchEvent::Kind::action_done:
    case WatchEvent::Kind::converged:
      return "info";
  }
  return "";
}

double seconds_of(Time time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

std::string event_line(const WatchEvent& event) {
  const std::string id = !event.action.empty() ? event.action
                         : event.round > 0     ? fmt::format("{}", event.round)
                                               : "-";
  const std::string took =
      event.took > Time::zero() ? fmt::format(" ({:.1f} s)", seconds_of(event.took)) : "";
  return fmt::format("{}  {:>6}  {:<14}  {}{}", event.at, id, name_of(event.kind), event.text,
                     took);
}

std::string event_json(const WatchEvent& event) {
  JsonOut out(JsonLayout::one_line);
  const auto text = [&out](const char* key, const std::string& value) {
    if (!value.empty()) {
      out.key(key);
      out.text(value);
    }
  };
  out.begin_object();
  out.key("id");
  out.unsigned_number(event.id);
  text("at", event.at);
  text("severity", severity(event.kind));
  text("event", name_of(event.kind));
  out.key("round");
  out.unsigned_number(event.round);
  text("action", event.action);
  text("subject", event.subject);
  text("text", event.text);
  if (event.took > Time::zero()) {
    out.key("seconds");
    out.decimal(seconds_of(event.took));
  }
  out.end_object();
  return std::move(out).take();
}

void WatchLog::on_state(const WatchState& /*state*/) {}

void WatchLog::on_event(const WatchEvent& event) {
  console_.out(json_ ? event_json(event) : event_line(event) + "\n");
}

}  // namespace arcform
