// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "controller/terminal.h"
#include "controller/watch_state.h"
#include "specs/event_record.h"

namespace arcform {

/// Who tells an event, for those who hear of several.
struct EventSource {
  std::string run;  ///< hexadecimal, anew at each start of the process
  std::string deployment;
  std::string controller;
};

/// Every event as one line: for people, or as a JSON object (see specs/event_schema.json).
class WatchLog final : public WatchObserver {
 public:
  WatchLog(Console& console, bool json, EventSource source = {})
      : console_(console), json_(json), source_(std::move(source)) {}
  void on_state(const WatchState& state) override;
  void on_event(const WatchEvent& event) override;

 private:
  Console& console_;
  bool json_;
  EventSource source_;
};

/// One line with its newline, both.
std::string event_line(const WatchEvent& event);
std::string event_json(const WatchEvent& event, const EventSource& source = {});

EventRecord record_of(const WatchEvent& event, const EventSource& source);

/// How much it should trouble a person.
enum class Severity { info, warning, error };
Severity severity_of(WatchEvent::Kind kind);
/// "warning"
const char* name_of(Severity severity);

}  // namespace arcform
