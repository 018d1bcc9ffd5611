// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "drivers/waiting.h"
#include "model/result.h"

/// The protocol of ssh-agent (draft-miller-ssh-agent), as much as logging in takes: libssh2's own
/// client blocks and can sign with RSA only as SHA-1.
namespace arcform::ssh_agent {

struct AgentKey {
  std::string blob;
  std::string comment;
};

/// The keys of the agent at `socket` (SSH_AUTH_SOCK). Errors: unavailable, deadline_exceeded.
Awaitable<Result<std::vector<AgentKey>>> list_keys(asio::io_context& loop, std::string socket,
                                                   Instant until);

/// The signature proper of `data` (without its algorithm's name); RSA keys sign with SHA-512.
/// Error permission_denied: the agent refuses.
Awaitable<Result<std::string>> sign(asio::io_context& loop, std::string socket, std::string blob,
                                    std::string data, Instant until);

}  // namespace arcform::ssh_agent
