// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "controller/terminal.h"
#include "controller/watch_state.h"

namespace arcform {

/// Every event as one line: for people, or as a JSON object with the same members as in the list of
/// events ("id", "at", "event", "round", "action", "subject", "text", "seconds", "severity").
class WatchLog final : public WatchObserver {
 public:
  WatchLog(Console& console, bool json) : console_(console), json_(json) {}
  void on_state(const WatchState& state) override;
  void on_event(const WatchEvent& event) override;

 private:
  Console& console_;
  bool json_;
};

/// Without and with its newline.
std::string event_line(const WatchEvent& event);
std::string event_json(const WatchEvent& event);

}  // namespace arcform
