// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <asio/ip/tcp.hpp>

#include "drivers/ssh_tools.h"

namespace arcform {

class SshLink;

/// How opening a connection ended.
struct Connected {
  std::shared_ptr<SshLink> link;  ///< logged in; nullptr: see `error`
  Error error;                    ///< without a subject
  bool dropped = false;  ///< closed before it said anything: too many logins at once over there
};

/// Connects, checks the host key against known_hosts before anything is told about us, and logs in.
/// At most 5 s until TCP is connected and 20 s from there.
Awaitable<Connected> open_session(std::shared_ptr<SshTools> tools, SshTarget target,
                                  asio::ip::tcp::endpoint there);

}  // namespace arcform
