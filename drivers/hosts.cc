// SPDX-License-Identifier: Apache-2.0
#include "drivers/hosts.h"

#include <algorithm>

#include "drivers/script_host.h"

namespace arcform {

ScriptHosts::ScriptHosts(ShellFactory shells, NonceSource nonces)
    : shells_(std::move(shells)), nonces_(std::move(nonces)) {}

Host& ScriptHosts::host(const DesiredHost& access, const std::string& deployment) {
  std::vector<Way>& ways = hosts_[{access.name, deployment}];
  const auto found = std::find_if(ways.begin(), ways.end(), [&access](const Way& way) {
    return way.access.address == access.address && way.access.transport == access.transport &&
           way.access.ssh == access.ssh;
  });
  if (found != ways.end()) {
    return *found->host;
  }
  ScriptPlace place;
  place.directory = directory_of(access, deployment);
  auto host = std::make_unique<ScriptHost>(access.name, shells_(access), std::move(place), nonces_);
  ways.push_back({access, std::move(host)});
  return *ways.back().host;
}

}  // namespace arcform
