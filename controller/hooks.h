// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "controller/hook_queue.h"
#include "controller/watch_journal.h"
#include "drivers/hook_call.h"

namespace arcform {

/// How an event is brought to a hook.
using HookCaller = std::function<Awaitable<Result<void>>(HookCall call)>;

/// Tells hooks what happens. The loop never waits for one: each has its queue (see hook_queue.h)
/// and at most one call under way.
class Hooks final : public WatchObserver {
 public:
  /// `loop`, `clock` and `journal` must outlive this object and the calls that it has begun.
  Hooks(asio::io_context& loop, Clock& clock, HookCaller call, WatchJournal& journal,
        EventSource source);
  ~Hooks() override;
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  /// From here on these. One that stays the same keeps its queue; what waits for the others is
  /// forgotten.
  void follow(const std::vector<WatchHook>& hooks);
  /// Until everything is told, but for hooks that fail, or `patience` is over.
  Awaitable<void> flush(Time patience);

  void on_state(const WatchState& state) override;
  void on_event(const WatchEvent& event) override;

 private:
  struct Runner;
  static Awaitable<void> drain(std::shared_ptr<Runner> runner);

  asio::io_context& loop_;
  Clock& clock_;
  HookCaller call_;
  WatchJournal& journal_;
  EventSource source_;
  std::vector<std::shared_ptr<Runner>> runners_;
};

}  // namespace arcform
