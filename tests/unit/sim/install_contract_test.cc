// SPDX-License-Identifier: Apache-2.0
// The simulated host treats archives as the real one was seen to do.
#include "tests/contract/install_contract.h"

#include "tests/sim/sim_world.h"

namespace arcform::sim {
namespace {

class Fixture final : public HostFixture {
 public:
  Fixture() : world_(one_host()) {}
  static DesiredState one_host() {
    DesiredState desired;
    desired.deployment = "lab";
    desired.hosts.emplace_back();
    desired.hosts[0].name = "h1";
    desired.hosts[0].address = "10.0.0.1";
    return desired;
  }
  Host& host() override { return world_.host("h1"); }
  void run(Awaitable<void> work) override { world_.run(std::move(work)); }
  std::vector<std::string> argv(Program, std::uint16_t) override { return {"stand-in", "waits"}; }
  std::uint16_t free_port() override { return 20'000; }
  std::string folder() override { return "/tmp/folder"; }
  void pause() override { world_.advance(std::chrono::milliseconds(5)); }
  SimWorld& world() { return world_; }

 private:
  SimWorld world_;
};

const TestArchive kArchive{"arcus.tar.gz", std::string(64, 'a'), "gzip", 1'000'000};

TEST_CASE("the simulated host keeps the contract of archives") {
  Fixture fixture;
  check_install_contract(fixture, kArchive);
}

TEST_CASE("a simulated upload that is cut leaves nothing that looks whole") {
  Fixture fixture;
  fixture.world().faults().arm(Fault::upload_cut, "", 1, 2);
  const auto cut = await(fixture, fixture.host().install(install_of(fixture, kArchive)));
  REQUIRE_FALSE(cut.has_value());
  CHECK(cut.error().code == ErrorCode::unavailable);
  CHECK(probed_release(fixture, kArchive).releases.at("arcus").all.empty());
  CHECK_FALSE(fixture.world().machine("h1").files.empty());  // Half of it, under another name.
  expect(await(fixture, fixture.host().install(install_of(fixture, kArchive))));
  CHECK(fixture.world().machine("h1").files.empty());
}

TEST_CASE("what arrives damaged in the simulation is thrown away") {
  Fixture fixture;
  fixture.world().machine("h1").arrived_sum = std::string(64, 'b');
  const auto result = await(fixture, fixture.host().install(install_of(fixture, kArchive)));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ErrorCode::aborted);
  CHECK(fixture.world().machine("h1").files.empty());
}

}  // namespace
}  // namespace arcform::sim
