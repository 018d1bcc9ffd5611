// SPDX-License-Identifier: Apache-2.0
// Bytes that come between two looks at a connection. Linked with --wrap=recv.
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/shell/lab.h"

namespace {

constexpr int kLookMs = 20;
constexpr useconds_t kRestUs = 10'000;

}  // namespace

extern "C" {

// The names are the linker's.
ssize_t __real_recv(int fd, void* buffer, size_t size, int flags);  // NOLINT
ssize_t __wrap_recv(int fd, void* buffer, size_t size, int flags);  // NOLINT

/// As on a busy machine: when nothing is there, what comes next comes just after the look, all of
/// it, so that the next look finds it, whoever looks.
ssize_t __wrap_recv(int fd, void* buffer, size_t size, int flags) {  // NOLINT
  const ssize_t n = __real_recv(fd, buffer, size, flags);
  if (n >= 0 || errno != EAGAIN) {
    return n;
  }
  pollfd look{fd, POLLIN, 0};
  if (::poll(&look, 1, kLookMs) > 0) {
    ::usleep(kRestUs);
  }
  errno = EAGAIN;
  return -1;
}

}  // extern "C"

namespace arcform {
namespace {

using std::chrono::milliseconds;

TEST_CASE("output that comes just after the look for it is seen") {
  ShellLab lab;
  Controller controller(lab);
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(lab.host());
  for (int late_ms = 10; late_ms < 70; late_ms += 3) {  // It falls into every step of a look.
    const std::string script = "sleep 0.0" + std::to_string(late_ms) + "; printf x";
    const auto running = start_on(controller.loop, shell->execute(script, milliseconds(5'000)));
    const Result<ShellOutput> output = finish_on(controller.loop, running);
    INFO(script << ": " << (output ? "" : output.error().message));
    REQUIRE(output.has_value());
    CHECK(output->out == "x");
  }
}

}  // namespace
}  // namespace arcform
