// SPDX-License-Identifier: Apache-2.0
// Three watching controllers while everything that can happen happens, by chance; then it ends, a
// person looks after it, and all is as the last spec says.
#include <random>

#include "tests/unit/controller/watch_stage.h"

namespace arcform::sim {
namespace {

constexpr std::size_t kControllers = 3;
constexpr std::uint64_t kStories = 24;

/// What happens in one story, by its seed.
class Chance {
 public:
  Chance(Stage& stage, std::uint64_t seed) : stage_(stage), random_(seed) {
    for (std::uint16_t threads = 4; threads < 8; ++threads) {
      specs_.push_back(spec(threads));
      stage.rules.expect(specs_.back());
    }
  }

  const DesiredState& latest() const { return specs_[latest_]; }

  void plan_story() {
    for (int i = 0; i < 12; ++i) {
      plan_one(seconds(40 + pick(560)));
    }
    stage_.when(minutes(12), "all faults end", [this](Cast& cast) { end_faults(cast); });
    stage_.when(minutes(13), "bob applies", [this](Cast& cast) { cast.apply(latest()); });
    stage_.when(minutes(25), "bob resumes all", [](Cast& cast) {
      cast.command([](ZnodeSession& session, Request request) -> Awaitable<void> {
        const auto done = co_await resume_scope(session, std::move(request), "all");
        CHECK(done);
      });
    });
    stage_.story.controllers = kControllers;
    stage_.story.length = minutes(40);
  }

 private:
  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  std::string host() { return "cache00" + std::to_string(1 + pick(3)) + ".arcus"; }
  Endpoint node() {
    return at("10.0.0." + std::to_string(1 + pick(3)) + ":" + std::to_string(11211 + pick(2)));
  }

  void plan_one(Time when) {
    SimWorld& world = stage_.world;
    const Time later = when + seconds(5 + pick(90));
    const std::size_t who = pick(kControllers);
    switch (pick(9)) {
      case 0:
      case 1:
        stage_.when(when, "a node dies", [&world, it = node()](Cast&) {
          if (world.node(it) != nullptr) {
            world.kill_node(it);
          }
        });
        return;
      case 2:
        stage_.when(when, "a server dies", [&world, on = host()](Cast&) {
          if (world.machine(on).listener(2181) != nullptr) {
            world.kill_server(on);
          }
        });
        return;
      case 3:
        stage_.when(when, "a host boots", [&world, it = host()](Cast&) { world.reboot(it); });
        return;
      case 4: {
        const std::string it = host();
        stage_.when(when, "ssh fails", [&world, it](Cast&) { world.set_ssh(it, false); });
        stage_.when(later, "ssh works", [&world, it](Cast&) { world.set_ssh(it, true); });
        return;
      }
      case 5:
        stage_.when(when, "a controller stops", [who](Cast& cast) { cast.freeze(who); });
        stage_.when(later, "it goes on", [who](Cast& cast) { cast.let_go(who); });
        return;
      case 6:
        stage_.when(when, "cut off", [who](Cast& cast) { cast.cut_off(who, true); });
        stage_.when(later, "and back", [who](Cast& cast) { cast.cut_off(who, false); });
        return;
      case 7:
        stage_.when(when, "edit", [this, to = pick(specs_.size())](Cast& cast) {
          latest_ = to;
          stage_.rules.expect(latest());
          for (std::size_t i = 0; i < kControllers; ++i) {
            cast.watch(i).follow_spec(latest());
          }
        });
        return;
      default:
        stage_.when(when, "bob applies", [this](Cast& cast) { cast.apply(latest()); });
    }
  }

  void end_faults(Cast& cast) {
    stage_.world.heal();
    for (const char* const name : {"cache001.arcus", "cache002.arcus", "cache003.arcus"}) {
      stage_.world.set_ssh(name, true);
    }
    for (std::size_t i = 0; i < kControllers; ++i) {
      cast.let_go(i);
      cast.cut_off(i, false);
    }
  }

  Stage& stage_;
  std::mt19937_64 random_;
  std::vector<DesiredState> specs_;
  std::size_t latest_ = 0;
};

TEST_CASE("whatever happens by chance, no rule is broken and all is well in the end") {
  for (std::uint64_t seed = 1; seed <= kStories; ++seed) {
    Stage stage;
    Chance chance(stage, seed);
    stage.rules.expect(stage.desired);
    chance.plan_story();
    INFO("seed " << seed);
    stage.tell();
    INFO(stage.all);
    CHECK(stage.up() == 6);
    CHECK(run_look(stage.world, chance.latest()).plan.converged());
  }
}

}  // namespace
}  // namespace arcform::sim
