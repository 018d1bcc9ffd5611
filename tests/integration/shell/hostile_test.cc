// SPDX-License-Identifier: Apache-2.0
// Hosts that talk too much, or not at all.
#include <atomic>
#include <filesystem>
#include <system_error>
#include <thread>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

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

/// Says hello as an SSH server does and then, for ever, packets that nobody has asked for; in a
/// thread of its own, for one connection.
class FloodServer {
 public:
  FloodServer()
      : listener_(loop_, {asio::ip::address_v4::loopback(), 0}), thread_([this] { serve(); }) {}
  ~FloodServer() {
    std::error_code ignored;
    asio::ip::tcp::socket(loop_).connect(listener_.local_endpoint(), ignored);  // if none came
    thread_.join();
  }
  std::uint16_t port() const { return listener_.local_endpoint().port(); }
  /// What went out until the other side hung up.
  std::size_t sent() const { return sent_; }

 private:
  static constexpr std::size_t kEnoughToTell = std::size_t{64} << 20U;

  void serve() {
    std::error_code error;
    asio::ip::tcp::socket socket = listener_.accept(error);
    asio::write(socket, asio::buffer(std::string("SSH-2.0-OpenSSH_9.2\r\n")), error);
    // Length 12, padding 6, SSH_MSG_CHANNEL_SUCCESS for channel 0: libssh2 keeps it.
    const std::string packet("\0\0\0\x0c\x06\x63\0\0\0\0\0\0\0\0\0\0", 16);
    std::string packets;
    while (packets.size() < 65536) {
      packets += packet;
    }
    while (!error && sent_ < kEnoughToTell) {
      sent_ += asio::write(socket, asio::buffer(packets), error);
    }
  }

  asio::io_context loop_;
  asio::ip::tcp::acceptor listener_;
  std::atomic<std::size_t> sent_ = 0;
  std::thread thread_;
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

TEST_CASE("a server that floods us before the login is hung up on") {
  FloodServer server;
  asio::io_context loop;
  Secrets secrets("/");
  const Shells shells(loop, Controller::environment("/", ""), secrets);
  DesiredHost host;
  host.name = host.address = "127.0.0.1";
  host.ssh.port = server.port();
  host.ssh.known_hosts = "/nonexistent";
  const std::unique_ptr<Shell> shell = shells.make_shell(host);
  const Result<ShellOutput> output = run_script(loop, *shell, "", milliseconds(10'000));
  REQUIRE_FALSE(output.has_value());
  CHECK(output.error().code == ErrorCode::unavailable);
  CHECK(output.error().message.find("more than 1 MB before the login was done") !=
        std::string::npos);
  CHECK(server.sent() < (std::size_t{32} << 20U));  // what the kernel holds, and our 1 MB
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
