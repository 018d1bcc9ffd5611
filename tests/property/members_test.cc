// SPDX-License-Identifier: Apache-2.0
// Members of an ensemble come and go, with and without dynamic reconfiguration, while controllers
// die and connections are lost: no list that a server runs with ever loses its majority by us, and
// in the end the spec's list is everybody's.
#include <catch2/catch.hpp>

#include "model/membership.h"
#include "tests/sim/invariants.h"
#include "tests/sim/random_spec.h"
#include "tests/sim/run_loop.h"
#include "tests/support/builders.h"

namespace arcform::sim {
namespace {

using std::chrono::seconds;

/// Five hosts with a node each, servers on three to five of them.
/// `stock`: the nodes cannot be told of other servers and have to be restarted for them.
DesiredState random_members(std::mt19937_64& random, bool reconfigures, bool stock) {
  DesiredState desired =
      a_spec().with_hosts(5).with_ensemble(5).with_cloud("c").with_nodes(1).build();
  for (DesiredPackage& package : desired.packages) {
    if (stock && package.name == "arcus") {
      package.installed = "/opt/stock";
    }
  }
  while (desired.ensemble.servers.size() > 3 && pick(random, 0, 2) > 0) {
    const std::size_t gone = pick(random, 1, desired.ensemble.servers.size() - 1);
    desired.ensemble.servers.erase(desired.ensemble.servers.begin() +
                                   static_cast<std::ptrdiff_t>(gone));
  }
  if (reconfigures) {
    desired.ensemble.config["reconfigEnabled"] = "true";
  }
  return desired;
}

ApplyRequest checked() {
  ApplyRequest request;
  request.planned = [](const Round& round) { Invariants::check_plan(round); };
  return request;
}

/// A few applies, the first of which may be killed after some effects.
std::string change(SimWorld& world, const DesiredState& desired, std::uint64_t crash_after) {
  ApplyRequest first = checked();
  first.crash_after = crash_after;
  try {
    run_apply(world, desired, first);
  } catch (const Crash&) {
    world.advance(seconds(40));
  }
  std::string text;
  for (int round = 0; round < 5; ++round) {
    const ApplyRun run = run_apply(world, desired, checked());
    if (run.result.outcome == Outcome::converged) {
      return "converged";
    }
    text = name_of(run.result.outcome);
    for (const std::string& line : run.lines) {
      text += "\n" + line;
    }
    for (const Held& held : run.result.last.plan.held) {
      text += "\nheld: " + held.subject + ": " + held.reason;
    }
    world.advance(seconds(15));
  }
  return text;
}

void check_members(SimWorld& world, const DesiredState& desired) {
  const Round round = run_look(world, desired);
  for (const DesiredServer& server : desired.ensemble.servers) {
    REQUIRE(round.observed.servers.at(server.id).is_present());
    CHECK(round.observed.servers.at(server.id).value().members == wanted_members(desired));
  }
  CHECK(world.joined("c").size() == 5);
}

}  // namespace

TEST_CASE("members come and go, whatever is lost on the way") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const bool reconfigures = seed % 2 == 0;
    const bool stock = seed % 4 < 2;
    DesiredState desired = random_members(random, reconfigures, stock);
    SimWorld world(desired, seed);
    Invariants rules(world);
    rules.expect(desired);
    REQUIRE(change(world, desired, 0) == "converged");
    for (int edit = 0; edit < 3; ++edit) {
      CAPTURE(edit);
      desired = random_members(random, reconfigures, stock);
      rules.expect(desired);
      if (pick(random, 0, 1) == 0) {
        world.faults().arm(Fault::zk_error_after, "zk reconfig", 1);
      }
      REQUIRE(change(world, desired, pick(random, 0, 12)) == "converged");
      check_members(world, desired);
    }
  }
}

}  // namespace arcform::sim
