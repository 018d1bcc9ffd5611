// SPDX-License-Identifier: Apache-2.0
#include "drivers/carrier.h"

#include <filesystem>

#include <catch2/catch.hpp>
#include <poll.h>
#include <unistd.h>

namespace arcform {
namespace {

/// Until the program has closed its end.
void wait_for_end(int socket) {
  pollfd end{socket, POLLIN, 0};
  CHECK(::poll(&end, 1, 20'000) == 1);
}

TEST_CASE("the last line that a carrier complained is told") {
  const auto carrier = Carrier::start({"/bin/sh", "-c", "echo one >&2; echo two >&2"});
  REQUIRE(carrier.has_value());
  const int socket = (*carrier)->take_socket();
  wait_for_end(socket);
  CHECK((*carrier)->words() == "two");
  ::close(socket);
}

TEST_CASE("a carrier that complains without end fills no memory") {
  const auto carrier = Carrier::start({"/bin/sh", "-c", "yes 2>/dev/null | head -c 9000000 >&2"});
  REQUIRE(carrier.has_value());
  const int socket = (*carrier)->take_socket();
  wait_for_end(socket);
  CHECK((*carrier)->words() == "y");
  std::uintmax_t largest = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone).string().starts_with("/memfd:")) {
      largest = std::max(largest, std::filesystem::file_size(entry.path(), gone));
    }
  }
  CHECK(largest > 0);
  CHECK(largest < 100'000);
  ::close(socket);
}

}  // namespace
}  // namespace arcform
