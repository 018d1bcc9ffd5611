// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/io_context.hpp>

#include "drivers/world.h"

namespace arcform {

class EnsembleSession;

/// What a round may look at. There is no way to change the world through it.
struct ReadWorld {
  asio::io_context& loop;
  Clock& clock;
  HostReaders& hosts;
};

/// What an apply may change.
struct World {
  asio::io_context& loop;
  Clock& clock;
  Hosts& hosts;

  ReadWorld reading() const { return {loop, clock, hosts}; }
};

}  // namespace arcform
