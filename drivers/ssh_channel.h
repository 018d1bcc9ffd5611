// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "drivers/shell.h"
#include "drivers/waiting.h"

namespace arcform {

class SshLink;

/// The outcome of a request on one connection.
template <class T>
struct Attempt {
  Result<T> result;
  bool may_repeat = false;  ///< surely nothing was started: worth one more try on a new connection
};

/// A script and, maybe, what follows it (Shell::upload).
struct ShellInput {
  std::string script;
  std::shared_ptr<ByteSource> data;  ///< nullptr: none, as Shell::execute
  /// Not zero: the deadline is so long after the last byte.
  std::chrono::milliseconds stall{0};
};

/// `exec /bin/sh` with `input`, on a logged-in connection. Errors as Shell::execute, without a
/// subject.
Awaitable<Attempt<ShellOutput>> execute_over(std::shared_ptr<SshLink> link, ShellInput input,
                                             Instant until);

/// The same, with its standard output handed over as it comes: see Shell::stream. A connection that
/// was silent for too long is broken down.
Awaitable<Attempt<bool>> stream_over(std::shared_ptr<SshLink> link, std::string input,
                                     std::function<bool(std::string_view)> on_output,
                                     std::chrono::milliseconds silence);
/// A direct-tcpip channel to `at` as seen from over there. Errors as Shell::exchange, without a
/// subject; permission_denied: the server does not forward at all.
Awaitable<Attempt<std::string>> exchange_over(std::shared_ptr<SshLink> link, Endpoint at,
                                              std::string question, std::string end, Instant until);

}  // namespace arcform
