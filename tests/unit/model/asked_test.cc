// SPDX-License-Identifier: Apache-2.0
#include "model/asked.h"

#include <catch2/catch.hpp>

#include "model/plan.h"
#include "tests/support/builders.h"

using namespace arcform;

namespace {

/// The observation of three_hosts() as another spec reads it.
ObservedState read_by(const DesiredState& desired) {
  const DesiredState before = three_hosts();
  ObservedState seen = ideal(before, 2);
  forget_unasked(asked_by(before), desired, seen);
  return seen;
}

}  // namespace

TEST_CASE("an observation answers its own spec whole") {
  const DesiredState desired = three_hosts();
  CHECK(read_by(desired) == ideal(desired, 2));
}

TEST_CASE("what the observation did not ask is unknown") {
  DesiredState desired = three_hosts();
  SECTION("a new host") {
    desired =
        a_spec().with_hosts(4).with_ensemble(3).with_cloud("test-cloud").with_nodes(2).build();
    CHECK(read_by(desired).hosts.at("cache004.arcus").is_unknown());
    CHECK(read_by(desired).hosts.at("cache001.arcus").is_present());
    CHECK(plan(desired, read_by(desired), {}).holds(Hold::unknown));
  }
  SECTION("another address") {
    desired.hosts[1].address = "10.9.9.9";
    CHECK(read_by(desired).hosts.at("cache002.arcus").is_unknown());
  }
  SECTION("another prefix") {
    desired.packages[0].installed = "/opt/other";
    CHECK(read_by(desired).hosts.at("cache001.arcus").is_unknown());
  }
  SECTION("releases of an archive") {
    DesiredPackage& arcus = desired.packages[0];
    arcus.installed = "";
    arcus.archive = "arcus.tar.gz";
    arcus.sha256 = std::string(64, 'a');
    CHECK(read_by(desired).hosts.at("cache001.arcus").why() ==
          "releases of package arcus were not looked for; observe again with this spec");
  }
  SECTION("another data directory") {
    desired.ensemble.data_directory = "/other";
    CHECK(read_by(desired).hosts.at("cache003.arcus").is_unknown());
  }
  SECTION("another ensemble") {
    desired.ensemble.client_port = 2999;
    CHECK(read_by(desired).tree.is_unknown());
    CHECK(read_by(desired).servers.empty());
  }
}

TEST_CASE("a cloud that was registered by others and not looked into is foreign") {
  const DesiredState before = three_hosts();
  ObservedState seen = ideal(before, 2);
  tree_in(seen).service_codes = {"billing", "test-cloud"};
  DesiredState desired = before;
  desired.clouds[0].service_code = "billing";
  forget_unasked(asked_by(before), desired, seen);
  const Plan planned = plan(desired, seen, {});
  CHECK_FALSE(planned.held.empty());
  for (const Step& step : planned.steps) {
    CHECK_FALSE(std::holds_alternative<RegisterCloud>(step.action));
  }
}

TEST_CASE("values that look like secrets are hidden") {
  const DesiredState desired = three_hosts();
  ObservedState seen = ideal(desired, 2);
  HostFacts& facts = host_in(seen, "cache001.arcus");
  facts.processes.push_back({99'999,
                             1,
                             "java",
                             {"java", "-Dssl.keyStorePassword=hunter2", "--auth-token", "hunter3",
                              "-Dport=1", "QuorumPeerMain"}});
  facts.slots["server-1"].config = "tickTime=2000\nssl.trustStore.password=hunter4\na=b\n";
  hide_secrets(seen);
  const HostFacts& after = host_in(seen, "cache001.arcus");
  CHECK(after.processes.back().argv ==
        std::vector<std::string>{"java", "-Dssl.keyStorePassword=***", "--auth-token", "***",
                                 "-Dport=1", "QuorumPeerMain"});
  CHECK(after.slots.at("server-1").config == "tickTime=2000\nssl.trustStore.password=***\na=b\n");
}
