// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "controller/watch_log.h"

namespace arcform {

struct HookLimits {
  std::size_t queue = 256;           ///< events that wait; above it the least is dropped
  unsigned attempts = 8;             ///< at one event
  std::chrono::seconds pause{1};     ///< after a failed attempt, twice as long after each more
  std::chrono::seconds longest{60};  ///< such pause
  std::size_t remembered = 1000;     ///< troubles that are known to have been told
};

/// What one hook is told, and when: values in, values out, no clock, no I/O. Events go out in the
/// order they came, one at a time.
class HookQueue {
 public:
  /// An event that is sent.
  struct Item {
    WatchEvent event;
    std::uint64_t repeats = 0;  ///< the same, not sent since it was sent the last time
    std::uint64_t dropped = 0;  ///< lost before this one
  };
  /// What became of an attempt, for the journal.
  struct News {
    WatchEvent::Kind kind = WatchEvent::Kind::hook_failed;
    std::string text;
  };

  explicit HookQueue(WatchHook hook, HookLimits limits = {});
  const WatchHook& hook() const { return hook_; }

  /// Keeps the event if the hook wants it and was not told the same trouble within its repeat time.
  /// Changes of state (mode, spec, actions, converged) are all told. Of a full queue the least
  /// severe goes, of those the oldest.
  void offer(const WatchEvent& event, Time now);
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  /// When the first one may be sent.
  Time due() const { return due_; }
  /// The first one, which is being sent from here to ended(). Must not be empty.
  Item begin();
  /// What came of it. It stays the first one, is done, or is given up: at once where the other side
  /// will never take it.
  std::optional<News> ended(const Result<void>& result, Time now);
  bool failing() const { return failures_ > 0; }

 private:
  struct Waiting {
    WatchEvent event;
    std::uint64_t repeats = 0;
    unsigned attempts = 0;
  };
  struct Told {
    Time at{};
    std::uint64_t held_back = 0;
  };
  static std::string trouble_of(const WatchEvent& event);
  bool wants(const WatchEvent& event) const;
  void make_room();
  void lose(std::deque<Waiting>::iterator it);

  WatchHook hook_;
  HookLimits limits_;
  std::deque<Waiting> waiting_;
  bool sending_ = false;
  Time due_{};
  std::map<std::string, Told> told_;  ///< by trouble
  unsigned failures_ = 0;             ///< attempts in a row
  std::uint64_t lost_ = 0;            ///< and nobody was told
  std::uint64_t announced_ = 0;       ///< of these, in the item that is being sent
};

/// How long after the attempt that was the n-th in a row to fail.
std::chrono::seconds hook_pause(unsigned failures, const HookLimits& limits);

}  // namespace arcform
