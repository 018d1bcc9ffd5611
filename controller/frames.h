// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "controller/commands.h"

namespace arcform {

/// One look at something, as text, and the status that it alone would end with.
struct Frame {
  std::string text;
  ExitStatus status = ExitStatus::done;
};
using TakeFrame = std::function<Awaitable<Frame>()>;

/// Prints one frame; with a pause, one after the other until SIGINT or SIGTERM: on a terminal each
/// in place of the last, on the alternate screen, which is left again; elsewhere below each other,
/// each under the time.
Awaitable<ExitStatus> show(Machine& machine, std::chrono::seconds pause, TakeFrame take);

/// `text` as a redraw of the whole window: at most `rows` lines, the last one says how many more
/// there are; what stood there is erased.
std::string redrawn(const std::string& text, std::size_t rows);

}  // namespace arcform
