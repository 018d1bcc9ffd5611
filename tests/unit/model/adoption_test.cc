// SPDX-License-Identifier: Apache-2.0
// What may be taken over, and what may not: one witness missing is enough.
#include "model/adoption.h"

#include <catch2/catch.hpp>

#include "model/render.h"
#include "tests/support/builders.h"

using namespace arcform;

namespace {

ObservedState foreign_world(const DesiredState& desired) {
  ObservedState observed = ideal(desired);
  make_foreign(observed, desired);
  return observed;
}

std::size_t adopted_nodes(const Plan& plan) {
  std::size_t count = 0;
  for (const Step& step : plan.steps) {
    count += std::holds_alternative<AdoptNode>(step.action) ? 1U : 0U;
  }
  return count;
}

}  // namespace

TEST_CASE("what runs as the spec says is adopted, and nothing else is done") {
  const DesiredState desired = three_hosts();
  const ObservedState observed = foreign_world(desired);
  const Plan made = plan(desired, observed, {});
  CHECK(made.only_adopts());
  CHECK(adopted_nodes(made) == 6);
  CHECK(made.steps.size() == 10);
  const std::string text = render_plan(made, desired, observed, {});
  INFO(text);
  CHECK(text.find("No changes.") != std::string::npos);
  CHECK(text.find("3 servers, cloud test-cloud, 6 nodes; nothing is restarted") !=
        std::string::npos);
}

TEST_CASE("a node with a witness against it is not adopted") {
  const DesiredState desired = three_hosts();
  ObservedState observed = foreign_world(desired);
  const Endpoint node = at("10.0.0.2:11211");
  SECTION("it does not answer") {
    observed.nodes[node] = Observation<NodeAnswer>::absent();
  }
  SECTION("it has not joined") {
    remove_join(observed, node);
  }
  SECTION("two processes may be it") {
    HostFacts& facts = host_in(observed, "cache002.arcus");
    ObservedProcess twin = facts.processes.back();
    for (const ObservedProcess& process : facts.processes) {
      if (process.comm == "memcached") {
        twin = process;
        break;
      }
    }
    twin.pid = 99'999;
    facts.processes.push_back(twin);
  }
  const Plan made = plan(desired, observed, {});
  CHECK(adopted_nodes(made) == 5);
  CHECK_FALSE(made.only_adopts());
  CHECK_FALSE(made.held.empty());
}

TEST_CASE("a cloud of another deployment is named and left") {
  const DesiredState desired = three_hosts();
  ObservedState observed = foreign_world(desired);
  cloud_in(observed, "test-cloud").claimed_by = "other";
  const Plan made = plan(desired, observed, {});
  CHECK(adopted_nodes(made) == 0);
  REQUIRE(made.holds(Hold::foreign));
  CHECK(made.held.front().reason.find("belongs to deployment other") == 0);
}

TEST_CASE("a server with other settings is told by them, and not configured over") {
  const DesiredState desired = three_hosts();
  ObservedState observed = foreign_world(desired);
  observed.strangers.at(2).config += "tickTime=2500\nsyncEnabled=false\n";
  const Plan made = plan(desired, observed, {});
  REQUIRE(made.holds(Hold::foreign));
  CHECK(made.held.front().reason.find("syncEnabled false → (none)") != std::string::npos);
  CHECK(made.held.front().reason.find("tickTime 2500 → 2000") != std::string::npos);
  for (const Step& step : made.steps) {
    CHECK(is_adoption(step.action));
  }
}

TEST_CASE("settings are compared as the server takes them") {
  const DesiredState desired = three_hosts();
  const ObservedState observed = foreign_world(desired);
  RunningServer running = observed.strangers.at(1);
  const DesiredServer& server = desired.ensemble.servers.front();
  CHECK(server_difference(desired, server, running).empty());
  const std::string data = desired.ensemble.data_directory;
  running.config =
      "dataDir=" + data +
      "/x/../\nclientPort=2181\ntickTime=2000\ninitLimit=10\nsyncLimit=5\n"
      "maxClientCnxns=100\n4lw.commands.whitelist=*\nserver.1=cache001.arcus:2888:3888\n"
      "server.2=10.0.0.2:2888:3888:participant;2181\nserver.3=10.0.0.3:2888:3888;0.0.0.0:2181\n";
  CHECK(server_difference(desired, server, running).empty());
  running.config += "server.4=10.0.0.4:2888:3888\n";
  CHECK(server_difference(desired, server, running) == "server.4 10.0.0.4:2888:3888 → (none)");
}
