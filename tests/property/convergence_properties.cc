// SPDX-License-Identifier: Apache-2.0
// What holds while plans are applied, in a pure model of the world: they get there, twice is once,
// and no order of ready steps breaks a rule on the way.
#include <algorithm>

#include <catch2/catch.hpp>

#include "model/diff.h"
#include "model/render.h"
#include "tests/property/generators.h"
#include "tests/support/builders.h"
#include "tests/support/model_world.h"

using namespace arcform;

namespace {

/// Differences that no plan removes: somebody must look.
std::size_t removable(const std::vector<Drift>& drift) {
  return static_cast<std::size_t>(std::count_if(drift.begin(), drift.end(), [](const Drift& item) {
    return item.kind != DriftKind::foreign_child;
  }));
}

bool has_kind(const std::vector<Drift>& drift, DriftKind kind) {
  return std::any_of(drift.begin(), drift.end(),
                     [kind](const Drift& item) { return item.kind == kind; });
}

/// Runs the whole plan, one step at a time in its own order.
std::string run(ModelWorld& world, const Plan& made) {
  for (const Step& step : made.steps) {
    if (std::string broken = world.perform(made, step); !broken.empty()) {
      return broken;
    }
  }
  return "";
}

/// Runs the plan with steps beginning and ending in any order that `after` allows.
std::string run_in_any_order(ModelWorld& world, const Plan& made) {
  enum class State { waiting, running, done };
  std::vector<State> states(made.steps.size(), State::waiting);
  for (;;) {
    std::vector<StepId> possible;
    for (StepId id = 0; id < states.size(); ++id) {
      const std::vector<StepId>& after = made.steps[id].after;
      const bool ready = std::all_of(after.begin(), after.end(),
                                     [&](StepId other) { return states[other] == State::done; });
      if (states[id] == State::running || (states[id] == State::waiting && ready)) {
        possible.push_back(id);
      }
    }
    if (possible.empty()) {
      return "";
    }
    const StepId id = possible[*rc::gen::inRange<std::size_t>(0, possible.size())];
    const bool begins = states[id] == State::waiting;
    const std::string broken =
        begins ? world.begin(made.steps[id]) : world.end(made, made.steps[id]);
    if (!broken.empty()) {
      return broken;
    }
    states[id] = begins ? State::running : State::done;
  }
}

}  // namespace

TEST_CASE("applying a plan leaves less to do") {
  CHECK(holds("the diff shrinks", [] {
    const Situation it = *any_situation();
    ModelWorld world(it.desired, it.truth);
    const auto before = diff(it.desired, world.observe());
    const Plan made = plan(it.desired, world.observe(), {});
    RC_PRE(!made.steps.empty());
    // Behind an ensemble that was not serving, or a cloud that is taken over, more comes to light.
    RC_PRE(!has_kind(before, DriftKind::ensemble_unknown));
    RC_PRE(!has_kind(before, DriftKind::cloud_foreign));
    RC_ASSERT(run(world, made) == "");
    const auto after = diff(it.desired, world.observe());
    RC_LOG() << render_plan(plan(it.desired, world.observe(), {}), it.desired, world.observe(), {});
    RC_ASSERT(removable(after) < removable(before));
  }));
}

TEST_CASE("rounds come to an end, converged unless something is held") {
  CHECK(holds("N rounds reach an empty diff", [] {
    const Situation it = *any_situation();
    ModelWorld world(it.desired, it.truth);
    for (int round = 0;; ++round) {
      const Plan made = plan(it.desired, world.observe(), {});
      RC_LOG() << render_plan(made, it.desired, world.observe(), {"", false, true});
      if (made.steps.empty()) {
        RC_ASSERT((!made.held.empty() || removable(diff(it.desired, world.observe())) == 0U));
        return;
      }
      RC_ASSERT(round < 10);
      RC_ASSERT(run(world, made) == "");
    }
  }));
}

TEST_CASE("a step performed twice is a step performed once") {
  CHECK(holds("every step is idempotent", [] {
    const Situation it = *any_situation();
    ModelWorld world(it.desired, it.truth);
    const Plan made = plan(it.desired, world.observe(), {});
    for (const Step& step : made.steps) {
      RC_ASSERT(world.perform(made, step) == "");
      const ObservedState once = world.observe();
      RC_ASSERT(world.perform(made, step) == "");
      RC_ASSERT(world.observe() == once);
    }
  }));
}

TEST_CASE("a plan applied again does nothing, where nothing came in between") {
  CHECK(holds("the second plan has none of the first one's steps", [] {
    const Situation it = *any_situation();
    ModelWorld world(it.desired, it.truth);
    const Plan first = plan(it.desired, world.observe(), {});
    RC_ASSERT(run(world, first) == "");
    for (const Step& step : plan(it.desired, world.observe(), {}).steps) {
      for (const Step& old : first.steps) {
        RC_ASSERT(
            (!(step.action == old.action) || std::holds_alternative<AwaitQuorum>(step.action)));
      }
    }
  }));
}

TEST_CASE("no order of ready steps breaks a rule on the way") {
  CHECK(holds("limits, quorum and registrations hold at every instant", [] {
    const Situation it = *any_situation();
    ModelWorld world(it.desired, it.truth);
    const Plan made = plan(it.desired, world.observe(), {});
    RC_ASSERT(run_in_any_order(world, made) == "");
  }));
}

TEST_CASE("no order of ready steps breaks a rule where not everything can be seen") {
  CHECK(holds("limits, quorum and registrations hold with hosts unknown", [] {
    const Situation it = *any_clouded_situation();
    ModelWorld world(it.desired, it.truth);
    for (const auto& [host, facts] : it.observed.hosts) {
      if (!facts.is_present()) {
        world.hide(host);
      }
    }
    const Plan made = plan(it.desired, it.observed, {});
    RC_ASSERT(run_in_any_order(world, made) == "");
  }));
}
