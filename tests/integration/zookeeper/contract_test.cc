// SPDX-License-Identifier: Apache-2.0
// The same contract that the simulated ZooKeeper is held to, on a real server.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/contract/reconfig_contract.h"
#include "tests/contract/znodes_contract.h"
#include "tests/integration/zookeeper/bench.h"
#include "tests/support/real_zookeeper.h"

namespace arcform {
namespace {

constexpr milliseconds kSessionTimeout{1'000};

class RealFixture : public contract::Fixture {
 public:
  explicit RealFixture(RealZookeeper::Options options = {},
                       milliseconds session_timeout = kSessionTimeout)
      : server_(options), bench_{ZookeeperOptions{.session_timeout = session_timeout}} {}
  const RealZookeeper& server() const { return server_; }
  Zookeeper& zookeeper() override { return bench_.zookeeper; }
  std::string connect_string() override { return server_.connect_string(); }
  std::string dead_connect_string() override { return fmt::format("127.0.0.1:{}", dead_port_); }
  void drive(Awaitable<void> task) override { bench_.run(std::move(task)); }
  void expire_sessions() override {
    server_.freeze();
    bench_.pass(kSessionTimeout + milliseconds(500));
    server_.thaw();
    server_.wait_until_serving();
    // The server, too, stood still: it drops the sessions a moment after it woke.
    const Time deadline = bench_.clock.now() + std::chrono::seconds(20);
    while (server_.ask("dump").find("Sessions with Ephemerals (0)") == std::string::npos) {
      REQUIRE(bench_.clock.now() < deadline);
      bench_.pass(milliseconds(20));
    }
  }

 private:
  RealZookeeper server_;
  Bench bench_;
  std::uint16_t dead_port_ = free_port();
};

#define ARCFORM_CONTRACT(check)    \
  TEST_CASE("contract: " #check) { \
    RealFixture fixture;           \
    contract::check(fixture);      \
  }

ARCFORM_CONTRACT(reads_what_was_written)
ARCFORM_CONTRACT(lists_children_sorted)
ARCFORM_CONTRACT(refuses_what_does_not_fit)
ARCFORM_CONTRACT(versions_guard_set_and_remove)
ARCFORM_CONTRACT(transactions_are_all_or_nothing)
ARCFORM_CONTRACT(transactions_see_their_own_changes)
ARCFORM_CONTRACT(checks_fence_a_transaction)
ARCFORM_CONTRACT(ephemerals_belong_to_their_session)
ARCFORM_CONTRACT(recreated_znodes_are_other_znodes)
ARCFORM_CONTRACT(any_bytes_are_data)
ARCFORM_CONTRACT(sessions_see_each_other_after_sync)
ARCFORM_CONTRACT(invalid_requests_are_not_sent)
ARCFORM_CONTRACT(the_largest_transaction_works)
ARCFORM_CONTRACT(a_closed_session_is_over)
ARCFORM_CONTRACT(an_expired_session_is_over)
ARCFORM_CONTRACT(requests_outlive_the_session_object)
ARCFORM_CONTRACT(connecting_to_nobody_is_unavailable)

TEST_CASE("contract: members change under a version") {
  RealZookeeper::Options options;
  options.servers = 3;
  options.reconfigure = true;
  // A leader that takes on two lists of members on a busy machine may be silent for a second.
  RealFixture fixture(options, milliseconds{10'000});
  contract::members_change_under_a_version(fixture, fixture.server().member_line(0));
}

TEST_CASE("contract: members stay where reconfiguration is off") {
  RealFixture fixture;
  contract::members_stay_where_it_is_off(fixture);
}

}  // namespace
}  // namespace arcform
