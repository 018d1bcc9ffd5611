// SPDX-License-Identifier: Apache-2.0
// Goal: what a log says of every kind of event, for people and for machines. Method: golden files;
// each JSON line is held against its schema by the test of documents.
#include "controller/watch_log.h"

#include <catch2/catch.hpp>

#include "tests/support/golden.h"

namespace arcform {
namespace {

using Kind = WatchEvent::Kind;

std::vector<WatchEvent> events() {
  std::vector<WatchEvent> all;
  const auto add = [&all](Kind kind, std::uint64_t round, const char* action, const char* subject,
                          const char* text, Time took = Time{}) {
    all.push_back(
        {all.size() + 1, kind, "2026-01-31T10:00:00Z", round, action, subject, text, took});
  };
  const char* const node = "10.0.0.1:11211";
  add(Kind::started, 0, "", "", "watches shop");
  add(Kind::mode_changed, 0, "", "", "leading");
  add(Kind::round, 1, "", "", "1 step to do, 0 differences held", std::chrono::milliseconds(210));
  add(Kind::action_started, 1, "1.1", node, "start cache node 10.0.0.1:11211 on h1: not running");
  add(Kind::action_done, 1, "1.1", node, "start cache node 10.0.0.1:11211 on h1",
      std::chrono::milliseconds(1250));
  add(Kind::converged, 2, "", "", "observed equals desired", std::chrono::milliseconds(200));
  add(Kind::node_gone, 2, "", node, "the process of 10.0.0.1:11211 on h1 has ended (pid 77)");
  add(Kind::action_failed, 3, "3.1", node, "start cache node 10.0.0.1:11211 on h1: no \"space\"");
  add(Kind::action_skipped, 3, "", node, "map 10.0.0.1:11211: comes after what failed");
  add(Kind::withheld, 4, "", node, "start cache node 10.0.0.1:11211: backs off for 20 s");
  add(Kind::waiting, 4, "", "", "an apply goes first: ann@ops1 pid 4711");
  add(Kind::alarm, 4, "", "", "3 of 6 nodes are gone at once");
  add(Kind::spec_refused, 4, "", "", "shop.json:1:1: cut off (the last good spec is kept)");
  add(Kind::spec_changed, 5, "", "", "follows shop.json (0123456789ab)");
  add(Kind::paused, 5, "", "cloud:shop",
      "cloud:shop is paused until 2026-01-31T12:00:00Z: new disks (ann@ops1)");
  add(Kind::resumed, 5, "", "cloud:shop", "cloud:shop goes on");
  add(Kind::hook_failed, 5, "", "hook pager", "hook pager: http://a:80: connection refused");
  add(Kind::hook_works, 5, "", "hook pager", "hook pager takes events again");
  return all;
}

TEST_CASE("every kind of event as a line for people") {
  std::string text;
  for (const WatchEvent& event : events()) {
    text += event_line(event);
  }
  CHECK(compare_golden("watch/log.txt", text) == "");
}

TEST_CASE("every kind of event as a line of JSON") {
  std::string text;
  for (const WatchEvent& event : events()) {
    text += event_json(event, {"0123456789ab", "shop", "ann@ops1 pid 4711"});
  }
  CHECK(compare_golden("watch/log.jsonl", text) == "");
}

}  // namespace
}  // namespace arcform
