// SPDX-License-Identifier: Apache-2.0
#include "model/recovery.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"

namespace arcform {
namespace {

using std::chrono::seconds;
using State = Recovery::State;

/// Restarted at 100 s; had a hit ratio of 0.90 before.
RestartedNode restarted() {
  RestartedNode node;
  node.at = seconds(100);
  node.hit_ratio = 0.9;
  node.samples = {{seconds(100), 0, 0}};
  return node;
}

/// Up for 10 s, then at 80 % of what it was, within 60 s.
Rollout rollout() {
  Rollout rules;
  rules.min_ready_s = 10;
  rules.warm = Warmth{800, 60, false};
  return rules;
}

Recovery judged(const RestartedNode& node, Moment now, Moment samples_since = seconds(100)) {
  return judge_recovery(rollout(), kFirstNode, node, samples_since, now);
}

}  // namespace

TEST_CASE("the next node waits until one that was restarted has been up for long enough") {
  const RestartedNode node = restarted();
  const Recovery early = judged(node, seconds(103));
  CHECK(early.state == State::settling);
  CHECK(early.until == seconds(110));
  CHECK(early.text ==
        "10.0.0.1:11211 has to be up for 10 s before the next node is touched: 7 s to go");
  CHECK(judged(node, seconds(110)).state == State::warming);
}

TEST_CASE("a node is warm again at its share of the hit ratio that it had") {
  RestartedNode node = restarted();
  add_sample(node, {seconds(112), 71, 29});
  const Recovery cold = judged(node, seconds(112));
  CHECK(cold.state == State::warming);
  CHECK(cold.text ==
        "10.0.0.1:11211 warms up: hit ratio 0.71, to reach 0.72 (80 % of the 0.90 before); 12 s of "
        "at most 60 s");
  node = restarted();
  add_sample(node, {seconds(112), 73, 27});
  CHECK(judged(node, seconds(112)).state == State::recovered);
}

TEST_CASE("a node that had no hits has nothing to reach") {
  RestartedNode node = restarted();
  node.hit_ratio = GENERATE(std::optional<double>(), std::optional<double>(0.0));
  CHECK(judged(node, seconds(110)).state == State::recovered);
}

TEST_CASE("a node that does not warm up is given up in time, but not before it was looked at") {
  const RestartedNode node = restarted();
  CHECK(judged(node, seconds(159)).state == State::warming);
  const Recovery cold = judged(node, seconds(160));
  CHECK(cold.state == State::cold);
  CHECK(cold.text ==
        "10.0.0.1:11211 has not warmed up in 60 s: hit ratio not known, too few gets, to reach "
        "0.72 (80 % of the 0.90 before)");
  CHECK(judged(node, seconds(500), seconds(497)).state == State::warming);
  CHECK(judged(node, seconds(501), seconds(497)).state == State::cold);
}

TEST_CASE("the hit ratio is that of late, from enough gets in enough time") {
  RestartedNode node = restarted();
  CHECK_FALSE(recent_hit_ratio(node.samples));
  add_sample(node, {seconds(101), 0, 1000});
  CHECK_FALSE(recent_hit_ratio(node.samples));  // One second tells too little.
  add_sample(node, {seconds(102), 10, 1009});
  CHECK(recent_hit_ratio(node.samples) == Approx(10.0 / 1019));
  add_sample(node, {seconds(104), 28, 1010});  // 18 and 1: one get too few since 102 s.
  CHECK(recent_hit_ratio(node.samples) == Approx(28.0 / 38));
  add_sample(node, {seconds(106), 48, 1010});
  CHECK(recent_hit_ratio(node.samples) == Approx(1.0));
}

TEST_CASE("counters that went back are another process's, and old samples are forgotten") {
  RestartedNode node = restarted();
  add_sample(node, {seconds(110), 500, 500});
  add_sample(node, {seconds(120), 3, 600});
  CHECK(node.samples.size() == 1);
  add_sample(node, {seconds(180), 40, 600});
  CHECK(node.samples.size() == 2);
  add_sample(node, {seconds(181), 41, 600});
  CHECK(node.samples.size() == 2);
  CHECK(node.samples.front().at == seconds(180));
}

}  // namespace arcform
