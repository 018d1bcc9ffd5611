// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "drivers/shell.h"
#include "drivers/ssh_tools.h"

namespace arcform {

/// Makes the shell that a host asks for. Its shells share the limits of logins at once, the keys
/// and the secrets; they may outlive this, but not the loop or `secrets`.
class Shells {
 public:
  Shells(asio::io_context& loop, ShellEnvironment environment, Secrets& secrets);
  std::unique_ptr<Shell> make_shell(const DesiredHost& host) const;

 private:
  std::shared_ptr<SshTools> tools_;
};

/// From HOME, SSH_AUTH_SOCK and the user database.
ShellEnvironment current_environment();

}  // namespace arcform
