// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <catch2/catch.hpp>

#include "model/znodes.h"
#include "tests/sim/run_loop.h"
#include "tests/support/builders.h"

namespace arcform::sim {
namespace {

using std::chrono::seconds;

std::size_t starting_with(const std::vector<std::string>& lines, const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(),
                    [&text](const std::string& line) { return line.starts_with(text); }));
}

TEST_CASE("ring changes of a cloud in use lie a session timeout apart") {
  SimWorld world(three_hosts_with_threads(4));
  REQUIRE(run_apply(world, three_hosts_with_threads(4)).result.outcome == Outcome::converged);
  const Time begun = world.now();
  const ApplyRun run = run_apply(world, three_hosts_with_threads(6));
  CHECK(run.result.outcome == Outcome::converged);
  CHECK(starting_with(run.lines, "done: restart cache node") == 6);
  CHECK(world.now() - begun >= seconds(5 * 30));
}

TEST_CASE("a wait that becomes another one is told") {
  SimWorld world(three_hosts_with_threads(4));
  REQUIRE(run_apply(world, three_hosts_with_threads(4)).result.outcome == Outcome::converged);
  DesiredState calm = three_hosts_with_threads(6);
  calm.clouds[0].rollout.min_ready_s = 90;
  ApplyRequest patient;
  patient.timeout = std::chrono::hours(1);
  const ApplyRun run = run_apply(world, calm, patient);
  CHECK(run.result.outcome == Outcome::converged);
  CHECK(starting_with(run.lines, "waiting: cloud test-cloud settles for 30 s") == 5);
  CHECK(starting_with(run.lines, "waiting: 10.0.0.1:11211 has to be up for 90 s") == 1);
}

TEST_CASE("an interrupt lets the running step finish and starts no other") {
  SimWorld world(three_hosts_with_threads(4));
  REQUIRE(run_apply(world, three_hosts_with_threads(4)).result.outcome == Outcome::converged);
  world.advance(seconds(60));  // The leader is not new any more.
  ApplyRequest request;
  request.interrupt_at = world.now() + seconds(10);
  const ApplyRun run = run_apply(world, three_hosts_with_threads(6), request);
  CHECK(run.result.outcome == Outcome::interrupted);
  CHECK(starting_with(run.lines, "done: restart cache node") == 1);
  CHECK(starting_with(run.lines, "skipped: restart cache node") == 5);
  CHECK(world.joined("test-cloud").size() == 6);
}

TEST_CASE("an interrupt ends the wait for the lock, and is no held lock") {
  SimWorld world(three_hosts_with_threads(4));
  REQUIRE(run_apply(world, three_hosts_with_threads(4)).result.outcome == Outcome::converged);
  world.create_znode(znodes::lock(three_hosts_with_threads(4).deployment),
                     R"({"version":1,"holder":"bob@ops2 pid 9","since":"2026-01-31T10:00:00Z"})");
  ApplyRequest request;
  CHECK(run_apply(world, three_hosts_with_threads(6), request).result.outcome ==
        Outcome::lock_held);
  request.interrupt_at = world.now() + seconds(3);
  CHECK(run_apply(world, three_hosts_with_threads(6), request).result.outcome ==
        Outcome::interrupted);
}

TEST_CASE("no step starts when the time is up") {
  SimWorld world(three_hosts_with_threads(4));
  REQUIRE(run_apply(world, three_hosts_with_threads(4)).result.outcome == Outcome::converged);
  world.advance(seconds(60));  // The leader is not new any more.
  ApplyRequest request;
  request.timeout = seconds(40);
  const ApplyRun run = run_apply(world, three_hosts_with_threads(6), request);
  CHECK(run.result.outcome == Outcome::timed_out);
  CHECK(starting_with(run.lines, "done: restart cache node") == 2);
  CHECK(starting_with(run.lines, "skipped: restart cache node") == 4);
}

/// Somebody who edits a server's zoo.cfg again and again.
void keep_editing(SimWorld& world, const std::string& host, const std::string& path) {
  world.edit_file(host, path, "tickTime=1\n");
  world.core().clock().after(std::chrono::milliseconds(1), "operator edits",
                             [&world, host, path] { keep_editing(world, host, path); });
}

TEST_CASE("what is undone again and again ends as a failure, not as a loop") {
  SimWorld world(three_hosts_with_threads(4));
  REQUIRE(run_apply(world, three_hosts_with_threads(4)).result.outcome == Outcome::converged);
  const auto& files = world.machine("cache001.arcus").files;
  const auto config = std::find_if(
      files.begin(), files.end(), [](const auto& file) { return file.first.ends_with("zoo.cfg"); });
  REQUIRE(config != files.end());
  keep_editing(world, "cache001.arcus", config->first);
  const ApplyRun run = run_apply(world, three_hosts_with_threads(4));
  CHECK(run.result.outcome == Outcome::failed);
  REQUIRE(run.result.failures.size() == 1);
  CHECK(run.result.failures.front().find("done 5 times, and it is still needed") !=
        std::string::npos);
}

TEST_CASE("what was declined is not done") {
  SimWorld world(three_hosts_with_threads(4));
  ApplyRequest request;
  request.confirm = [](const Round&) { return false; };
  CHECK(run_apply(world, three_hosts_with_threads(4), request).result.outcome == Outcome::declined);
  CHECK(world.mutations() == 0);
}

TEST_CASE("a session that is lost during an apply costs a round, not the apply") {
  SimWorld world(three_hosts_with_threads(4));
  world.faults().arm(Fault::zk_expire, "create /arcus/cache_list");
  world.faults().arm(Fault::zk_expire, "check /arcform", 1, 3);
  const ApplyRun run = run_apply(world, three_hosts_with_threads(4));
  CHECK(run.result.outcome == Outcome::converged);
  CHECK(world.log_with("fault zk_expire").size() >= 1);
}

}  // namespace
}  // namespace arcform::sim
