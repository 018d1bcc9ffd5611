// SPDX-License-Identifier: Apache-2.0
#include "drivers/ssh_identities.h"

#include <algorithm>
#include <utility>

#include "drivers/ssh_agent.h"
#include "drivers/ssh_wire.h"
#include "model/names.h"

namespace arcform {
namespace {

using ssh_agent::AgentKey;

/// libssh2 1.10 knows neither hardware keys nor most certificates.
bool can_use(const AgentKey& key) {
  const std::string_view type = ssh_wire::key_type(key.blob);
  return type == "ssh-rsa" || type == "ssh-ed25519" || type.starts_with("ecdsa-sha2-nistp")
             ? type.find("-cert-") == std::string_view::npos
             : false;
}

Identity of_agent(const AgentKey& key) {
  return Identity{
      "agent key " + printable(key.comment, 80) + " (" + ssh_wire::fingerprint(key.blob) + ")",
      key.blob, nullptr};
}

void add_file(SshTools& tools, const std::string& path, bool named, std::vector<AgentKey>& agent,
              Identities& found) {
  const Result<std::shared_ptr<KeyFile>> file =
      tools.key_file(expand_home(path, tools.environment().home));
  if (!file) {
    if (named || file.error().code != ErrorCode::not_found) {
      found.notes.push_back(file.error().message);
    }
    return;
  }
  const auto held = std::find_if(agent.begin(), agent.end(),
                                 [&](const AgentKey& key) { return key.blob == (*file)->blob(); });
  if (held != agent.end()) {
    found.usable.push_back(Identity{path + " (by the agent)", held->blob, nullptr});
    agent.erase(held);
  } else if ((*file)->is_rsa() && (*file)->is_sealed_openssh()) {
    found.notes.push_back(path + ": an encrypted RSA key works only through the agent (ssh-add " +
                          path + "), or use an ed25519 key");
  } else {
    found.usable.push_back(Identity{path, "", *file});
  }
}

}  // namespace

Awaitable<Identities> find_identities(std::shared_ptr<SshTools> tools, SshTarget target,
                                      Instant until) {
  Identities found;
  std::vector<AgentKey> agent;
  const std::string socket = tools->environment().agent_socket;
  if (target.access.agent && !socket.empty()) {
    Result<std::vector<AgentKey>> keys =
        co_await ssh_agent::list_keys(tools->loop(), socket, until);
    if (keys) {
      agent = std::move(*keys);
      std::erase_if(agent, [](const AgentKey& key) { return !can_use(key); });
    } else {
      found.notes.push_back(keys.error().message);
    }
  }
  const bool named = !target.access.identity_files.empty();
  if (!named) {
    for (const AgentKey& key : agent) {
      found.usable.push_back(of_agent(key));
    }
  }
  const std::vector<std::string> usual = {"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"};
  for (const std::string& path : named ? target.access.identity_files : usual) {
    std::vector<AgentKey> before = agent;
    add_file(*tools, path, named, agent, found);
    if (!named && agent.size() != before.size()) {
      found.usable.pop_back();  // it is among the agent's keys already
    }
  }
  if (named) {
    for (const AgentKey& key : agent) {
      found.usable.push_back(of_agent(key));
    }
  }
  co_return found;
}

}  // namespace arcform
