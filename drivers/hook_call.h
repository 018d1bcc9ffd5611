// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <asio/io_context.hpp>

#include "drivers/async.h"
#include "drivers/secrets.h"

namespace arcform {

/// One event on its way to one hook.
struct HookCall {
  WatchHook hook;
  std::string document;  ///< JSON, one line with its newline
  std::string key;       ///< the same for each attempt of the same event, for no other
};

/// Posts the document (Content-Type application/json, Idempotency-Key: the key), or runs the
/// program with it on its standard input. Done is a status 2xx, an exit status 0. Both within the
/// hook's time limit; a program that runs on is killed with its process group. Errors, which name
/// the hook and of a URL only the origin: invalid_argument (an answer 4xx that no repetition
/// changes), unauthenticated (401, 403, certificate), not_found (no such program, no token),
/// unavailable (all others).
Awaitable<Result<void>> call_hook(asio::io_context& loop, Secrets& secrets, HookCall call);

}  // namespace arcform
