// SPDX-License-Identifier: Apache-2.0
// Goal: what a service manager relies on: it hears when we are up, alive, reading the spec again
// and stopping; SIGTERM ends us in time and leaves nothing half done. Method: the real binary.
#include <csignal>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/service/watch_service.h"

namespace arcform {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// No lock, no candidate, and each step that was begun has ended.
void nothing_is_left(const WatchService& it) {
  CHECK_FALSE(it.deployment().has_znode("/arcform/service/lock"));
  CHECK_FALSE(contains(it.deployment().zk("tree", "/arcform/service").out, "/controllers/"));
  for (const std::string& line : it.lines("\"event\":\"action started\"")) {
    const std::string action = member(line, "action");
    INFO(line);
    CHECK_FALSE(action.empty());
    const std::vector<std::string> all = it.lines("\"action\":" + action);
    REQUIRE(all.size() == 2);
    CHECK(member(all[1], "event") == "\"action done\"");
    CHECK(member(all[1], "subject") == member(line, "subject"));
    CHECK(member(all[1], "round") == member(line, "round"));
  }
}

void is_up_and_alive(WatchService& it) {
  step("up and alive");
  it.start(true);
  REQUIRE(it.manager().await("READY=1", 1, seconds(10)));
  CHECK(it.manager().await("STATUS=leading", 1, seconds(5)));
  const std::size_t before = it.manager().count("WATCHDOG=1");
  CHECK(it.manager().await("WATCHDOG=1", before + 3, milliseconds(1500)));
}

void reads_the_spec_again(WatchService& it) {
  step("SIGHUP reads the spec again");
  it.mark();
  it.set_spec("{}", 3);
  it.signal(SIGHUP);
  REQUIRE(it.manager().await("RELOADING=1\nMONOTONIC_USEC=", 1, seconds(5)));
  REQUIRE(it.manager().await("READY=1", 2, seconds(5)));
  it.must_say("\"text\":\"start cache node 10.0.0.1:11213", seconds(10));
  it.must_say("\"event\":\"converged\"", seconds(10));

  step("a spec that cannot be read is said, and the last one kept");
  it.mark();
  it.break_spec();
  it.signal(SIGHUP);
  it.must_say("\"event\":\"spec refused\"", seconds(5));
  REQUIRE(it.manager().await("READY=1", 3, seconds(5)));
  it.kill_node(11211);
  it.must_say("\"event\":\"action done\"", seconds(10));
}

void stops_between_steps(WatchService& it) {
  step("SIGTERM in the middle of a step, and once more");
  it.mark();
  it.set_spec("{}", 5);
  it.signal(SIGHUP);
  // Its node stops before it has joined, so the step waits for that.
  const std::string find = "pgrep -f -- '[b]in/memcached -E .*-p 11214 '";
  REQUIRE(it.deployment()
              .lab()
              .exec(1, "until pids=$(" + find + "); do :; done; kill -STOP $pids")
              .status == 0);
  it.must_say("\"event\":\"action started\"", seconds(1));
  const std::size_t done = it.lines("\"event\":\"action done\"").size();
  const auto begun = std::chrono::steady_clock::now();
  it.signal(SIGTERM);
  REQUIRE(it.manager().await("STOPPING=1", 1, seconds(5)));
  CHECK_FALSE(it.ends_within(seconds(2)));
  it.signal(SIGTERM);
  CHECK_FALSE(it.ends_within(milliseconds(500)));
  REQUIRE(it.deployment().lab().exec(1, "kill -CONT $(" + find + ")").status == 0);
  it.must_end(begun);
  // It was in the middle of it, and has waited for its end.
  CHECK(it.lines("\"event\":\"action done\"").size() > done);
  for (const std::string& line : it.lines("start cache node 10.0.0.1:11215")) {
    CHECK_FALSE(contains(line, "\"action started\""));
  }
  nothing_is_left(it);
}

void stops_while_nothing_answers(WatchService& it) {
  step("SIGTERM while the host and the ensemble are silent");
  it.start();
  it.mark();
  it.kill_node(11212);
  it.must_say("\"event\":\"action started\"", seconds(10));
  it.deployment().lab().command({"cut", Lab::host(1)});
  const auto begun = std::chrono::steady_clock::now();
  it.signal(SIGTERM);
  it.must_end(begun);
  it.deployment().lab().command({"mend", Lab::host(1)});
}

/// No service: a person who looks at it.
void speaks_to_people_on_a_terminal(const WatchService& it) {
  step("on a terminal, until Ctrl-C");
  StartedProcess watch(it.deployment().command({"watch"}), StartedProcess::Input::terminal);
  REQUIRE(watch.await_output("mode changed    leading", seconds(20)));
  REQUIRE(watch.await_output("converged       observed equals desired", seconds(20)));
  watch.type("\x03");
  const ProcessResult ended = watch.finish(seconds(40));
  require_status(ended, 0);
  CHECK(contains(ended.out, "mode changed    stopping"));
  CHECK_FALSE(contains(ended.out, "{"));
  StartedProcess left(it.deployment().command({"watch"}), StartedProcess::Input::terminal);
  REQUIRE(left.await_output("mode changed    leading", seconds(20)));
  left.signal(SIGHUP);  // As when its window is closed.
  require_status(left.finish(seconds(40)), 0);
}

TEST_CASE("a service: up, alive, told of a change, stopped in time with nothing half done") {
  WatchService it;
  is_up_and_alive(it);
  reads_the_spec_again(it);
  stops_between_steps(it);
  step("what is left to do is done by an apply, which nobody holds up");
  require_status(it.deployment().apply(), 0);
  speaks_to_people_on_a_terminal(it);
  stops_while_nothing_answers(it);
}

}  // namespace
}  // namespace arcform
