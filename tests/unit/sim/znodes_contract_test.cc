// SPDX-License-Identifier: Apache-2.0
// The simulated ZooKeeper keeps the contract that the real one was seen to keep.
#include "tests/contract/znodes_contract.h"

#include <catch2/catch.hpp>

#include "tests/contract/reconfig_contract.h"
#include "tests/sim/run_loop.h"
#include "tests/sim/sim_world.h"
#include "tests/support/builders.h"

namespace arcform::sim {
namespace {

DesiredState external_ensemble() {
  DesiredState desired;
  desired.deployment = "lab";
  desired.ensemble.external = "10.0.0.9:2181,10.0.0.10:2181";
  return desired;
}

class SimFixture final : public contract::Fixture {
 public:
  SimFixture() : world_(external_ensemble()) {}
  /// An ensemble of its own that arcform has brought up.
  explicit SimFixture(const DesiredState& desired)
      : world_(desired), connect_string_(arcform::connect_string(desired)) {
    REQUIRE(run_apply(world_, desired, {}).result.outcome == Outcome::converged);
  }
  Zookeeper& zookeeper() override { return world_.zookeeper(); }
  std::string connect_string() override { return connect_string_; }
  std::string dead_connect_string() override { return "10.0.0.99:2181"; }
  void drive(Awaitable<void> task) override { world_.run(std::move(task)); }
  void expire_sessions() override { world_.expire_sessions(); }

 private:
  SimWorld world_;
  std::string connect_string_ = "10.0.0.9:2181,10.0.0.10:2181";
};

TEST_CASE("the simulated ZooKeeper keeps the contract") {
  using Check = void (*)(contract::Fixture&);
  const auto [name, check] = GENERATE(table<const char*, Check>({
      {"reads what was written", contract::reads_what_was_written},
      {"lists children sorted", contract::lists_children_sorted},
      {"refuses what does not fit", contract::refuses_what_does_not_fit},
      {"versions guard set and remove", contract::versions_guard_set_and_remove},
      {"transactions are all or nothing", contract::transactions_are_all_or_nothing},
      {"transactions see their own changes", contract::transactions_see_their_own_changes},
      {"checks fence a transaction", contract::checks_fence_a_transaction},
      {"ephemerals belong to their session", contract::ephemerals_belong_to_their_session},
      {"recreated znodes are other znodes", contract::recreated_znodes_are_other_znodes},
      {"any bytes are data", contract::any_bytes_are_data},
      {"sessions see each other after sync", contract::sessions_see_each_other_after_sync},
      {"invalid requests are not sent", contract::invalid_requests_are_not_sent},
      {"the largest transaction works", contract::the_largest_transaction_works},
      {"a closed session is over", contract::a_closed_session_is_over},
      {"an expired session is over", contract::an_expired_session_is_over},
      {"requests outlive the session object", contract::requests_outlive_the_session_object},
      {"connecting to nobody is unavailable", contract::connecting_to_nobody_is_unavailable},
  }));
  INFO(name);
  SimFixture fixture;
  check(fixture);
}

TEST_CASE("simulated members change under a version") {
  DesiredState desired = a_spec().with_hosts(3).with_ensemble(3).build();
  desired.ensemble.config["reconfigEnabled"] = "true";
  SimFixture fixture(desired);
  contract::members_change_under_a_version(fixture, "10.0.0.1:2888:3888:participant;10.0.0.1:2181");
}

TEST_CASE("simulated members stay where reconfiguration is off") {
  SimFixture fixture(a_spec().with_hosts(3).with_ensemble(3).build());
  contract::members_stay_where_it_is_off(fixture);
}

}  // namespace
}  // namespace arcform::sim
