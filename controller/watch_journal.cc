// SPDX-License-Identifier: Apache-2.0
#include "controller/watch_journal.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "controller/terminal.h"

namespace arcform {
namespace {

using Kind = WatchEvent::Kind;

/// Text from hosts and znodes ends up in logs and pages.
constexpr std::size_t kTextMax = 1000;

}  // namespace

std::string kind_of(const Action& action) {
  const std::string words = describe(action);
  const std::string verb = words.substr(0, words.find(' '));
  const std::string what = subject(action);
  if (Endpoint::parse(what)) {
    return verb + " node";
  }
  for (const char* const kind : {"server", "cloud", "tree", "ensemble"}) {
    if (what.starts_with(kind)) {
      return verb + " " + kind;
    }
  }
  return verb;
}

WatchJournal::WatchJournal(const Clock& clock, std::string me) : clock_(clock) {
  state_.me = std::move(me);
}

void WatchJournal::publish() {
  for (WatchObserver* const observer : observers_) {
    observer->on_state(state_);
  }
}

void WatchJournal::note(What what) {
  WatchEvent event;
  event.id = ++last_event_;
  event.kind = what.kind;
  event.at = clock_.timestamp();
  event.round = round_;
  event.action = std::move(what.action);
  event.subject = printable(what.subject, kTextMax);
  event.text = printable(what.text, kTextMax);
  event.took = what.took;
  for (WatchObserver* const observer : observers_) {
    observer->on_event(event);
  }
  state_.events.push_back(std::move(event));
  if (state_.events.size() > WatchState::kEventsKept) {
    state_.events.pop_front();
  }
  publish();
}

void WatchJournal::set_mode(WatchMode mode, const std::string& why) {
  if (state_.mode == mode && state_.why_observing == why) {
    return;
  }
  const bool same = state_.mode == mode;
  state_.mode = mode;
  state_.why_observing = why;
  if (same) {  // Another reason for the same is no event: an error's text may change all the time.
    publish();
    return;
  }
  note({Kind::mode_changed,
        "",
        why.empty() ? name_of(mode) : fmt::format("{}: {}", name_of(mode), why),
        "",
        {}});
}

void WatchJournal::set_waiting(const std::string& what) {
  if (state_.waiting_for == what) {
    return;
  }
  state_.waiting_for = what;
  if (what.empty()) {
    publish();
  } else {
    note({Kind::waiting, "", what, "", {}});
  }
}

void WatchJournal::set_alarms(const std::vector<std::string>& alarms) {
  std::set<std::string> now(alarms.begin(), alarms.end());
  const std::set<std::string> before = std::exchange(alarms_, now);
  state_.alarms.assign(now.begin(), now.end());
  for (const std::string& alarm : now) {
    if (!before.contains(alarm)) {
      ++state_.counters.alarms;
      note({Kind::alarm, "", alarm, "", {}});
    }
  }
  if (now != before) {
    publish();
  }
}

void WatchJournal::set_withheld(std::vector<WatchWithheld> withheld) {
  const auto is_known = [this](const WatchWithheld& one) {
    return std::any_of(state_.withheld.begin(), state_.withheld.end(),
                       [&one](const WatchWithheld& other) { return other.text == one.text; });
  };
  std::vector<WatchWithheld> fresh;
  std::copy_if(withheld.begin(), withheld.end(), std::back_inserter(fresh),
               [&](const WatchWithheld& one) { return !is_known(one); });
  state_.withheld = std::move(withheld);
  for (const WatchWithheld& one : fresh) {
    ++state_.counters.actions_withheld[one.why.substr(0, one.why.find_first_of(":0123456789"))];
    note({Kind::withheld, one.subject, one.text + ": " + one.why, "", {}});
  }
}

void WatchJournal::begin_round() {
  ++round_;
  actions_ = 0;
  ++state_.counters.rounds;
}

std::string WatchJournal::next_action() {
  return fmt::format("{}.{}", round_, ++actions_);
}

void WatchProgress::step_started(const Plan& plan, StepId step) {
  const Step& it = plan.steps[step];
  listener_.on_step_started(it);
  WatchAction action{journal_.next_action(), subject(it.action), describe(it.action),
                     printable(it.reason.value()), clock_.now()};
  journal_.change().doing.push_back(action);
  journal_.note(
      {Kind::action_started, action.subject, action.text + ": " + action.reason, action.id, {}});
}

std::optional<std::string> WatchProgress::end(const Step& step) {
  std::vector<WatchAction>& doing = journal_.change().doing;
  const std::string text = describe(step.action);
  const auto found = std::find_if(doing.begin(), doing.end(), [&text](const WatchAction& action) {
    return action.text == text;
  });
  if (found == doing.end()) {
    return std::nullopt;
  }
  std::string id = found->id;
  doing.erase(found);
  return id;
}

void WatchProgress::step_done(const Plan& plan, StepId step, Time took) {
  const Step& it = plan.steps[step];
  const std::string id = end(it).value_or("");
  ++journal_.change().counters.actions_done[{cloud_of(it.action), kind_of(it.action)}];
  listener_.on_step_ended(it, true);
  journal_.note({Kind::action_done, subject(it.action), describe(it.action), id, took});
}

void WatchProgress::step_failed(const Plan& plan, StepId step, const Error& error) {
  const Step& it = plan.steps[step];
  std::optional<std::string> id = end(it);
  ++journal_.change().counters.actions_failed[{cloud_of(it.action), kind_of(it.action)}];
  if (id) {
    listener_.on_step_ended(it, false);
  } else {  // Its turn did not come: it says nothing of its node.
    id = journal_.next_action();
  }
  journal_.note({Kind::action_failed,
                 subject(it.action),
                 describe(it.action) + ": " + error.message,
                 *id,
                 {}});
}

void WatchProgress::step_skipped(const Plan& plan, StepId step, const std::string& why) {
  const Step& it = plan.steps[step];
  journal_.note(
      {Kind::action_skipped, subject(it.action), describe(it.action) + ": " + why, "", {}});
}

void WatchProgress::waiting(const std::string& what) {
  journal_.set_waiting(what);
}

void WatchProgress::uploading(const UploadProgress& progress) {
  journal_.set_waiting(render_upload(progress));
}

}  // namespace arcform
