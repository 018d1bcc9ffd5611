// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <asio/ip/address.hpp>

#include "drivers/waiting.h"
#include "model/result.h"

namespace arcform {

/// An address as it is, or what the resolver says of a name, IPv4 first. Asio asks it in a thread
/// of its own, one name after the other, so a name server that is silent keeps all waiting. Errors:
/// unavailable, deadline_exceeded.
Awaitable<Result<asio::ip::address>> resolve(asio::io_context& loop, std::string host,
                                             Instant until = Instant::max());

}  // namespace arcform
