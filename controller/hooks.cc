// SPDX-License-Identifier: Apache-2.0
#include "controller/hooks.h"

#include <algorithm>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <fmt/format.h>

namespace arcform {

/// What belongs to one hook. Its coroutine shares it.
struct Hooks::Runner {
  Runner(WatchHook hook, Hooks& its)
      : queue(std::move(hook)),
        loop(its.loop_),
        clock(its.clock_),
        call(its.call_),
        journal(its.journal_),
        source(its.source_) {}
  HookQueue queue;
  asio::io_context& loop;
  Clock& clock;
  HookCaller call;
  WatchJournal& journal;
  EventSource source;
  bool on = true;
  bool draining = false;
};

Hooks::Hooks(asio::io_context& loop, Clock& clock, HookCaller call, WatchJournal& journal,
             EventSource source)
    : loop_(loop),
      clock_(clock),
      call_(std::move(call)),
      journal_(journal),
      source_(std::move(source)) {}

Hooks::~Hooks() {
  follow({});
}

void Hooks::follow(const std::vector<WatchHook>& hooks) {
  std::vector<std::shared_ptr<Runner>> before = std::exchange(runners_, {});
  for (const WatchHook& hook : hooks) {
    const auto same = std::find_if(before.begin(), before.end(), [&hook](const auto& runner) {
      return runner != nullptr && runner->queue.hook() == hook;
    });
    runners_.push_back(same != before.end() ? std::exchange(*same, nullptr)
                                            : std::make_shared<Runner>(hook, *this));
  }
  for (const std::shared_ptr<Runner>& runner : before) {
    if (runner != nullptr) {
      runner->on = false;
    }
  }
}

void Hooks::on_state(const WatchState& /*state*/) {}

void Hooks::on_event(const WatchEvent& event) {
  for (const std::shared_ptr<Runner>& runner : runners_) {
    runner->queue.offer(event, clock_.now());
    if (!runner->queue.empty() && !std::exchange(runner->draining, true)) {
      // Not from inside the journal.
      asio::post(loop_, [runner] { asio::co_spawn(runner->loop, drain(runner), asio::detached); });
    }
  }
}

Awaitable<void> Hooks::drain(std::shared_ptr<Runner> runner) {
  while (runner->on && !runner->queue.empty()) {
    if (runner->queue.due() > runner->clock.now()) {
      co_await runner->clock.wait_until(runner->queue.due());
      continue;
    }
    const HookQueue::Item item = runner->queue.begin();
    EventRecord record = record_of(item.event, runner->source);
    record.repeats = item.repeats;
    record.dropped = item.dropped;
    HookCall call{runner->queue.hook(), write_event(record),
                  fmt::format("{}-{}", record.run, record.id)};
    const Result<void> result = co_await runner->call(std::move(call));
    if (!runner->on) {
      break;
    }
    if (const auto news = runner->queue.ended(result, runner->clock.now())) {
      runner->journal.note({news->kind, "hook " + runner->queue.hook().name, news->text, "", {}});
    }
  }
  runner->draining = false;
}

Awaitable<void> Hooks::flush(Time patience) {
  const Time until = clock_.now() + patience;
  const auto waits = [](const auto& runner) {
    return !runner->queue.empty() && !runner->queue.failing();
  };
  while (std::any_of(runners_.begin(), runners_.end(), waits) && clock_.now() < until) {
    co_await clock_.wait_until(clock_.now() + std::chrono::milliseconds(20));
  }
}

}  // namespace arcform
