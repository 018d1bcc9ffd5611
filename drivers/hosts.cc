// SPDX-License-Identifier: Apache-2.0
#include "drivers/hosts.h"

#include "drivers/script_host.h"

namespace arcform {

ScriptHosts::ScriptHosts(ShellFactory shells, NonceSource nonces)
    : shells_(std::move(shells)), nonces_(std::move(nonces)) {}

Host& ScriptHosts::host(const DesiredHost& access, const std::string& deployment) {
  std::unique_ptr<Host>& host = hosts_[{access.name, deployment}];
  if (!host) {
    ScriptPlace place;
    place.directory = directory_of(access, deployment);
    host = std::make_unique<ScriptHost>(access.name, shells_(access), std::move(place), nonces_);
  }
  return *host;
}

}  // namespace arcform
