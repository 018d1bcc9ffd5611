// SPDX-License-Identifier: Apache-2.0
// Hosts that talk too much, or not at all.
#include <filesystem>
#include <system_error>

#include <asio/io_context.hpp>

#include "drivers/resident.h"
#include "tests/integration/shell/lab.h"

namespace arcform {
namespace {

using std::chrono::milliseconds;

/// Beats on the loop, every 20 ms when nothing keeps it busy.
class Heart {
 public:
  explicit Heart(asio::io_context& loop) : timer_(loop, milliseconds(20)) { beat(); }
  int beats() const { return beats_; }

 private:
  void beat() {
    timer_.async_wait([this](std::error_code stopped) {
      if (!stopped) {
        ++beats_;
        timer_.expires_after(milliseconds(20));
        beat();
      }
    });
  }
  LoopTimer timer_;
  int beats_ = 0;
};

int open_sockets() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    count += std::filesystem::read_symlink(entry.path(), gone).string().starts_with("socket:");
  }
  return count;
}

TEST_CASE("a host that talks without pause leaves the others their turn") {
  static const ShellLab lab;
  const Transport transport = GENERATE(Transport::ssh, Transport::openssh, Transport::local);
  Controller controller(lab);
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(lab.host(transport));
  CHECK(output_of(controller.loop, *shell, "printf before").out == "before");
  const Heart heart(controller.loop);
  const Instant given_up = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  ResidentReader reader("nonce", [](const HostNews&) { return true; });
  const std::function<bool(std::string_view)> listen = [&](std::string_view text) {
    reader.take(text);
    return heart.beats() < 10 && std::chrono::steady_clock::now() < given_up;
  };
  const Result<void> ended =
      on_loop(controller.loop, shell->stream("exec yes", listen, milliseconds(5000)));
  CHECK(ended.has_value());
  CHECK(heart.beats() >= 10);
}

TEST_CASE("a command that was given up keeps no connection") {
  const ShellLab lab;
  Controller controller(lab);
  std::unique_ptr<Shell> shell = controller.shells.make_shell(lab.host());
  CHECK(output_of(controller.loop, *shell, "printf before").out == "before");
  const int before = open_sockets();
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(run_script(controller.loop, *shell, "sleep 20", milliseconds(300)).has_value());
    CHECK(open_sockets() <= before);
  }
  shell.reset();
  controller.loop.restart();
  controller.loop.run_for(milliseconds(100));
  CHECK(open_sockets() == before - 1);
}

}  // namespace
}  // namespace arcform
