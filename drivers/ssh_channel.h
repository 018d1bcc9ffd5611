// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

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

/// `exec /bin/sh -s` with `input`, on a logged-in connection. Errors as Shell::execute, without a
/// subject.
Awaitable<Attempt<ShellOutput>> execute_over(std::shared_ptr<SshLink> link, std::string input,
                                             Instant until);

/// A direct-tcpip channel to `at` as seen from over there. Errors as Shell::exchange, without a
/// subject; permission_denied: the server does not forward at all.
Awaitable<Attempt<std::string>> exchange_over(std::shared_ptr<SshLink> link, Endpoint at,
                                              std::string question, std::string end, Instant until);

}  // namespace arcform
