// SPDX-License-Identifier: Apache-2.0
// What a watching controller makes of a look, and what it writes down about that.
#include <algorithm>

#include <fmt/format.h>

#include "controller/watch_parts.h"
#include "model/pause.h"
#include "model/znodes.h"

namespace arcform {

using Kind = WatchEvent::Kind;

namespace {

/// Such a round is run to its end: the next one would take nodes that are mapped by then for some
/// that were there before, and start them all at once.
bool adds_nodes(const Plan& plan) {
  return std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
    return step.settle && std::holds_alternative<StartNode>(step.action);
  });
}

}  // namespace

void Watch::show(const Round& round) {
  heed_record(round.observed);
  note_silent(round.observed);
  WatchState& state = journal_.change();
  auto snapshot = std::make_shared<WatchSnapshot>();
  snapshot->desired = followed_->desired;
  snapshot->observed = round.observed;
  snapshot->plan = round.plan;
  snapshot->round = journal_.round();
  snapshot->at = world_.clock.timestamp();
  snapshot->seen = world_.clock.now();
  snapshot->took = round.took;
  const std::shared_ptr<const WatchSnapshot> before = std::exchange(state.last, snapshot);
  const bool incomplete = round.plan.holds(Hold::unknown);
  state.counters.rounds_incomplete += incomplete ? 1U : 0U;
  forget_calls_before(snapshot->seen - round.took);
  const bool converged = round.plan.converged();
  if (converged) {
    state.converged_at = snapshot->at;
  }
  tell_pauses(*snapshot);
  const bool differs = before == nullptr || before->plan.steps != round.plan.steps ||
                       before->plan.held != round.plan.held;
  if (differs && converged) {
    journal_.note({Kind::converged, "", "observed equals desired", "", round.took});
  } else if (differs) {
    const std::size_t steps = round.plan.steps.size();
    const std::size_t held = round.plan.held.size();
    journal_.note({Kind::round, "",
                   fmt::format("{} {} to do, {} {} held", steps, steps == 1 ? "step" : "steps",
                               held, held == 1 ? "difference" : "differences"),
                   "", round.took});
  } else {
    journal_.publish();
  }
}

/// The spec counts as approved where a person has said so about this very record.
void Watch::heed_record(const ObservedState& observed) {
  const TreeFacts* const tree = observed.tree.get();
  if (tree == nullptr) {
    return;
  }
  const std::string& digest = followed_->desired.digest;
  recorded_ = note_applied(std::move(recorded_), tree->record, digest, journal_.state().me);
  if (recorded_.other && agreed_ && agreement_.approval &&
      agreement_.approval->spec_digest == approval_digest(digest, recorded_.other)) {
    recorded_ = prefer_ours(std::move(recorded_));
  }
}

void Watch::tell_pauses(const WatchSnapshot& seen) {
  const TreeFacts* const tree = seen.observed.tree.get();
  if (tree == nullptr) {
    return;
  }
  std::vector<Pause> now = holding(tree->record.pauses, seen.at, seen.desired.digest);
  std::erase_if(now, [](const Pause& pause) { return pause.until.empty(); });  // Ours: a freeze.
  for (const Pause& pause : now) {
    if (std::find(pauses_.begin(), pauses_.end(), pause) == pauses_.end()) {
      journal_.note({Kind::paused,
                     printable(pause.scope),
                     fmt::format("{} is paused until {}: {} ({})", printable(pause.scope),
                                 printable(pause.until, 40), printable(pause.reason, 200),
                                 printable(pause.by, 120)),
                     "",
                     {}});
    }
  }
  for (const Pause& pause : pauses_) {
    const auto same = [&pause](const Pause& other) { return other.scope == pause.scope; };
    if (std::none_of(now.begin(), now.end(), same)) {
      journal_.note(
          {Kind::resumed, printable(pause.scope), printable(pause.scope) + " goes on", "", {}});
    }
  }
  pauses_ = std::move(now);
}

Plan Watch::decide(const Round& round, Plan plan) {
  const Time now = world_.clock.now();
  show(round);
  forget_expected(round.observed);
  const ZnodeSession* const session = followed_->session.live();
  if (session == nullptr || session->session_id() != led_session_) {
    followed_->context.interrupted = true;  // Who leads by now is to be found out first.
  }
  sighting_ = sight(followed_->desired, round.observed);
  memory_ = note_look(std::move(memory_), sighting_, now, options_.limits);
  freezes_.clear();
  Mandate mandate;
  mandate.policy = followed_->desired.watch;
  const std::string& digest = followed_->desired.digest;
  mandate.other = recorded_.other;
  if (agreement_.approval &&
      (agreement_.approval->spec_digest == digest ||
       agreement_.approval->spec_digest == approval_digest(digest, recorded_.agreed))) {
    for (StepId id = 0; id < plan.steps.size(); ++id) {
      if (agreement_.approval->covers(printable(describe(plan.steps[id].action), 300))) {
        mandate.approved_steps.insert(id);
      }
    }
  }
  if (const TreeFacts* const tree = round.observed.tree.get()) {
    std::copy_if(tree->record.pauses.begin(), tree->record.pauses.end(),
                 std::back_inserter(freezes_),
                 [](const Pause& pause) { return pause.until.empty(); });
    mandate.approved = tree->record.spec_digest == digest;
  }
  mandate.freezes = freezes_;
  const Permission permission = permit(memory_, sighting_, plan, mandate, now, options_.limits);
  followed_->wake = permission.look_again;
  withhold(plan, permission);
  propose(plan, permission);
  journal_.set_alarms(permission.alarms);
  std::vector<bool> leave_out(plan.steps.size(), false);
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    leave_out[id] = !permission.why_not[id].empty();
  }
  plan = without_steps(std::move(plan), leave_out);
  const bool missed = news_ > now - round.took;  // It came while we looked.
  followed_->context.look_by = adds_nodes(plan) ? Time::max()
                               : missed         ? now
                                                : now + options_.period;
  return plan;
}

void Watch::withhold(const Plan& plan, const Permission& permission) {
  std::vector<WatchWithheld> withheld;
  for (StepId id = 0; id < plan.steps.size(); ++id) {
    if (!permission.why_not[id].empty()) {
      const Action& action = plan.steps[id].action;
      withheld.push_back({subject(action), describe(action), permission.why_not[id]});
    }
  }
  journal_.set_withheld(std::move(withheld));
}

void Watch::propose(const Plan& plan, const Permission& permission) {
  if (permission.to_approve.empty()) {
    proposal_.reset();
    journal_.change().approval.clear();
    return;
  }
  Proposal proposal;
  std::vector<std::string> steps;
  for (const StepId id : permission.to_approve) {
    if (steps.size() < Approval::kStepsMax) {  // What is left is proposed when these are done.
      steps.push_back(printable(describe(plan.steps[id].action), 300));
      proposal.marks += step_mark(steps.back());
    }
  }
  proposal.spec_digest = approval_digest(followed_->desired.digest, recorded_.other);
  proposal.hash = proposal_hash(proposal.spec_digest, steps);
  proposal.at = world_.clock.timestamp();
  proposal.by = journal_.state().me;
  const std::size_t count = steps.size();
  steps.resize(std::min(count, Proposal::kStepsMax));
  proposal.steps = std::move(steps);
  if (journal_.state().approval != proposal.hash) {
    journal_.change().approval = proposal.hash;
    journal_.note({Kind::waiting,
                   "",
                   fmt::format("{} steps wait for \"arcform approve {}\"", count, proposal.hash),
                   "",
                   {}});
  }
  proposal_ = std::move(proposal);
}

/// A proposal that people are to see, and nodes that stay frozen whoever leads next.
Awaitable<void> Watch::record_decisions() {
  ZnodeSession* const session = followed_->session.live();
  if (session == nullptr || !agreed_) {
    co_return;
  }
  const std::string& name = followed_->desired.deployment;
  std::vector<ZnodeChange> changes;
  if (proposal_ && proposal_->hash != agreement_.published) {
    const auto kind =
        agreement_.published.empty() ? ZnodeChange::Kind::create : ZnodeChange::Kind::set;
    changes.push_back({kind, znodes::proposed(name), write_proposal(*proposal_), -1});
  }
  if (!proposal_ && !agreement_.published.empty()) {
    changes.push_back({ZnodeChange::Kind::remove, znodes::proposed(name), "", -1});
  }
  std::vector<std::string> newly;
  for (const auto& [endpoint, node] : memory_.nodes) {
    const std::string scope = "node:" + endpoint.text();
    const bool known = std::any_of(freezes_.begin(), freezes_.end(),
                                   [&scope](const Pause& pause) { return pause.scope == scope; });
    if (node.frozen && !known && !frozen_recorded_.contains(scope) && changes.size() < 100) {
      Pause freeze{scope,
                   "",
                   fmt::format("{} failures within {} min", node.failures.size(),
                               options_.limits.window.count() / 60),
                   journal_.state().me,
                   world_.clock.timestamp(),
                   followed_->desired.digest};
      changes.push_back(
          {ZnodeChange::Kind::create, znodes::pause(name, scope), write_pause(freeze), -1});
      newly.push_back(scope);
    }
  }
  if (changes.empty()) {
    co_return;
  }
  const std::string published = proposal_ ? proposal_->hash : "";
  const Result<void> committed = co_await commit_fenced(
      *session, name, journal_.state().me, world_.clock.timestamp(), std::move(changes));
  // Either way not again at once: what failed (a pause of that name stands) is seen anew first.
  frozen_recorded_.insert(newly.begin(), newly.end());
  if (committed) {
    agreement_.published = published;
  } else {
    ++journal_.change().counters.zookeeper_failures;
  }
}

}  // namespace arcform
