// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "drivers/ssh_tools.h"

namespace arcform {

/// A key that may open a host: one that the agent holds, or a file.
struct Identity {
  std::string label;              ///< for messages
  std::string agent_blob;         ///< not empty: the agent signs
  std::shared_ptr<KeyFile> file;  ///< when the agent does not
};

struct Identities {
  std::vector<Identity> usable;    ///< in the order in which they are tried
  std::vector<std::string> notes;  ///< why others are not: "~/.ssh/id_rsa: no such file"
};

/// Named identity files first, signed by the agent when it holds them, then the agent's other keys;
/// without named files the agent's keys, then ~/.ssh/id_ed25519, id_ecdsa and id_rsa.
Awaitable<Identities> find_identities(std::shared_ptr<SshTools> tools, SshTarget target,
                                      Instant until);

}  // namespace arcform
