// SPDX-License-Identifier: Apache-2.0
// Goal: hooks are told without the loop ever waiting for one, and a change of the spec changes
// whom. Method: a journal and a hook that takes its time, in virtual time.
#include "controller/hooks.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "model/watch_hook.h"
#include "tests/sim/sim_clock.h"

namespace arcform {
namespace {

using Kind = WatchEvent::Kind;
using std::chrono::seconds;

WatchHook hook(const std::string& name) {
  WatchHook it;
  it.name = name;
  it.events = default_hook_events();
  return it;
}

/// What was brought to hooks.
struct Stage {
  Stage() : journal(clock, "me"), hooks(loop, clock, caller(), journal, {"abc", "shop", "me"}) {
    journal.listen(hooks);
  }
  HookCaller caller() {
    return [this](HookCall call) { return take(std::move(call)); };
  }
  Awaitable<Result<void>> take(HookCall call) {
    calls.push_back(std::move(call));
    const Result<void> answer = clock.now() < down_until
                                    ? Result<void>(Error{ErrorCode::unavailable, "hook is down"})
                                    : Result<void>();
    co_await clock.wait_until(clock.now() + takes);
    co_return answer;
  }
  void alarm(const std::string& text) { journal.note({Kind::alarm, "", text, "", {}}); }
  void pass(Time time) { sim::run(loop, clock, clock.wait_until(clock.now() + time)); }
  std::size_t noted(Kind kind) const {
    const auto& events = journal.state().events;
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(), [kind](const auto& event) { return event.kind == kind; }));
  }

  asio::io_context loop;
  sim::SimClock clock{loop};
  std::vector<HookCall> calls;
  Time takes{seconds(1)};
  Time down_until{};
  WatchJournal journal;
  Hooks hooks;
};

TEST_CASE("an event goes to each hook that wants it, as the log has it") {
  Stage stage;
  stage.hooks.follow({hook("a"), hook("b")});
  stage.alarm("half is gone");
  CHECK(stage.calls.empty());  // Not from inside the journal.
  stage.pass(seconds(5));
  REQUIRE(stage.calls.size() == 2);
  CHECK(stage.calls[0].hook.name == "a");
  CHECK(stage.calls[0].key == "abc-1");
  CHECK(stage.calls[0].document ==
        R"({"id":1,"run":"abc","deployment":"shop","controller":"me","at":"2026-01-31T10:00:00Z",)"
        R"("severity":"error","event":"alarm","round":0,"text":"half is gone"})"
        "\n");
}

TEST_CASE("one call at a time and in order, however fast events come") {
  Stage stage;
  stage.hooks.follow({hook("a")});
  for (int i = 0; i < 3; ++i) {
    stage.alarm("alarm " + std::to_string(i));
  }
  stage.pass(std::chrono::milliseconds(500));
  CHECK(stage.calls.size() == 1);
  stage.pass(seconds(10));
  REQUIRE(stage.calls.size() == 3);
  CHECK(stage.calls[2].key == "abc-3");
}

TEST_CASE("a hook that is down is one event, is tried again under the same key, and feeds nobody") {
  Stage stage;
  stage.down_until = seconds(20);
  stage.hooks.follow({hook("a")});
  stage.alarm("x");
  stage.pass(seconds(120));
  CHECK(stage.noted(Kind::hook_failed) == 1);
  CHECK(stage.noted(Kind::hook_works) == 1);
  REQUIRE(stage.calls.size() == 6);  // At 0, 2, 5, 10 and 19 s; at 36 s it is up.
  for (const HookCall& call : stage.calls) {
    CHECK(call.key == "abc-1");
  }
}

TEST_CASE("a spec without the hook ends it, one that keeps it keeps its queue") {
  Stage stage;
  stage.hooks.follow({hook("a"), hook("b")});
  stage.alarm("x");
  stage.alarm("y");
  stage.pass(std::chrono::milliseconds(500));
  stage.hooks.follow({hook("b")});
  stage.pass(seconds(10));
  std::string names;
  for (const HookCall& call : stage.calls) {
    names += call.hook.name;
  }
  CHECK(names == "abb");
}

TEST_CASE("the last words are waited for, but not for a hook that fails") {
  Stage stage;
  stage.hooks.follow({hook("a")});
  stage.alarm("x");
  sim::run(stage.loop, stage.clock, stage.hooks.flush(seconds(10)));
  CHECK(stage.clock.now() >= seconds(1));
  CHECK(stage.clock.now() < seconds(2));
  stage.down_until = seconds(10'000);
  stage.alarm("y");
  stage.pass(seconds(3));
  const Time begun = stage.clock.now();
  sim::run(stage.loop, stage.clock, stage.hooks.flush(seconds(10)));
  CHECK(stage.clock.now() == begun);
}

}  // namespace
}  // namespace arcform
