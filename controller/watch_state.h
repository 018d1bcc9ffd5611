// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "drivers/world.h"
#include "model/desired.h"
#include "model/observed.h"
#include "model/plan.h"

/// What a watching controller knows and does, as values: the one thing that logs, metrics and pages
/// are made from. Times are Clock::now(); texts `at` are Clock::timestamp().
namespace arcform {

/// One look at the world: whoever holds it may keep it as long as it likes, it never changes.
struct WatchSnapshot {
  DesiredState desired;
  ObservedState observed;
  Plan plan;  ///< everything that differs, also what is withheld at the moment
  std::uint64_t round = 0;
  std::string at;  ///< when the observation ended
  Time seen{};     ///< the same, monotonic
  Time took{};     ///< of the observation
};

/// What the controller may do at the moment.
enum class WatchMode {
  starting,   ///< nothing has been looked at yet
  leading,    ///< it acts
  standby,    ///< another controller leads; this one only looks
  observing,  ///< it would lead, and does not act: see WatchState::why_observing
  stopping,   ///< no new action starts
};
/// "leading"
const char* name_of(WatchMode mode);

/// Something that happened, in the order of `id`.
struct WatchEvent {
  enum class Kind {
    started,         ///< the controller came up
    spec_changed,    ///< a new valid spec is followed from here on
    spec_refused,    ///< the file changed and is invalid: the last good one is kept
    mode_changed,    ///< leads, stands by, observes only, stops
    round,           ///< a look ended; only those that differ from the one before are events
    action_started,  ///< of one step
    action_done,
    action_failed,
    action_skipped,
    withheld,     ///< a step that would be done is not done now, and why
    waiting,      ///< for something or somebody
    node_gone,    ///< a host reports that the process of a node has ended
    alarm,        ///< a person should look
    converged,    ///< nothing differs any more
    paused,       ///< somebody asked that a scope be left alone
    resumed,      ///< and it goes on, by word or because the time is over
    hook_failed,  ///< somebody who is to be told was not reached
    hook_works,   ///< and is again
  };
  std::uint64_t id = 0;  ///< 1, 2, 3, ... in one process
  Kind kind = Kind::started;
  std::string at;
  std::uint64_t round = 0;  ///< 0: outside of a round
  std::string action;       ///< "17.2": the second step of round 17; empty: not about one
  std::string subject;      ///< "10.0.0.1:11211", "cloud shop", "host h1"; may be empty
  std::string text;         ///< one line for people, made harmless (see `printable`)
  Time took{};              ///< of an action or a round that ended
};
/// "action done"
const char* name_of(WatchEvent::Kind kind);

/// A step that is under way.
struct WatchAction {
  std::string id;  ///< as WatchEvent::action
  std::string subject;
  std::string text;    ///< "start cache node 10.0.0.1:11211 on h1"
  std::string reason;  ///< why the plan has it
  Time since{};
};

/// A step of the plan that is not done now.
struct WatchWithheld {
  std::string subject;
  std::string text;
  std::string why;  ///< "backs off for 20 s after 3 failures", "paused by ann until ..."
};

/// Counts since the process started; each only grows.
struct WatchCounters {
  using CloudAndKind = std::pair<std::string, std::string>;  ///< {"shop", "start node"}
  std::uint64_t rounds = 0;
  std::uint64_t rounds_incomplete = 0;  ///< something could not be observed
  std::uint64_t zookeeper_failures = 0;
  std::uint64_t spec_refusals = 0;
  std::uint64_t elections_won = 0;
  std::uint64_t alarms = 0;
  std::uint64_t nodes_gone = 0;                   ///< reported by the hosts
  std::map<std::string, std::uint64_t> triggers;  ///< why rounds ran: "node gone", "period"
  std::map<CloudAndKind, std::uint64_t> actions_done;
  std::map<CloudAndKind, std::uint64_t> actions_failed;
  std::map<std::string, std::uint64_t> actions_withheld;  ///< by reason's first words
};

/// Everything at one moment. A copy is cheap but for the events.
struct WatchState {
  static constexpr std::size_t kEventsKept = 200;

  WatchMode mode = WatchMode::starting;
  std::string why_observing;  ///< "no ZooKeeper server answers"; empty unless mode is observing
  std::string me;             ///< "ann@ops1 pid 4711"
  std::string leader;         ///< the same of whoever leads; empty: nobody known
  std::vector<std::string> controllers;       ///< all that take part, the leader first
  std::shared_ptr<const WatchSnapshot> last;  ///< nullptr before the first look
  std::vector<WatchAction> doing;             ///< in the order they began
  std::vector<WatchWithheld> withheld;        ///< of the last round
  std::vector<std::string> alarms;            ///< that a person should look at now
  std::string waiting_for;                    ///< one line; empty: for nothing
  std::deque<WatchEvent> events;              ///< the newest kEventsKept, oldest first
  std::string spec_error;                     ///< why the file as it is now is not followed
  std::string approval;                       ///< the HASH that a rollout waits for, or empty
  std::string converged_at;                   ///< when nothing differed the last time
  WatchCounters counters;
};

/// Hears of every change, on the loop's thread, from inside the watch loop: it must not block, must
/// not call back, and copies what it wants to keep. Several may listen.
class WatchObserver {
 public:
  virtual ~WatchObserver() = default;
  /// After every change but events; several changes at once are told once.
  virtual void on_state(const WatchState& state) = 0;
  /// Each event once, before the on_state() that shows it in the list.
  virtual void on_event(const WatchEvent& event) = 0;
};

}  // namespace arcform
