// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "drivers/host_scripts.h"
#include "drivers/world.h"

namespace arcform {

/// A connection that says nothing for so long is dead: the loop speaks every 5 s.
inline constexpr std::chrono::milliseconds kResidentSilence{15'000};

/// The loop that stays on a host while it is followed (a body for frame_script; it never ends by
/// itself). It looks whether /proc/PID of every node of ours is there, four times a second in
/// bash, which can wait without a child, else twice; reads the identity files again every second;
/// and ends when nobody reads what it says. Every line begins with `nonce`.
std::string resident_script(std::string_view nonce, const ScriptPlace& place);

/// Takes what the loop prints, in whatever pieces, and tells of it.
class ResidentReader {
 public:
  ResidentReader(std::string nonce, std::function<bool(const HostNews&)> tell)
      : nonce_(std::move(nonce)), tell_(std::move(tell)) {}
  /// False: `tell` has enough.
  bool take(std::string_view text);

 private:
  bool take_line(std::string_view line);
  std::string nonce_;
  std::function<bool(const HostNews&)> tell_;
  std::string rest_;
};

}  // namespace arcform
