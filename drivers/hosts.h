// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "drivers/script.h"
#include "drivers/world.h"

namespace arcform {

/// Makes the way to a host; connects on first use.
using ShellFactory = std::function<std::unique_ptr<Shell>(const DesiredHost&)>;

/// Hosts that are worked on by scripts, one per host, deployment and way to it (address, transport,
/// login), each kept for ever: what still runs over an old way ends there.
class ScriptHosts final : public Hosts {
 public:
  ScriptHosts(ShellFactory shells, NonceSource nonces);
  Host& host(const DesiredHost& access, const std::string& deployment) override;

 private:
  ShellFactory shells_;
  NonceSource nonces_;
  /// One way to a host.
  struct Way {
    DesiredHost access;
    std::unique_ptr<Host> host;
  };
  std::map<std::pair<std::string, std::string>, std::vector<Way>> hosts_;
};

}  // namespace arcform
