// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include <asio/io_context.hpp>

#include "drivers/world.h"

namespace arcform {

class EnsembleSession;

/// Hosts that do not answer, by name, each with why. They are unknown without being asked, so that
/// a look does not wait for them; whoever keeps the list finds out by itself when one is back.
using SilentHosts = std::map<std::string, std::string>;

/// What a round may look at. There is no way to change the world through it.
struct ReadWorld {
  asio::io_context& loop;
  Clock& clock;
  HostReaders& hosts;
  const SilentHosts* silent = nullptr;  ///< nullptr: every host is asked
};

/// What an apply may change.
struct World {
  asio::io_context& loop;
  Clock& clock;
  Hosts& hosts;
  const SilentHosts* silent = nullptr;

  ReadWorld reading() const { return {loop, clock, hosts, silent}; }
};

}  // namespace arcform
