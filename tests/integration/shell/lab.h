// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <asio/io_context.hpp>

#include "drivers/shells.h"
#include "tests/contract/shell_contract.h"
#include "tests/support/real_sshd.h"

namespace arcform {

/// An sshd, a key that may log in, and a known_hosts that has the server's ed25519 key.
struct ShellLab {
  explicit ShellLab(const std::string& config = "")
      : sshd(config),
        key(folder.file("id")),
        known_hosts(folder.write("known_hosts", sshd.known_hosts_line())) {
    make_key("ed25519", key);
    sshd.authorize(key);
  }

  /// A host as a spec would have it.
  DesiredHost host(Transport transport = Transport::ssh) const {
    DesiredHost desired;
    desired.name = "cache1";
    desired.address = "127.0.0.1";
    desired.transport = transport;
    desired.ssh.port = sshd.port();
    desired.ssh.identity_files = {key};
    desired.ssh.known_hosts = known_hosts;
    return desired;
  }

  TemporaryFolder folder;
  RealSshd sshd;
  std::string key;
  std::string known_hosts;
};

/// The loop and the shells of one controller.
struct Controller {
  explicit Controller(const std::string& home, const std::string& agent = "")
      : secrets(home), shells(loop, environment(home, agent), secrets) {}
  explicit Controller(const ShellLab& lab) : Controller(lab.folder.path()) {}

  static ShellEnvironment environment(const std::string& home, const std::string& agent) {
    ShellEnvironment environment = current_environment();
    environment.home = home;
    environment.agent_socket = agent;
    environment.global_known_hosts = "/nonexistent";
    environment.terminal = false;
    return environment;
  }

  asio::io_context loop;
  Secrets secrets;
  Shells shells;
};

}  // namespace arcform
