// SPDX-License-Identifier: Apache-2.0
#include "controller/ensemble_session.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <catch2/catch.hpp>

#include "tests/sim/sim_world.h"
#include "tests/support/builders.h"

namespace arcform::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Gives up once, 100 ms from now.
Awaitable<void> give_up_soon(Clock& clock, EnsembleSession& session) {
  co_await clock.wait_until(clock.now() + milliseconds(100));
  session.give_up("nobody is there");
}

TEST_CASE("an attempt that was given up tells nothing to who asks later") {
  const DesiredState desired = a_spec().with_hosts(1).with_external("10.0.0.1:2181").build();
  SimWorld world(desired);
  EnsembleSession session(world.io(), world.zookeeper(), "10.0.0.1:2181");
  world.cut_controller();
  asio::co_spawn(world.io(), give_up_soon(world.clock(), session), asio::detached);
  const auto first = world.run(session.session(seconds(5)));
  REQUIRE_FALSE(first);
  CHECK(first.error().message == "nobody is there");
  world.advance(seconds(10));  // the attempt has failed meanwhile, in the background
  world.mend_controller();
  CHECK(world.run(session.session(seconds(5))));
  world.run(session.close());
}

TEST_CASE("a session that is over is replaced at the next call") {
  const DesiredState desired = a_spec().with_hosts(1).with_external("10.0.0.1:2181").build();
  SimWorld world(desired);
  EnsembleSession session(world.io(), world.zookeeper(), "10.0.0.1:2181");
  REQUIRE(world.run(session.session(seconds(5))));
  const std::int64_t first = session.live()->session_id();
  world.expire_sessions();
  CHECK(session.live() == nullptr);
  REQUIRE(world.run(session.session(seconds(5))));
  CHECK(session.live()->session_id() != first);
  world.run(session.close());
  CHECK(session.live() == nullptr);
}

}  // namespace
}  // namespace arcform::sim
