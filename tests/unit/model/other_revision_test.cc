// SPDX-License-Identifier: Apache-2.0
#include "model/other_revision.h"

#include <catch2/catch.hpp>

#include "model/damping.h"
#include "tests/support/builders.h"

namespace arcform {
namespace {

constexpr const char* kMe = "ann@ops1 pid 1";

/// One controller that follows the spec "ours".
struct Follower {
  RevisionMemory memory;

  bool holds(std::uint64_t revision, const std::string& digest,
             const std::string& by = "bob@desk pid 7") {
    DeploymentRecord record;
    record.revision = revision;
    record.spec_digest = digest;
    record.at = "2026-01-31T10:00:00Z";
    record.by = by;
    memory = note_applied(std::move(memory), record, "ours", kMe);
    return memory.other.has_value();
  }
};

TEST_CASE("whatever is recorded at the start is older than our file") {
  Follower it;
  CHECK_FALSE(it.holds(3, "theirs"));
  CHECK_FALSE(it.holds(3, "theirs"));
  CHECK(it.holds(4, "theirs"));  // The same spec, applied again.
}

TEST_CASE("another spec that is applied later is held against ours until") {
  Follower it;
  REQUIRE_FALSE(it.holds(3, "ours"));
  REQUIRE(it.holds(4, "theirs"));
  REQUIRE(it.holds(4, "theirs"));
  SECTION("ours is applied again") {
    CHECK_FALSE(it.holds(5, "ours"));
    CHECK(it.holds(6, "theirs"));
  }
  SECTION("a person prefers ours") {
    it.memory = prefer_ours(it.memory);
    CHECK_FALSE(it.holds(4, "theirs"));
    CHECK(it.holds(5, "a third"));
  }
  SECTION("a later one of theirs takes its place") {
    CHECK(it.holds(5, "a third"));
    CHECK(it.memory.other->spec_digest == "a third");
  }
}

TEST_CASE("what we have written ourselves under an earlier file is not another's") {
  Follower it;
  REQUIRE_FALSE(it.holds(3, "ours"));
  CHECK_FALSE(it.holds(4, "our older file", kMe));
}

TEST_CASE("a controller with the same spec is not another person") {
  Follower it;
  REQUIRE_FALSE(it.holds(3, "an older one"));
  CHECK_FALSE(it.holds(4, "ours", "ann@ops2 pid 1"));
}

TEST_CASE("records that are wiped or rolled back are no apply") {
  Follower it;
  REQUIRE_FALSE(it.holds(3, "ours"));
  CHECK_FALSE(it.holds(0, "", ""));
  CHECK(it.holds(1, "theirs"));
  Follower other;
  REQUIRE_FALSE(other.holds(3, "ours"));
  CHECK_FALSE(other.holds(2, "an older one"));
}

TEST_CASE("another spec at the same number is another record") {
  Follower it;
  REQUIRE_FALSE(it.holds(3, "ours"));
  CHECK(it.holds(3, "theirs"));
}

TEST_CASE("an approval is of a spec and of what it goes over") {
  const AppliedRevision theirs{4, "theirs", "", ""};
  const AppliedRevision later{5, "theirs", "", ""};
  CHECK(approval_digest("ours", std::nullopt) == "ours");
  CHECK(approval_digest("ours", AppliedRevision{3, "ours", "", ""}) == "ours");
  CHECK(approval_digest("ours", theirs) != "ours");
  CHECK(approval_digest("ours", theirs) != approval_digest("ours", later));
}

TEST_CASE("the alarm says who applied what, when and from where") {
  const AppliedRevision other{4, "0123456789abcdef", "2026-01-31T10:00:00Z", "bob@desk\x1b pid 7"};
  CHECK(why_held(other) ==
        "another spec was applied since: revision 4 (spec 0123456789ab) by bob@desk\\x1B pid 7, at "
        "2026-01-31T10:00:00Z");
  CHECK(
      alarm_of(other) ==
      "another spec than this controller's was applied: revision 4 (spec 0123456789ab) by "
      "bob@desk\\x1B pid 7, at 2026-01-31T10:00:00Z; nothing is changed until that is in the spec "
      "file here, this one is applied again, or its plan is approved");
}

TEST_CASE("while another spec is the last applied one every step is held, repairs too") {
  const DesiredState desired =
      a_spec().with_hosts(3).with_ensemble(3).with_cloud("shop").with_nodes(1).build();
  ObservedState observed = ideal(desired);
  kill_node(observed, desired.hosts[1].name, at("10.0.0.2:11211"), true);
  const Plan wanted = plan(desired, observed, {});
  REQUIRE(wanted.steps.size() == 1);
  const DampingLimits limits;
  const Sighting sighting = sight(desired, observed);
  const Damping memory = note_look({}, sighting, std::chrono::seconds(1), limits);
  Mandate mandate;
  mandate.approved = true;
  mandate.approved_steps = {0};  // Before they applied theirs.
  mandate.other = AppliedRevision{4, "theirs", "", "bob@desk pid 7"};
  const Permission out = permit(memory, sighting, wanted, mandate, std::chrono::seconds(1), limits);
  CHECK(out.why_not.at(0) == why_held(*mandate.other));
  CHECK(out.to_approve == std::vector<StepId>{0});
  CHECK(out.alarms == std::vector<std::string>{alarm_of(*mandate.other)});
}

}  // namespace
}  // namespace arcform
