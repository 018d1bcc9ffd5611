// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "drivers/waiting.h"
#include "model/result.h"
#include "model/watch_hook.h"

namespace arcform {

struct HttpPost {
  Url url;
  std::vector<std::pair<std::string, std::string>> headers;  ///< neither may hold a line's end
  std::string body;
};

/// Posts over a connection of its own (HTTP/1.1, for https the system's certificates and the name
/// checked) and returns the answer's status; its body is not read, a redirect not followed. Never
/// blocks the loop. Errors, without a subject: unavailable (name, connection, no HTTP),
/// deadline_exceeded, unauthenticated (certificate).
Awaitable<Result<unsigned>> http_post(asio::io_context& loop, HttpPost post, Instant until);

}  // namespace arcform
