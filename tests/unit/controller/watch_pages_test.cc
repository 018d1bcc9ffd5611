// SPDX-License-Identifier: Apache-2.0
#include "controller/watch_pages.h"

#include <catch2/catch.hpp>

#include "controller/listen.h"
#include "controller/watch_journal.h"
#include "controller/watch_log.h"
#include "model/plan.h"
#include "specs/report_file.h"
#include "tests/support/builders.h"
#include "tests/support/golden.h"

namespace arcform {
namespace {

using Kind = WatchEvent::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kScript = "<script>alert('\"1\"')</script>\n\x1b[2J\xff";

class StillClock final : public Clock {
 public:
  Time now() const override { return time; }
  Awaitable<void> wait_until(Time /*when*/) override { co_return; }
  std::string timestamp() const override { return "2026-01-31T10:00:00Z"; }
  std::string arcus_timestamp() const override { return ""; }
  Time time = seconds(1000);
};

/// A controller that has looked at a world in which a node has died, and heals it.
struct Stage {
  Stage() {
    kill_node(observed, "cache002.arcus", at("10.0.0.2:11211"), true);
    journal.listen(pages);
    WatchState& state = journal.change();
    state.mode = WatchMode::leading;
    state.leader = state.me;
    state.controllers = {state.me};
    journal.begin_round();
    look();
    NodeCounters counters;
    counters.pid = 1001;
    counters.hits = 900;
    counters.misses = 100;
    counters.bytes = 5000;
    counters.limit_bytes = 100U << 20U;
    counters.connections = 12;
    counters.items = 7;
    loads.begin();
    loads.note(at("10.0.0.1:11211"), counters);
    loads.begin();
    counters.hits += 30;
    counters.misses += 10;
    loads.note(at("10.0.0.1:11211"), counters);
  }

  void look() {
    auto last = std::make_shared<WatchSnapshot>();
    last->desired = desired;
    last->observed = observed;
    last->plan = plan(desired, observed, Policy{});
    last->round = journal.round();
    last->at = "2026-01-31T09:59:58Z";
    last->seen = clock.time - seconds(2);
    last->took = milliseconds(300);
    journal.change().last = last;
    journal.publish();
  }

  HttpAnswer ask(const std::string& path, const std::string& last_event = "") {
    HttpRequest request;
    request.method = "GET";
    request.path = path;
    request.host = "localhost";
    request.last_event = last_event;
    return pages.answer(request);
  }
  std::string body(const std::string& path) { return *ask(path).body; }

  StillClock clock;
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired);
  WatchJournal journal{clock, "ann@ops1 pid 4711"};
  NodeLoads loads;
  WatchPages pages{journal.state(), clock, loads, "seoul-prod", seconds(30), [] {}};
};

TEST_CASE("metrics: what a collector gets") {
  Stage stage;
  WatchState& state = stage.journal.change();
  state.converged_at = "2026-01-31T09:50:00Z";
  state.doing.push_back({"1.1", "10.0.0.2:11211", "start cache node 10.0.0.2:11211", "gone", {}});
  state.counters.actions_done[{"test-cloud", "start node"}] = 3;
  state.counters.actions_failed[{"test-cloud", "start node"}] = 1;
  state.counters.triggers["node gone"] = 4;
  state.counters.actions_withheld["backs off for "] = 2;
  CHECK(compare_golden("watch/metrics.txt", stage.body("/metrics")) == "");
}

TEST_CASE("metrics: before the first look there is no word of nodes") {
  const StillClock clock;
  const WatchState state;
  const NodeLoads loads;
  WatchPages pages{state, clock, loads, "seoul-prod", seconds(30), [] {}};
  HttpRequest request;
  request.path = "/metrics";
  const std::string text = *pages.answer(request).body;
  CHECK(text.find("arcform_mode{mode=\"starting\"} 1\n") != std::string::npos);
  CHECK(text.find("arcform_nodes") == std::string::npos);
}

TEST_CASE("metrics: labels cannot end early") {
  Stage stage;
  stage.journal.change().counters.actions_done[{kScript, "start node"}] = 1;
  const std::string text = stage.body("/metrics");
  INFO(text);
  CHECK(text.find("{cloud=\"<script>alert('\\\"1\\\"')</script>") != std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\xff') == std::string::npos);
}

TEST_CASE("state: it is a status with a part about the watch") {
  Stage stage;
  stage.journal.change().alarms = {"two hosts are gone at once"};
  CHECK(compare_golden("watch/state.json", stage.body("/api/v1/state")) == "");
}

TEST_CASE("events: one JSON object in one line each, whatever the world says") {
  Stage stage;
  stage.journal.note({Kind::node_gone, "10.0.0.2:11211", "its process ended", "", {}});
  stage.journal.note({Kind::action_failed, kScript, kScript, "1.1", {}});
  stage.journal.note({Kind::action_done, "10.0.0.2:11211", "start", "1.2", milliseconds(250)});
  std::string lines;
  for (const WatchEvent& event : stage.journal.state().events) {
    lines += event_json(event);
  }
  CHECK(compare_golden("watch/events.txt", lines) == "");
}

TEST_CASE("the stream: what its client has not seen, then the state, then only what is new") {
  Stage stage;
  stage.journal.note({Kind::started, "", "watches", "", {}});
  const HttpAnswer answer = stage.ask("/api/v1/events");
  CHECK(answer.type == "text/event-stream");
  const std::string first = answer.stream->next(false);
  INFO(first);
  CHECK(first.starts_with("retry: 1000\nevent: hello\n"));
  CHECK(first.find("event: event\ndata: {\"id\":1,") != std::string::npos);
  CHECK(first.find("\n\nevent: state\ndata: {\"format\":\"arcform/status\"") != std::string::npos);
  CHECK(first.ends_with("}\n\n"));
  CHECK(answer.stream->next(false).empty());
  CHECK(answer.stream->next(true) == "event: beat\ndata: {}\n\n");

  stage.journal.note({Kind::alarm, "", kScript, "", {}});
  const std::string second = answer.stream->next(false);
  CHECK(second.find("data: {\"id\":1,") == std::string::npos);
  CHECK(second.find("data: {\"id\":2,") != std::string::npos);

  const std::size_t id = first.find("id: ") + 4;
  const HttpAnswer again = stage.ask("/api/v1/events", first.substr(id, first.find('\n', id) - id));
  const std::string rest = again.stream->next(false);
  CHECK(rest.find("data: {\"id\":1,") == std::string::npos);
  CHECK(rest.find("data: {\"id\":2,") != std::string::npos);
}

TEST_CASE("readiness: it looks, and does what it found") {
  Stage stage;
  CHECK(stage.ask("/healthz").status == 200);
  CHECK(stage.body("/readyz") == "ready: leading\n");
  stage.journal.set_mode(WatchMode::observing, "no ZooKeeper server answers");
  CHECK(stage.ask("/readyz").status == 503);
  CHECK(stage.body("/readyz") ==
        "not ready: only looks and does not act: no ZooKeeper server answers\n");
  stage.journal.set_mode(WatchMode::standby, "");
  CHECK(stage.ask("/readyz").status == 200);
  stage.clock.time += seconds(121);
  CHECK(stage.body("/readyz") == "not ready: the last look ended 123 s ago\n");
}

TEST_CASE("the page holds no text of the world, and what it loads is here") {
  Stage stage;
  for (const char* const path : {"/", "/page.css", "/page.js", "/page_parts.js", "/icon.svg"}) {
    INFO(path);
    CHECK(stage.ask(path).status == 200);
    const std::string text = stage.body(path);
    CHECK(text.find("innerHTML") == std::string::npos);
    CHECK(text.find("https://") == std::string::npos);
  }
  CHECK(stage.ask("/etc/passwd").status == 404);
  CHECK(stage.ask("/../page.css").status == 404);
}

TEST_CASE("the place to listen at") {
  CHECK(parse_listen("127.0.0.1:9464")->port == 9464);
  CHECK(parse_listen("ops1:0")->host == "ops1");
  CHECK_FALSE(parse_listen("9464"));
  CHECK_FALSE(parse_listen(":9464"));
  CHECK_FALSE(parse_listen("ops1:"));
  CHECK_FALSE(parse_listen("ops1:70000"));
  CHECK_FALSE(parse_listen("::1:9464"));
}

}  // namespace
}  // namespace arcform
