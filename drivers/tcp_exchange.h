// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "drivers/waiting.h"
#include "model/result.h"

namespace arcform {

/// Connects to `address` (IPv4 or IPv6, numeric), sends `question` and reads until `end` was read
/// (the answer is cut right after it) or, when `end` is empty, until the other side closes. Errors,
/// without a subject: not_found (refused), unavailable (no route, reset, closed before `end`),
/// deadline_exceeded, resource_exhausted (more than 1 MB).
Awaitable<Result<std::string>> tcp_exchange(asio::io_context& loop, std::string address,
                                            std::uint16_t port, std::string question,
                                            std::string end, Instant until);

/// The same to `host` (a name or an address) from outside, where sshd forwards nothing. Refused is
/// unavailable here: somebody may still listen on the loopback over there, which we cannot see.
Awaitable<Result<std::string>> exchange_straight(asio::io_context& loop, std::string host,
                                                 std::uint16_t port, std::string question,
                                                 std::string end, Instant until);

/// The same within `patience`, until the other side closes.
Awaitable<Result<std::string>> exchange_straight(asio::io_context& loop, std::string host,
                                                 std::uint16_t port, std::string question,
                                                 std::chrono::milliseconds patience);

}  // namespace arcform
