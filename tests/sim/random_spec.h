// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>
#include <string>

#include "model/desired.h"
#include "model/plan.h"
#include "tests/sim/sim_world.h"

namespace arcform::sim {

/// A choice from low..high, both included.
std::size_t pick(std::mt19937_64& random, std::size_t low, std::size_t high);

/// What a random spec is made of, small enough that nodes meet: up to 5 hosts "h1".."h5" at
/// 10.0.0.N, 1 or 3 (sometimes 5) servers, 1 to 3 clouds "c1".."c3" with ports of their own.
struct SpecShape {
  struct Cloud {
    std::string name;
    int first_port = 11211;
    std::vector<int> counts;  ///< nodes per host
    std::uint16_t threads = 4;
    std::uint32_t max_unavailable = 1;
    bool stopped = false;
  };
  int hosts = 3;
  int servers = 3;
  int revision = 1;
  bool ensemble_stopped = false;
  std::string tick = "2000";
  std::vector<Cloud> clouds;

  static SpecShape random(std::mt19937_64& random);
  /// One edit such as a person makes: counts, threads, clouds and hosts come and go.
  void edit(std::mt19937_64& random);
  DesiredState build() const;
  /// Asks for every removal by name.
  static Policy anything_may_go();
};

/// Something that people, faults or time do to a world: kills, reboots, edits, cuts.
void mischief(SimWorld& world, const DesiredState& desired, std::mt19937_64& random);

}  // namespace arcform::sim
