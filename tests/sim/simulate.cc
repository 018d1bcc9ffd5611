// SPDX-License-Identifier: Apache-2.0
// Runs the controller in simulated worlds, one per seed. Phase 1: faults, mischief, edits of the
// spec and crashes, with every rule checked after every effect. Phase 2: the faults end, and it
// must converge within a bound of rounds, and then do nothing more.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include <fmt/format.h>

#include "tests/sim/invariants.h"
#include "tests/sim/random_spec.h"
#include "tests/sim/run_loop.h"

namespace arcform::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kRoundsToConverge = 12;
constexpr minutes kTimeToConverge{120};
constexpr std::size_t kTail = 60;

struct Arguments {
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  int rounds = 6;
  bool twice = false;  ///< every seed again: the same log?
  bool verbose = false;
};

/// How one seed ended.
struct Verdict {
  std::string failure;  ///< empty: fine
  std::vector<std::string> log;
  std::size_t mutations = 0;
  double hours = 0;
};

/// One seed's world and what happens to it.
class Simulation {
 public:
  Simulation(std::uint64_t seed, int rounds)
      : random_(seed * 7919 + 1),
        shape_(SpecShape::random(random_)),
        desired_(shape_.build()),
        world_(desired_, seed),
        invariants_(world_),
        rounds_(rounds) {}

  Verdict run() {
    Verdict verdict;
    try {
      faults();
      liveness();
    } catch (const std::exception& failure) {
      verdict.failure = failure.what();
    }
    verdict.log = world_.log();
    verdict.mutations = world_.mutations();
    verdict.hours = std::chrono::duration<double>(world_.clock().now()).count() / 3600;
    return verdict;
  }

 private:
  void apply(ApplyRequest request) {
    request.planned = [](const Round& round) { Invariants::check_plan(round); };
    note(fmt::format("apply revision {}", shape_.revision));
    try {
      const ApplyRun run = run_apply(world_, desired_, std::move(request));
      for (const std::string& line : run.lines) {
        note(line);
      }
      for (const Held& held : run.result.last.plan.held) {
        note(fmt::format("held: {}: {}", held.subject, held.reason));
      }
      for (const std::string& later : run.result.last.plan.later) {
        note("later: " + later);
      }
      note(fmt::format("{} {}", name_of(run.result.outcome), run.result.error));
      outcome_ = run.result.outcome;
    } catch (const Crash&) {
      note("crashed");
      outcome_ = Outcome::interrupted;
    }
  }

  void note(const std::string& what) { world_.core().note("> " + what); }

  void faults() {
    FaultPlan plan = FaultPlan::swarm(random_, 0.05);
    invariants_.expect(desired_);
    for (int round = 0; round < rounds_; ++round) {
      if (round > 0) {
        const std::size_t edits = pick(random_, 0, 2);
        for (std::size_t i = 0; i < edits; ++i) {
          shape_.edit(random_);
        }
        desired_ = shape_.build();
        invariants_.expect(desired_);
        world_.faults().set_plan(plan);
      }
      for (std::size_t i = pick(random_, 0, 3); i > 0; --i) {
        mischief(world_, desired_, random_);
      }
      ApplyRequest request;
      if (pick(random_, 0, 1) == 0) {
        request.policy = SpecShape::anything_may_go();
      }
      if (pick(random_, 0, 3) == 0) {
        request.crash_after = pick(random_, 1, 60);
      } else if (pick(random_, 0, 3) == 0) {
        request.crash_at = world_.clock().now() + seconds(pick(random_, 0, 60));
      } else if (pick(random_, 0, 5) == 0) {
        request.interrupt_at = world_.clock().now() + seconds(pick(random_, 0, 30));
      }
      during(request);
      world_.advance(seconds(pick(random_, 0, 40)));
    }
  }

  /// Mischief also happens while the controller works.
  void during(const ApplyRequest& request) {
    for (std::size_t i = pick(random_, 0, 2); i > 0; --i) {
      world_.core().clock().after(seconds(pick(random_, 1, 40)), "mischief",
                                  [this] { mischief(world_, desired_, random_); });
    }
    apply(request);
  }

  static ApplyRequest everything_allowed() {
    ApplyRequest request;
    request.policy = SpecShape::anything_may_go();
    return request;
  }

  /// Every wish can be granted now; an ensemble that was asked to stop may be asked to run.
  void liveness() {
    world_.advance(minutes(2));  // whatever mischief is still planned
    world_.heal();
    note("healed");
    const Time begun = world_.clock().now();
    std::string last;
    for (int round = 0; round < kRoundsToConverge; ++round) {
      apply(everything_allowed());
      if (outcome_ == Outcome::converged) {
        return quiet();
      }
      if (world_.clock().now() - begun > kTimeToConverge) {
        break;
      }
      world_.advance(seconds(30));
    }
    throw RuleBroken(fmt::format("did not converge after the faults ended: {} rounds, {} s",
                                 kRoundsToConverge, seconds_text(world_.clock().now() - begun)));
  }

  void quiet() {
    world_.advance(seconds(60));
    const std::uint64_t before = world_.mutations();
    apply(everything_allowed());
    if (outcome_ != Outcome::converged || world_.mutations() != before) {
      throw RuleBroken("an apply of what is converged does something");
    }
  }

  std::mt19937_64 random_;
  SpecShape shape_;
  DesiredState desired_;
  SimWorld world_;
  Invariants invariants_;
  int rounds_;
  Outcome outcome_ = Outcome::interrupted;
};

std::uint64_t hash_of(const std::vector<std::string>& log) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const std::string& line : log) {
    for (const char c : line) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
  }
  return hash;
}

bool run_seed(const Arguments& arguments, std::uint64_t seed, Verdict& total) {
  Verdict verdict = Simulation(seed, arguments.rounds).run();
  if (verdict.failure.empty() && arguments.twice) {
    const Verdict again = Simulation(seed, arguments.rounds).run();
    if (hash_of(again.log) != hash_of(verdict.log)) {
      verdict.failure = "the same seed gave another log";
    }
  }
  total.mutations += verdict.mutations;
  total.hours += verdict.hours;
  if (!verdict.failure.empty() || arguments.verbose) {
    const std::size_t tail = arguments.verbose ? verdict.log.size() : kTail;
    const std::size_t first = verdict.log.size() - std::min(tail, verdict.log.size());
    for (std::size_t i = first; i < verdict.log.size(); ++i) {
      std::printf("  %s\n", verdict.log[i].c_str());
    }
  }
  if (!verdict.failure.empty()) {
    std::printf("seed %llu: %s\nreproduce with: simulate --seed %llu --rounds %d --verbose\n",
                static_cast<unsigned long long>(seed), verdict.failure.c_str(),
                static_cast<unsigned long long>(seed), arguments.rounds);
  }
  return verdict.failure.empty();
}

int run_seeds(const Arguments& arguments) {
  std::printf(
      "seeds %llu to %llu, %d rounds each\n", static_cast<unsigned long long>(arguments.seed),
      static_cast<unsigned long long>(arguments.seed + arguments.seeds - 1), arguments.rounds);
  Verdict total;
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < arguments.seeds; ++i) {
    failed += run_seed(arguments, arguments.seed + i, total) ? 0U : 1U;
  }
  std::printf("%llu of %llu seeds failed; %zu mutations in %.1f simulated hours\n",
              static_cast<unsigned long long>(failed),
              static_cast<unsigned long long>(arguments.seeds), total.mutations, total.hours);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace arcform::sim

int main(int argc, char** argv) {
  arcform::sim::Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const bool has_value = i + 1 < argc;
    if (option == "--twice") {
      arguments.twice = true;
    } else if (option == "--verbose") {
      arguments.verbose = true;
    } else if (option == "--seed" && has_value) {
      arguments.seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (option == "--seeds" && has_value) {
      arguments.seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (option == "--rounds" && has_value) {
      arguments.rounds = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr,
                   "usage: simulate [--seed N] [--seeds M] [--rounds R] [--twice] "
                   "[--verbose]\n");
      return 4;
    }
  }
  return arcform::sim::run_seeds(arguments);
}
