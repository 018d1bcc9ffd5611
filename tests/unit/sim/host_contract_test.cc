// SPDX-License-Identifier: Apache-2.0
// The simulated host keeps the contract that the real one was seen to keep.
#include "tests/contract/foreign_contract.h"
#include "tests/sim/sim_world.h"

namespace arcform::sim {
namespace {

DesiredState one_host() {
  DesiredState desired;
  desired.deployment = "lab";
  DesiredHost host;
  host.name = "h1";
  host.address = "10.0.0.1";
  desired.hosts.push_back(host);
  return desired;
}

class SimHostFixture final : public HostFixture {
 public:
  SimHostFixture() : world_(one_host()) {}
  Host& host() override { return world_.host("h1"); }
  void run(Awaitable<void> work) override { world_.run(std::move(work)); }
  std::vector<std::string> argv(Program program, std::uint16_t port) override {
    switch (program) {
      case Program::listens:
        return {"stand-in", "listens", std::to_string(port)};
      case Program::exits_at_once:
        return {"stand-in", "ends"};
      case Program::ignores_term:
        return {"stand-in", "ignores-term", std::to_string(port)};
      case Program::waits:
        return {"stand-in", "waits"};
    }
    return {};
  }
  std::uint16_t free_port() override { return port_++; }
  std::string folder() override { return "/tmp/folder"; }
  void pause() override { world_.advance(std::chrono::milliseconds(5)); }

 private:
  SimWorld world_;
  std::uint16_t port_ = 20'000;
};

TEST_CASE("the simulated host keeps the contract") {
  SimHostFixture fixture;
  check_host_contract(fixture);
}

TEST_CASE("the simulated host keeps the contract of what others made") {
  SimHostFixture fixture;
  check_foreign_contract(fixture);
}

}  // namespace
}  // namespace arcform::sim
