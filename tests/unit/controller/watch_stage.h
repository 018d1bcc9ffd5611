// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/sim/invariants.h"
#include "tests/sim/run_loop.h"
#include "tests/sim/run_watch.h"
#include "tests/support/builders.h"

/// What the stories of watching controllers have in common: three hosts, three servers of
/// ZooKeeper, one cloud of two nodes on each.
namespace arcform::sim {

using Kind = WatchEvent::Kind;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline DesiredState spec(std::uint16_t threads = 4) {
  return three_hosts_with_threads(threads);
}

/// A converged world whose every effect is held against the rules.
struct Stage {
  explicit Stage(DesiredState with = spec())
      : desired(std::move(with)), world(desired), rules(world) {
    rules.expect(desired);
    REQUIRE(run_apply(world, desired).result.outcome == Outcome::converged);
    begun = world.now();
  }

  void when(Time after, std::string what, std::function<void(Cast&)> happens) {
    story.happenings.push_back({after, std::move(what), std::move(happens)});
  }
  void kill(Time after, const std::string& node) {
    when(after, "kill " + node, [this, node](Cast&) { world.kill_node(at(node)); });
  }
  /// Whoever leads reads this spec from then on, and so do the others.
  void edit(Time after, const DesiredState& next) {
    when(after, "edit", [this, &next](Cast& cast) {
      rules.expect(next);
      for (std::size_t i = 0; i < story.controllers; ++i) {
        cast.watch(i).follow_spec(next);
      }
    });
  }
  /// Tells it. What all controllers told is in `told` then; returns that of the first, or nothing
  /// where there is none.
  const Told& tell() {
    told = run_watch(world, desired, story);
    for (const Told& one : told) {
      all += "----\n" + one.text();
    }
    return told.empty() ? nobody : told.front();
  }
  std::size_t up() const { return world.joined("test-cloud").size(); }
  Time since(Time when) const { return when == Time::max() ? when : when - begun; }

  DesiredState desired;
  SimWorld world;
  Invariants rules;
  WatchStory story;
  std::vector<Told> told;
  Told nobody{world.clock()};
  std::string all;  ///< what they told, for a failure's message
  Time begun{};
};

}  // namespace arcform::sim
