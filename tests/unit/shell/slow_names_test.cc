// SPDX-License-Identifier: Apache-2.0
// Name servers that take their time. Linked with --wrap=getaddrinfo.
#include <catch2/catch.hpp>
#include <netdb.h>
#include <unistd.h>

#include "drivers/resolve.h"
#include "tests/support/on_loop.h"

extern "C" {

// The names are the linker's.
int __real_getaddrinfo(const char* node, const char* service, const addrinfo* hints,  // NOLINT
                       addrinfo** found);
int __wrap_getaddrinfo(const char* node, const char* service, const addrinfo* hints,  // NOLINT
                       addrinfo** found);

int __wrap_getaddrinfo(const char* node, const char* service, const addrinfo* hints,  // NOLINT
                       addrinfo** found) {
  ::usleep(600'000);
  return __real_getaddrinfo(node, service, hints, found);
}

}  // extern "C"

namespace arcform {
namespace {

TEST_CASE("a name is not waited for longer than asked") {
  asio::io_context loop;
  const Instant started = std::chrono::steady_clock::now();
  const Instant until = started + std::chrono::milliseconds(50);
  const Result<asio::ip::address> found = on_loop(loop, resolve(loop, "localhost", until));
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::milliseconds(500));
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().code == ErrorCode::deadline_exceeded);
  CHECK(on_loop(loop, resolve(loop, "localhost"))->to_string() == "127.0.0.1");
}

}  // namespace
}  // namespace arcform
