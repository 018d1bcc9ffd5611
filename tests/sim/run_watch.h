// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "controller/watch_loop.h"
#include "tests/sim/sim_world.h"

/// Real watching controllers in a simulated world, in virtual time.
namespace arcform::sim {

/// What one controller told, as it came.
class Told final : public WatchObserver {
 public:
  explicit Told(const Clock& clock) : clock_(clock) {}
  void on_state(const WatchState& state) override { state_ = state; }
  void on_event(const WatchEvent& event) override { events_.emplace_back(clock_.now(), event); }
  const WatchState& state() const { return state_; }
  const std::vector<std::pair<Time, WatchEvent>>& events() const { return events_; }
  /// How many events are of this kind and contain the text.
  std::size_t count(WatchEvent::Kind kind, const std::string& text = "") const;
  /// When the first such event after `from` came; Time::max(): none did.
  Time first(WatchEvent::Kind kind, const std::string& text, Time from = Time{0}) const;
  /// "t=1.234 action done 2.1 10.0.0.1:11211: start ...", one line each, for a failure's message.
  std::string text() const;

 private:
  const Clock& clock_;
  WatchState state_;
  std::vector<std::pair<Time, WatchEvent>> events_;
};

/// One or two controllers, in one process of their own each but for the loop.
struct WatchStory {
  struct Happening {
    Time after{};  ///< from the start of the story
    std::string what;
    std::function<void(Watch& leader)> happens;  ///< or the first, when none leads
  };
  std::vector<Happening> happenings;
  Time length{std::chrono::minutes(2)};
  std::size_t controllers = 1;
  WatchOptions options;
};

/// Tells the story; every controller is stopped at its end. What each of them told, in order.
std::vector<Told> run_watch(SimWorld& world, const DesiredState& desired, WatchStory story);

}  // namespace arcform::sim
