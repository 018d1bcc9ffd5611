// SPDX-License-Identifier: Apache-2.0
#include "drivers/shells.h"

#include <cstdlib>

#include <pwd.h>
#include <unistd.h>

#include "drivers/local_shell.h"
#include "drivers/openssh_shell.h"
#include "drivers/ssh_shell.h"

namespace arcform {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Shells::Shells(asio::io_context& loop, ShellEnvironment environment, Secrets& secrets)
    : tools_(std::make_shared<SshTools>(loop, std::move(environment), secrets)) {}

std::unique_ptr<Shell> Shells::make_shell(const DesiredHost& host) const {
  const ShellEnvironment& environment = tools_->environment();
  SshTarget target{{host.name, host.address, host.ssh.port},
                   host.ssh.user.empty() ? environment.user : host.ssh.user,
                   host.ssh};
  switch (host.transport) {
    case Transport::ssh:
      return std::make_unique<SshShell>(tools_, std::move(target));
    case Transport::openssh:
      return std::make_unique<OpensshShell>(tools_, std::move(target));
    case Transport::local:
      return std::make_unique<LocalShell>(tools_->loop(), host.name, environment.home);
  }
  return nullptr;
}

ShellEnvironment current_environment() {
  ShellEnvironment environment;
  const passwd* const user = ::getpwuid(::geteuid());
  environment.home = variable("HOME");
  if (user != nullptr) {
    environment.user = user->pw_name;
    if (environment.home.empty()) {
      environment.home = user->pw_dir;
    }
  }
  environment.agent_socket = variable("SSH_AUTH_SOCK");
  environment.terminal = ::isatty(STDIN_FILENO) == 1;
  return environment;
}

}  // namespace arcform
