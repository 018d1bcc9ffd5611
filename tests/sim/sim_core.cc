// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_core.h"

#include <fmt/format.h>

namespace arcform::sim {

SimCore::SimCore(std::uint64_t seed)
    : io_(std::make_unique<asio::io_context>(1)),
      clock_(std::make_unique<SimClock>(*io_)),
      random_(seed),
      faults_(random_) {
  faults_.on_strike = [this](const std::string& what) { note(what); };
}

SimCore::~SimCore() {
  shut_down();
}

void SimCore::shut_down() {
  down_ = true;
  if (io_) {
    clock_->drop_all();
    io_.reset();
    clock_->drop_all();
  }
}

std::uint64_t SimCore::pick(std::uint64_t low, std::uint64_t high) {
  return low + random_() % (high - low + 1);
}

Time SimCore::pick(Time low, Time high) {
  using std::chrono::microseconds;
  const auto from = std::chrono::duration_cast<microseconds>(low).count();
  const auto to = std::chrono::duration_cast<microseconds>(high).count();
  const auto chosen = pick(static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to));
  return microseconds(static_cast<std::int64_t>(chosen));
}

void SimCore::effect(const std::string& what) {
  note(what);
  if (on_effect && !down_) {
    on_effect();
  }
}

void SimCore::note(const std::string& what) {
  log_.push_back(fmt::format("t={} {}", seconds_text(clock_->now()), what));
}

bool SimCore::connected(std::string_view a, std::string_view b) const {
  return a == b || (!cut_.contains(a) && !cut_.contains(b));
}

}  // namespace arcform::sim
