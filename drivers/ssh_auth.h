// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "drivers/ssh_tools.h"

namespace arcform {

class SshLink;

/// Logs in on a connection whose host key was checked: at most three keys (servers count failures
/// and ban addresses), then the password where the spec allows it. Errors (without a subject):
/// unauthenticated (names what was tried), unavailable, deadline_exceeded.
Awaitable<Result<void>> log_in(std::shared_ptr<SshLink> link, std::shared_ptr<SshTools> tools,
                               SshTarget target, Instant until);

}  // namespace arcform
