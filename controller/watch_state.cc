// SPDX-License-Identifier: Apache-2.0
#include "controller/watch_state.h"

namespace arcform {

const char* name_of(WatchMode mode) {
  switch (mode) {
    case WatchMode::starting:
      return "starting";
    case WatchMode::leading:
      return "leading";
    case WatchMode::standby:
      return "standby";
    case WatchMode::observing:
      return "observing";
    case WatchMode::stopping:
      return "stopping";
  }
  return "";
}

const char* name_of(WatchEvent::Kind kind) {
  switch (kind) {
    case WatchEvent::Kind::started:
      return "started";
    case WatchEvent::Kind::spec_changed:
      return "spec changed";
    case WatchEvent::Kind::spec_refused:
      return "spec refused";
    case WatchEvent::Kind::mode_changed:
      return "mode changed";
    case WatchEvent::Kind::round:
      return "round";
    case WatchEvent::Kind::action_started:
      return "action started";
    case WatchEvent::Kind::action_done:
      return "action done";
    case WatchEvent::Kind::action_failed:
      return "action failed";
    case WatchEvent::Kind::action_skipped:
      return "action skipped";
    case WatchEvent::Kind::withheld:
      return "withheld";
    case WatchEvent::Kind::waiting:
      return "waiting";
    case WatchEvent::Kind::node_gone:
      return "node gone";
    case WatchEvent::Kind::alarm:
      return "alarm";
    case WatchEvent::Kind::converged:
      return "converged";
    case WatchEvent::Kind::paused:
      return "paused";
    case WatchEvent::Kind::resumed:
      return "resumed";
    case WatchEvent::Kind::hook_failed:
      return "hook failed";
    case WatchEvent::Kind::hook_works:
      return "hook works";
  }
  return "";
}

}  // namespace arcform
