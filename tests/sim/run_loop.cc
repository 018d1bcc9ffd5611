// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/run_loop.h"

#include <fmt/format.h>

#include "tests/sim/controller_process.h"

namespace arcform::sim {
namespace {

/// Kills the controller after so many effects or at a time, and lets go of the world's hook.
class Killer {
 public:
  Killer(SimCore& core, const ApplyRequest& request)
      : core_(core), before_(core.on_effect), left_(request.crash_after) {
    if (left_ > 0) {
      core_.on_effect = [this] {
        if (before_) {
          before_();
        }
        if (--left_ == 0) {
          core_.clock().fail(std::make_exception_ptr(Crash()));
        }
      };
    }
    if (request.crash_at) {
      const Time delay = std::max(Time{0}, *request.crash_at - core_.clock().now());
      event_ = core_.clock().after(delay, "the controller is killed", [&clock = core_.clock()] {
        clock.fail(std::make_exception_ptr(Crash()));
      });
    }
  }
  ~Killer() {
    core_.on_effect = before_;
    if (event_) {
      core_.clock().cancel(*event_);
    }
  }
  Killer(const Killer&) = delete;
  Killer& operator=(const Killer&) = delete;

 private:
  SimCore& core_;
  std::function<void()> before_;
  std::uint64_t left_;
  std::optional<SimClock::EventId> event_;
};

class LineProgress final : public Progress {
 public:
  explicit LineProgress(std::vector<std::string>& lines) : lines_(lines) {}
  void step_started(const Plan& /*plan*/, StepId /*step*/) override {}
  void step_done(const Plan& plan, StepId step, Time /*took*/) override {
    lines_.push_back("done: " + describe(plan.steps[step].action));
  }
  void step_failed(const Plan& plan, StepId step, const Error& error) override {
    lines_.push_back(
        fmt::format("failed: {}: {}", describe(plan.steps[step].action), error.message));
  }
  void step_skipped(const Plan& plan, StepId step, const std::string& why) override {
    lines_.push_back(fmt::format("skipped: {}: {}", describe(plan.steps[step].action), why));
  }
  void uploading(const UploadProgress& /*progress*/) override {}
  void waiting(const std::string& what) override {
    if (lines_.empty() || lines_.back() != "waiting: " + what) {
      lines_.push_back("waiting: " + what);
    }
  }

 private:
  std::vector<std::string>& lines_;
};

Awaitable<Round> look_once(SimWorld& world, asio::io_context& loop, const DesiredState& desired,
                           Policy policy) {
  EnsembleSession session(loop, world.zookeeper(), connect_string(desired));
  const ReadWorld reading{loop, world.clock(), world};
  Round round = co_await look(reading, session, desired, std::move(policy));
  co_await session.close();
  co_return std::move(round);
}

/// What was decided about one apply stays outside of its process.
struct ApplyFrame {
  SimWorld& world;
  asio::io_context& loop;
  const DesiredState& desired;
  const ApplyRequest& request;
  Progress& progress;
  std::vector<MovedFact>& moved;
  ApplyContext* context = nullptr;  ///< while it runs
};

Awaitable<ReconcileResult> apply_once(ApplyFrame& frame) {
  EnsembleSession session(frame.loop, frame.world.zookeeper(), connect_string(frame.desired));
  ApplyContext context({frame.loop, frame.world.clock(), frame.world}, frame.desired, session,
                       frame.progress);
  frame.context = &context;
  context.holder = "ann@ops1 pid 4711";
  context.parallel = frame.request.parallel;
  const ApplyRequest& request = frame.request;
  ReconcileHooks hooks;
  hooks.confirm = [&request](const Round& round) {
    const bool yes = !request.confirm || request.confirm(round);
    if (yes && request.planned) {
      request.planned(round);
    }
    return yes;
  };
  hooks.replanned = [&request](const Round& round) {
    if (request.planned) {
      request.planned(round);
    }
  };
  ReconcileResult result;
  if (request.saved) {
    SavedResult ended = co_await apply_saved(context, request.policy, *request.saved, hooks.confirm,
                                             request.timeout);
    result = std::move(ended.result);
    frame.moved = std::move(ended.moved);
  } else {
    result = co_await reconcile(context, request.policy, hooks, request.timeout);
  }
  co_await session.close();
  frame.context = nullptr;
  co_return std::move(result);
}

}  // namespace

Round run_look(SimWorld& world, const DesiredState& desired, Policy policy) {
  ControllerProcess process(world);
  return process.run(look_once(world, process.loop(), desired, std::move(policy)));
}

ApplyRun run_apply(SimWorld& world, const DesiredState& desired, ApplyRequest request) {
  ApplyRun run;
  LineProgress progress(run.lines);
  const Killer killer(world.core(), request);
  ControllerProcess process(world);
  ApplyFrame frame{world, process.loop(), desired, request, progress, run.moved};
  std::optional<SimClock::EventId> interrupt;
  SimClock& clock = world.core().clock();
  if (request.interrupt_at) {
    interrupt =
        clock.after(std::max(Time{0}, *request.interrupt_at - clock.now()), "Ctrl-C", [&frame] {
          if (frame.context != nullptr) {
            frame.context->interrupted = true;
          }
        });
  }
  run.result = process.run(apply_once(frame));
  if (interrupt) {
    clock.cancel(*interrupt);
  }
  return run;
}

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::converged:
      return "converged";
    case Outcome::declined:
      return "declined";
    case Outcome::blocked:
      return "blocked";
    case Outcome::failed:
      return "failed";
    case Outcome::unknown:
      return "unknown";
    case Outcome::lock_held:
      return "lock held";
    case Outcome::timed_out:
      return "timed out";
    case Outcome::interrupted:
      return "interrupted";
    case Outcome::stale:
      return "stale";
    case Outcome::pending:
      return "pending";
  }
  return "";
}

}  // namespace arcform::sim
