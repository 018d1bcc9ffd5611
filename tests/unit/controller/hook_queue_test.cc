// SPDX-License-Identifier: Apache-2.0
#include "controller/hook_queue.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "model/watch_hook.h"

namespace arcform {
namespace {

using Kind = WatchEvent::Kind;
using std::chrono::seconds;

WatchEvent event(Kind kind, std::string text, std::string subject = "") {
  static std::uint64_t id = 0;
  WatchEvent it;
  it.id = ++id;
  it.kind = kind;
  it.text = std::move(text);
  it.subject = std::move(subject);
  return it;
}

WatchHook hook(std::vector<std::string> events = default_hook_events()) {
  WatchHook it;
  it.name = "pager";
  it.events = std::move(events);
  it.repeat_s = 600;
  return it;
}

const Result<void> kFine;
const Result<void> kDown{Error{ErrorCode::unavailable, "hook pager: http://a:80: refused"}};
const Result<void> kNever{Error{ErrorCode::invalid_argument, "hook pager: status 404"}};

/// Sends all that may be sent at `now`: "alarm: text", one a line.
std::string sent(HookQueue& queue, Time now) {
  std::string text;
  while (!queue.empty() && queue.due() <= now) {
    const HookQueue::Item item = queue.begin();
    text += std::string(name_of(item.event.kind)) + ": " + item.event.text + "\n";
    CHECK_FALSE(queue.ended(kFine, now));
  }
  return text;
}

TEST_CASE("the names that a spec may use are those of the kinds, but for the hooks' own") {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(Kind::hook_works); ++i) {
    const auto kind = static_cast<Kind>(i);
    CHECK(std::string(name_of(kind)) != "");
    if (kind != Kind::hook_failed && kind != Kind::hook_works) {
      names.emplace_back(name_of(kind));
    }
  }
  CHECK(names == hook_event_names());
  for (const std::string& name : default_hook_events()) {
    CHECK(std::count(names.begin(), names.end(), name) == 1);
  }
}

TEST_CASE("only what the hook wants is kept, and never what hooks bring about") {
  HookQueue queue(hook({"alarm", "hook failed"}));
  queue.offer(event(Kind::converged, "x"), Time{});
  queue.offer(event(Kind::hook_failed, "x"), Time{});
  CHECK(queue.empty());
  queue.offer(event(Kind::alarm, "x"), Time{});
  CHECK(sent(queue, Time{}) == "alarm: x\n");
}

TEST_CASE("the same trouble is told once until its repeat time has passed, with a count") {
  HookQueue queue(hook());
  for (int i = 0; i < 5; ++i) {
    queue.offer(event(Kind::alarm, "half is gone"), seconds(i));
  }
  CHECK(sent(queue, seconds(5)) == "alarm: half is gone\n");
  queue.offer(event(Kind::alarm, "all is gone"), seconds(6));
  queue.offer(event(Kind::alarm, "half is gone"), seconds(599));
  CHECK(sent(queue, seconds(599)) == "alarm: all is gone\n");
  queue.offer(event(Kind::alarm, "half is gone"), seconds(600));
  CHECK(queue.begin().repeats == 5);
}

TEST_CASE("the same of two subjects is two things; changes of state are all told") {
  HookQueue queue(hook({"action failed", "mode changed"}));
  queue.offer(event(Kind::action_failed, "no", "a:1"), Time{});
  queue.offer(event(Kind::action_failed, "no", "b:1"), Time{});
  for (int i = 0; i < 2; ++i) {
    queue.offer(event(Kind::mode_changed, "leading"), Time{});
    queue.offer(event(Kind::mode_changed, "standby"), Time{});
  }
  CHECK(queue.size() == 6);
}

TEST_CASE("a failed attempt is repeated with growing pauses, then given up") {
  HookQueue queue(hook());
  queue.offer(event(Kind::alarm, "one"), Time{});
  queue.offer(event(Kind::alarm, "two"), Time{});
  Time now{};
  std::vector<long> pauses;
  for (unsigned i = 0; i < HookLimits{}.attempts; ++i) {
    CHECK(queue.begin().event.text == "one");
    const auto news = queue.ended(kDown, now);
    CHECK(news.has_value() == (i == 0));  // Said once, not at each attempt.
    pauses.push_back(std::chrono::duration_cast<seconds>(queue.due() - now).count());
    now = queue.due();
  }
  CHECK(pauses == std::vector<long>{1, 2, 4, 8, 16, 32, 60, 60});
  const HookQueue::Item next = queue.begin();
  CHECK(next.event.text == "two");
  CHECK(next.dropped == 1);
  const auto news = queue.ended(kFine, now);
  REQUIRE(news);
  CHECK(news->kind == Kind::hook_works);
  CHECK(news->text == "hook pager takes events again; 1 events were lost");
  queue.offer(event(Kind::alarm, "one"), now);  // Nobody has heard of it.
  CHECK(queue.begin().event.text == "one");
  CHECK(queue.begin().dropped == 0);
}

TEST_CASE("what the other side will never take is given up at once") {
  HookQueue queue(hook());
  queue.offer(event(Kind::alarm, "one"), Time{});
  queue.begin();
  const auto news = queue.ended(kNever, Time{});
  REQUIRE(news);
  CHECK(news->kind == Kind::hook_failed);
  CHECK(queue.empty());
  queue.offer(event(Kind::alarm, "two"), Time{});
  CHECK(queue.due() == seconds(1));
}

TEST_CASE("of a full queue the least severe goes, of those the oldest, and it is counted") {
  HookLimits limits;
  limits.queue = 3;
  HookQueue queue(hook(hook_event_names()), limits);
  queue.offer(event(Kind::alarm, "a1"), Time{});
  queue.offer(event(Kind::round, "r1"), Time{});
  queue.offer(event(Kind::round, "r2"), Time{});
  queue.offer(event(Kind::alarm, "a2"), Time{});
  CHECK(queue.begin().dropped == 1);  // Begun: stays, whatever comes.
  queue.offer(event(Kind::alarm, "a3"), Time{});
  queue.offer(event(Kind::round, "r3"), Time{});
  CHECK_FALSE(queue.ended(kFine, Time{}));
  CHECK(queue.begin().dropped == 2);
  CHECK(sent(queue, Time{}) == "alarm: a2\nalarm: a3\n");
}

TEST_CASE("what is remembered stays bounded") {
  HookLimits limits;
  limits.remembered = 10;
  limits.queue = 5;
  HookQueue queue(hook(), limits);
  for (int i = 0; i < 1000; ++i) {
    queue.offer(event(Kind::alarm, "alarm " + std::to_string(i)), seconds(i));
    CHECK(queue.size() <= 5);
  }
}

}  // namespace
}  // namespace arcform
