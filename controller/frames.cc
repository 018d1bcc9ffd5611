// SPDX-License-Identifier: Apache-2.0
#include "controller/frames.h"

#include <algorithm>
#include <csignal>

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace arcform {
namespace {

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;

// Alternate screen without a cursor, and back (xterm's ctlseqs, DECSET 1049 and 25).
constexpr const char* kEnter = "\x1b[?1049h\x1b[?25l";
constexpr const char* kLeave = "\x1b[?25h\x1b[?1049l";

Awaitable<void> wait(Timer& timer) {
  asio::error_code cancelled;
  const asio::use_awaitable_t<asio::io_context::executor_type> token{};
  co_await timer.async_wait(asio::redirect_error(token, cancelled));
}

}  // namespace

std::string redrawn(const std::string& text, std::size_t rows) {
  std::string out = "\x1b[H";
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const std::size_t shown = lines + 1 > rows && rows > 1 ? rows - 2 : lines;
  std::size_t from = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    const std::size_t end = text.find('\n', from);
    out += text.substr(from, end - from) + "\x1b[K\n";
    from = end + 1;
  }
  if (shown < lines) {
    out += fmt::format("... {} more lines; the window is too small\x1b[K\n", lines - shown);
  }
  return out + "\x1b[J";
}

Awaitable<ExitStatus> show(Machine& machine, std::chrono::seconds pause, TakeFrame take) {
  if (pause.count() == 0) {
    const Frame frame = co_await take();
    machine.console.out(frame.text);
    co_return frame.status;
  }
  const bool terminal = machine.console.size().rows > 0;
  Timer timer(machine.world.loop.get_executor());
  bool stopped = false;
  machine.signals.end_with([&] {
    stopped = true;
    machine.console.out(terminal ? kLeave : "");
    timer.cancel();
  });
  machine.console.out(terminal ? kEnter : "");
  Frame frame;
  while (!stopped) {
    Frame next = co_await take();
    if (stopped) {
      break;
    }
    frame = std::move(next);
    const std::string now = machine.world.clock.timestamp();
    machine.console.out(terminal ? redrawn(fmt::format("{} · every {} s · Ctrl-C ends\n{}", now,
                                                       pause.count(), frame.text),
                                           machine.console.size().rows)
                                 : fmt::format("{}\n{}\n", now, frame.text));
    timer.expires_after(pause);
    co_await wait(timer);
  }
  machine.signals.end_with(nullptr);
  if (terminal) {
    machine.console.out(frame.text);  // The last look stays to be read.
  }
  co_return machine.signals.received() == SIGTERM ? ExitStatus::terminated
                                                  : ExitStatus::interrupted;
}

}  // namespace arcform
