// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/progress.h"
#include "controller/watch_state.h"

namespace arcform {

/// Keeps the state that is shown, numbers what happens, and tells those who listen.
class WatchJournal {
 public:
  /// `clock` must outlive this object.
  WatchJournal(const Clock& clock, std::string me);
  /// `observer` must outlive this object.
  void listen(WatchObserver& observer) { observers_.push_back(&observer); }

  /// Nobody is told any more.
  void silence() { observers_.clear(); }

  const WatchState& state() const { return state_; }
  /// To be changed; then call publish().
  WatchState& change() { return state_; }
  void publish();

  struct What {
    WatchEvent::Kind kind = WatchEvent::Kind::started;
    std::string subject;
    std::string text;
    std::string action;
    Time took{};
  };
  /// Notes an event and publishes.
  void note(What what);
  void set_mode(WatchMode mode, const std::string& why);
  void set_waiting(const std::string& what);
  /// Those that were not there before are events; those that are gone are forgotten.
  void set_alarms(const std::vector<std::string>& alarms);
  void set_withheld(std::vector<WatchWithheld> withheld);

  /// A new round begins: events and actions carry its number.
  void begin_round();
  std::uint64_t round() const { return round_; }
  /// "17.2": a new one in this round.
  std::string next_action();

 private:
  const Clock& clock_;
  WatchState state_;
  std::vector<WatchObserver*> observers_;
  std::uint64_t round_ = 0;
  std::uint64_t actions_ = 0;
  std::uint64_t last_event_ = 0;
  std::set<std::string> alarms_;
};

/// What an apply does, for a journal.
class WatchProgress final : public Progress {
 public:
  /// Called before each step that is begun, and after it with its outcome. Both must outlive this
  /// object.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_step_started(const Step& step) = 0;
    virtual void on_step_ended(const Step& step, bool done) = 0;
  };
  WatchProgress(WatchJournal& journal, const Clock& clock, Listener& listener)
      : journal_(journal), clock_(clock), listener_(listener) {}

  void step_started(const Plan& plan, StepId step) override;
  void step_done(const Plan& plan, StepId step, Time took) override;
  void step_failed(const Plan& plan, StepId step, const Error& error) override;
  void step_skipped(const Plan& plan, StepId step, const std::string& why) override;
  void waiting(const std::string& what) override;
  void uploading(const UploadProgress& progress) override;

 private:
  /// The id that the step was started under; nothing: it was not.
  std::optional<std::string> end(const Step& step);

  WatchJournal& journal_;
  const Clock& clock_;
  Listener& listener_;
};

/// "start node", "register cloud": few different ones, for counting.
std::string kind_of(const Action& action);

}  // namespace arcform
