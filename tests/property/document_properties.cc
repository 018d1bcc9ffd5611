// SPDX-License-Identifier: Apache-2.0
// What is written is read back, whatever the world looks like.
#include <catch2/catch.hpp>

#include "specs/observed_file.h"
#include "specs/plan_file.h"
#include "tests/property/generators.h"

using namespace arcform;

TEST_CASE("an observation in a file says what was observed") {
  CHECK(holds("read(write(x)) is x", [] {
    const Situation it = *any_clouded_situation();
    const SavedObservation saved{
        "d", {"2026-01-31T10:00:00Z", "ann"}, asked_by(it.desired), it.observed};
    const Result<SavedObservation> read = read_observation(write_observation(saved), "f");
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == saved);
  }));
}

TEST_CASE("a plan from an observation in a file is the plan") {
  CHECK(holds("plan(d, read(write(o))) is plan(d, o)", [] {
    const Situation it = *any_clouded_situation();
    const SavedObservation saved{"d", {}, asked_by(it.desired), it.observed};
    Result<SavedObservation> read = read_observation(write_observation(saved), "f");
    RC_ASSERT(read.has_value());
    forget_unasked(read->asked, it.desired, read->state);
    const Plan before = plan(it.desired, it.observed, {});
    RC_ASSERT(plan(it.desired, read->state, {}).steps == before.steps);
  }));
}

TEST_CASE("what a plan relies on has not moved while nothing has") {
  CHECK(holds("moved_facts(p, facts(p, o), o) is empty", [] {
    const Situation it = *any_clouded_situation();
    const Plan planned = plan(it.desired, it.observed, {});
    const PlanFacts facts = facts_of(planned, it.desired, it.observed);
    RC_ASSERT(facts.of_steps.size() == planned.steps.size());
    RC_ASSERT(moved_facts(planned, facts, it.desired, it.observed).empty());
  }));
}
