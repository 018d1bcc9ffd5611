// SPDX-License-Identifier: Apache-2.0
// Bring-ups that are cut short, two operators at once, the question, and stopping it all.
#include <csignal>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

using std::chrono::seconds;

void interrupted(const Deployment& it) {
  step("Ctrl-C in the middle of a bring-up: what runs finishes, nothing else starts");
  StartedProcess apply(it.command({"apply", "--yes"}));
  REQUIRE(apply.await_output("start ZooKeeper server", seconds(30)));
  apply.signal(SIGINT);
  const ProcessResult ended = apply.finish(seconds(60));
  require_status(ended, 130);
  require_says(ended, "Interrupted:");
  CHECK_FALSE(contains(ended.out, "start cache node 10.0.0.1:11211 on cache001.arcus ..."));
  for (int host = 1; host <= 3; ++host) {
    CHECK(it.node_pid(host, 11211).empty());
  }
}

void killed(const Deployment& it) {
  step("the same command goes on from there, and is killed half way");
  StartedProcess apply(it.command({"apply", "--yes"}));
  REQUIRE(apply.await_output("start cache node", seconds(60)));
  apply.signal(SIGKILL);
  const ProcessResult ended = apply.finish(seconds(10));
  CHECK(ended.status == 128 + SIGKILL);
  CHECK(it.has_znode("/arcform/three-hosts/lock"));

  step("and once more: the dead one's lock goes within its session timeout, then it converges");
  const ProcessResult again = it.converge();
  fmt::print("           after kill -9: {} ms\n", again.took.count());
  CHECK(again.took < seconds(25));
  CHECK(it.joined("test-cloud") == kSixNodes);
  CHECK_FALSE(it.has_znode("/arcform/three-hosts/lock"));
}

void two_at_once(Deployment& it) {
  step("two applies at once: one works, the other is told who holds the lock");
  it.edit(R"("config": { "threads": 4 })", R"("config": { "threads": 5 })");
  StartedProcess first(it.command({"apply", "--yes"}));
  REQUIRE(first.await_output("settles", seconds(30)));  // Between its two restarts.
  const ProcessResult second = it.run({"apply", "--yes", "--lock-timeout", "1s"});
  require_status(second, 7);
  require_says(second, "pid ");
  const ProcessResult patient = it.apply();  // Waits for the lock; then nothing is left to do.
  require_status(patient, 0);
  CHECK_FALSE(contains(patient.out, "cache002.arcus ..."));
  const ProcessResult ended = first.finish(seconds(60));
  require_status(ended, 0);
  CHECK_FALSE(contains(ended.out, "FAILED"));
  CHECK(it.pids(2, "memcached .*-p 11211 .*-t 5 ") == it.node_pid(2, 11211));
  CHECK(it.pids(2, "memcached .*-p 11212 .*-t 5 ") == it.node_pid(2, 11212));
  CHECK(it.joined("test-cloud") == kSixNodes);
}

ProcessResult answer(const Deployment& it, const std::string& text) {
  StartedProcess apply(it.command({"apply"}), StartedProcess::Input::terminal);
  REQUIRE(apply.await_output("Only \"yes\" is taken as a yes", seconds(30)));
  apply.type(text);
  return apply.finish(seconds(60));
}

void asked(const Deployment& it) {
  step("on a terminal, anything but a plain yes does nothing");
  require_status(it.lab().exec(3, "kill -9 " + it.node_pid(3, 11212)), 0);
  const std::string traces = it.traces();
  const std::string znodes = it.all_znodes();
  for (const char* const text : {"y\n", "YES\n", "\n", "\x04"}) {
    const ProcessResult declined = answer(it, text);
    CHECK(declined.status == 3);
  }
  CHECK(it.traces() == traces);
  CHECK(it.all_znodes() == znodes);

  step("a plain yes does it");
  const ProcessResult done = answer(it, "yes\n");
  require_status(done, 0);
  require_says(done, "Converged");
  CHECK_FALSE(it.node_pid(3, 11212).empty());
}

void stopped_and_running(Deployment& it) {
  step("ensemble stopped: nodes stop, then servers");
  const std::string registrations =
      it.znodes_with("/arcus/cache_server_mapping") + it.znodes_with("/arcform");
  const std::string created = it.zk("create", "/kept", "this").out;
  const std::string running = it.spec();
  it.edit("\"dataDirectory\":", "\"state\": \"stopped\", \"dataDirectory\":");
  const ProcessResult stopped = it.converge();
  CHECK(stopped.out.find("stop ZooKeeper server") >
        stopped.out.find("stop cache node 10.0.0.3:11212 on cache003.arcus: done"));
  for (int host = 1; host <= 3; ++host) {
    CHECK(it.server_pid(host).empty());
    CHECK(it.pids(host, "memcached").empty());
  }

  step("running again: the same data and registrations");
  it.set_spec(running);
  it.converge();
  CHECK(it.zk("get", "/kept").out == "this\n");
  CHECK(it.znodes_with("/arcus/cache_server_mapping") + it.znodes_with("/arcform") ==
        registrations);
  CHECK(it.joined("test-cloud") == kSixNodes);
}

}  // namespace

TEST_CASE("bring-ups cut short, two at once, the question, stopped and running again") {
  Deployment it(3);
  interrupted(it);
  killed(it);
  two_at_once(it);
  asked(it);
  stopped_and_running(it);
  step("end");
}

}  // namespace arcform
