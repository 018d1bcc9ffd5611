// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/run_watch.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/sim/controller_process.h"

namespace arcform::sim {
namespace {

Watch& leader_of(const std::vector<std::shared_ptr<Watch>>& watches) {
  const auto found =
      std::find_if(watches.begin(), watches.end(), [](const std::shared_ptr<Watch>& watch) {
        return watch->journal().state().mode == WatchMode::leading;
      });
  return found == watches.end() ? *watches.front() : **found;
}

Awaitable<void> tell(SimWorld& world, asio::io_context& loop, const DesiredState& desired,
                     WatchStory story, std::vector<Told>& told) {
  std::vector<std::shared_ptr<Watch>> watches;
  TaskGroup tasks(loop);
  for (std::size_t i = 0; i < story.controllers; ++i) {
    WatchOptions options = story.options;
    options.seed = i + 1;
    watches.push_back(std::make_shared<Watch>(World{loop, world.clock(), world}, world.zookeeper(),
                                              desired, fmt::format("ann@ops{} pid 1", i + 1),
                                              options));
    watches.back()->journal().listen(told[i]);
    tasks.spawn(watches.back()->run());
  }
  const Time begun = world.now();
  for (const WatchStory::Happening& happening : story.happenings) {
    world.core().clock().after(happening.after, happening.what, [&world, happening, &watches] {
      world.core().note("happens: " + happening.what);
      happening.happens(leader_of(watches));
    });
  }
  co_await world.clock().wait_until(begun + story.length);
  for (const std::shared_ptr<Watch>& watch : watches) {
    watch->stop();
  }
  co_await tasks.join();
}

}  // namespace

std::size_t Told::count(WatchEvent::Kind kind, const std::string& text) const {
  return static_cast<std::size_t>(
      std::count_if(events_.begin(), events_.end(), [&](const auto& event) {
        return event.second.kind == kind && event.second.text.find(text) != std::string::npos;
      }));
}

Time Told::first(WatchEvent::Kind kind, const std::string& text, Time from) const {
  const auto found = std::find_if(events_.begin(), events_.end(), [&](const auto& event) {
    return event.first >= from && event.second.kind == kind &&
           event.second.text.find(text) != std::string::npos;
  });
  return found == events_.end() ? Time::max() : found->first;
}

std::string Told::text() const {
  std::string out;
  for (const auto& [when, event] : events_) {
    out += fmt::format("t={} {} {}: {}\n", seconds_text(when), name_of(event.kind), event.action,
                       event.text);
  }
  return out;
}

std::vector<Told> run_watch(SimWorld& world, const DesiredState& desired, WatchStory story) {
  std::vector<Told> told(story.controllers, Told(world.clock()));
  ControllerProcess process(world);
  process.run(tell(world, process.loop(), desired, std::move(story), told));
  return told;
}

}  // namespace arcform::sim
