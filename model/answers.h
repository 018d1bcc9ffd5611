// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/observed.h"

namespace arcform {

/// The reply to the four-letter word `srvr`. A running server without a quorum answers "This
/// ZooKeeper instance is not currently serving requests": mode not_serving. nullopt: not a reply
/// that any ZooKeeper 3.4 to 3.9 gives.
std::optional<ServerAnswer> parse_srvr(std::string_view reply);

/// How many followers are in sync, as a leader answers `mntr` (those that do not vote included);
/// nullopt: not a leader's reply.
std::optional<std::uint32_t> parse_synced_followers(std::string_view reply);

/// The reply to `version\r\n`: "VERSION 1.15.0\r\n". nullopt: anything else.
std::optional<NodeAnswer> parse_version(std::string_view reply);

/// The pid in the reply to `stats`; nullopt: it names none.
std::optional<std::uint32_t> parse_stats_pid(std::string_view reply);

}  // namespace arcform
