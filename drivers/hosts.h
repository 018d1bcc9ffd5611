// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "drivers/script.h"
#include "drivers/world.h"

namespace arcform {

/// Makes the way to a host; connects on first use.
using ShellFactory = std::function<std::unique_ptr<Shell>(const DesiredHost&)>;

/// Hosts that are worked on by scripts, one per host name and deployment, kept for ever: the first
/// access that is given for a name is the one that stays.
class ScriptHosts final : public Hosts {
 public:
  ScriptHosts(ShellFactory shells, NonceSource nonces);
  Host& host(const DesiredHost& access, const std::string& deployment) override;

 private:
  ShellFactory shells_;
  NonceSource nonces_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Host>> hosts_;
};

}  // namespace arcform
