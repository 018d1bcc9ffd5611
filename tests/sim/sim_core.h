// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_faults.h"

namespace arcform::sim {

/// The name under which the controller's own machine appears in the network.
inline constexpr std::string_view kController = "";

/// What everything in a simulated world shares: loop, clock, chance, faults, the network and the
/// log of effects.
class SimCore {
 public:
  explicit SimCore(std::uint64_t seed);
  ~SimCore();
  SimCore(const SimCore&) = delete;
  SimCore& operator=(const SimCore&) = delete;

  asio::io_context& io() { return *io_; }
  SimClock& clock() { return *clock_; }
  const SimClock& clock() const { return *clock_; }
  Faults& faults() { return faults_; }
  std::mt19937_64& random() { return random_; }

  /// Evenly chosen from low..high, both included.
  std::uint64_t pick(std::uint64_t low, std::uint64_t high);
  /// The same for times, in whole microseconds.
  Time pick(Time low, Time high);

  /// Something in the world has changed: logged as "t=12.345 what", then the watcher looks.
  void effect(const std::string& what);
  /// Logged only: nothing has changed.
  void note(const std::string& what);
  const std::vector<std::string>& log() const { return log_; }
  /// Called after every effect; not while the world is being taken down.
  std::function<void()> on_effect;

  /// A call of the controller that is meant to change something; counted when it is made.
  void count_mutation() { ++mutations_; }
  std::uint64_t mutations() const { return mutations_; }

  /// Whether the machines named can talk to each other over the network.
  bool connected(std::string_view a, std::string_view b) const;
  void cut(const std::string& machine) { cut_.insert(machine); }
  void mend(const std::string& machine) { cut_.erase(machine); }

  /// Destroys every coroutine; the first step of taking the world down.
  void shut_down();

 private:
  std::unique_ptr<asio::io_context> io_;
  std::unique_ptr<SimClock> clock_;
  std::mt19937_64 random_;
  Faults faults_;
  std::vector<std::string> log_;
  std::uint64_t mutations_ = 0;
  std::set<std::string, std::less<>> cut_;
  bool down_ = false;
};

}  // namespace arcform::sim
