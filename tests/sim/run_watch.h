// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controller/pauses.h"
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
  /// How many events of this kind contain the text, from then on; "^start": begin with "start".
  std::size_t count(WatchEvent::Kind kind, const std::string& text = "", Time from = Time{0}) const;
  /// When the first such event after `from` came; Time::max(): none did.
  Time first(WatchEvent::Kind kind, const std::string& text, Time from = Time{0}) const;
  /// When each of them came.
  std::vector<Time> times(WatchEvent::Kind kind, const std::string& text) const;
  /// "t=1.234 action done 2.1 10.0.0.1:11211: start ...", one line each, for a failure's message.
  std::string text() const;

 private:
  const Clock& clock_;
  WatchState state_;
  std::vector<std::pair<Time, WatchEvent>> events_;
};

/// Everybody who acts in a story: the watching controllers, each like a process of its own (a loop,
/// ways to the hosts and sessions), and people with their commands.
class Cast {
 public:
  struct Member;

  Cast(SimWorld& world, asio::io_context& loop, const DesiredState& desired,
       const WatchOptions& options, std::vector<Told>& told);
  ~Cast();
  Cast(const Cast&) = delete;
  Cast& operator=(const Cast&) = delete;

  SimWorld& world() { return world_; }
  Watch& watch(std::size_t which);
  /// Of the controller that leads and runs; the first, when none does.
  std::size_t leading() const;
  Watch& leader() { return watch(leading()); }
  /// SIGSTOP: nothing of it runs, its sessions say nothing; and SIGCONT. For ever, it is as killed.
  void freeze(std::size_t which);
  void let_go(std::size_t which);
  /// Only its way to ZooKeeper is cut, or mended; it runs on.
  void cut_off(std::size_t which, bool cut);
  /// A person's command, with a session of its own: pause_scope() and the like.
  void command(std::function<Awaitable<void>(ZnodeSession&, Request)> does);
  /// `arcform apply` by "bob@desk pid 7" without questions; its result is noted in `applied`.
  void apply(DesiredState desired, Policy policy = {});
  /// The same in two commands: `plan --out` and `apply PLAN`.
  void apply_saved(DesiredState desired, Policy policy = {});

  std::vector<ReconcileResult> applied;  ///< those that have ended

 private:
  friend Awaitable<void> tell_story(Cast& cast, Time length);
  Awaitable<void> run_command(std::size_t which);
  Awaitable<void> run_apply(std::size_t which, bool saved);

  SimWorld& world_;
  asio::io_context& loop_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<std::function<Awaitable<void>(ZnodeSession&, Request)>> commands_;
  std::vector<std::pair<std::unique_ptr<DesiredState>, Policy>> applies_;
  TaskGroup people_;
};

struct WatchStory {
  struct Happening {
    Time after{};  ///< from the start of the story
    std::string what;
    std::function<void(Cast& cast)> happens;
  };
  std::vector<Happening> happenings;
  Time length{std::chrono::minutes(2)};
  std::size_t controllers = 1;
  WatchOptions options;
};

/// Tells the story; every controller that is not frozen is stopped at its end. What each of them
/// told, in order.
std::vector<Told> run_watch(SimWorld& world, const DesiredState& desired, WatchStory story);

}  // namespace arcform::sim
