// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/ssh_tools.h"

/// The user's OpenSSH client configuration. It is read by `ssh -G`, the only program that
/// understands all of it; what is here decides only when that is worth 12 ms.
namespace arcform {

/// Reads what `ssh -G HOST` prints (OpenSSH 9.2, ssh.c and readconf.c: dump_client_config): one
/// keyword in small letters and its value per line, defaults included. `user` is whom ssh would log
/// in as by itself. The default identity files and known_hosts files count as "not set".
SshHostConfig parse_ssh_config(std::string_view output, const std::string& host,
                               const std::string& user);

/// A configuration file, read just well enough to know which hosts it treats alike.
class SshConfigFile {
 public:
  explicit SshConfigFile(std::string_view text);
  /// Hosts of one key get the same answer from `ssh -G`, apart from their name; ssh tells capital
  /// letters from small ones. Empty: nothing in the file is about this host. With Match, Include,
  /// or a token like %h in the file, every host has a key of its own.
  std::string key_of(const std::string& host) const;

 private:
  struct Block {
    std::vector<std::string> patterns;
    bool says_something = false;
  };
  std::vector<Block> blocks_;  ///< the first one is what stands before any Host
  bool intricate_ = false;
};

/// Fills in what the spec leaves open from the user's configuration: user, port, identity files,
/// known hosts, the address of a host without one, and the program to connect through (ProxyJump,
/// ProxyCommand). Asks `ssh -G` once for all hosts that the file treats alike, four at a time, each
/// for at most 10 s. Without a file, or without an `ssh` on this machine, the target stays as it
/// is. Errors, after which it is asked anew: not_found (a file that the spec names is not there),
/// failed_precondition (ssh does not understand it), deadline_exceeded, and that of filled_in.
Awaitable<Result<SshTarget>> with_user_config(std::shared_ptr<SshTools> tools, SshTarget target);

/// The spec's values first, then the configuration's. Error invalid_argument: a user that a
/// ProxyCommand's shell could take for more than a name.
Result<SshTarget> filled_in(SshTarget target, const SshHostConfig& config, const std::string& file);

/// A path as the value of one of ssh's options, which reads quotes, backslashes and % in it.
std::string ssh_option_path(const std::string& path);

}  // namespace arcform
