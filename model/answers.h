// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "model/observed.h"

namespace arcform {

/// The reply to the four-letter word `srvr`. A running server without a quorum answers "This
/// ZooKeeper instance is not currently serving requests": mode not_serving. nullopt: not a reply
/// that any ZooKeeper 3.4 to 3.9 gives.
std::optional<ServerAnswer> parse_srvr(std::string_view reply);

/// How long the server that gave this reply to `mntr` has led its ensemble (zk_leader_uptime of
/// ZooKeeper 3.6 and later; a standalone one: zk_uptime). nullopt: it does not lead or say so.
std::optional<std::chrono::milliseconds> parse_leader_age(std::string_view reply);

/// What a cache node is asked in every observation, in one exchange that it ends itself: its
/// settings, its version, the servers of the ensemble that it goes by, and how it can be changed.
/// The first three lines are the probe of that: the Arcus server answers `config KEY` with the
/// value, stock memcached 1.6 says that 0 is too little for `cache_memlimit`, and whoever does not
/// know such a command answers "ERROR".
inline constexpr std::string_view kNodeQuestion =
    "config memlimit\r\nconfig zkfailstop\r\ncache_memlimit 0\r\nstats settings\r\nversion\r\n"
    "zkensemble get\r\nquit\r\n";
/// The reply to that. nullopt: there is no version in it, so it is no cache node's.
std::optional<NodeAnswer> parse_node_answer(std::string_view reply);

/// The servers of the ensemble that a node goes by, sorted, out of its reply to `zkensemble get`:
/// the Arcus server answers with a line of "ip:port ip:port " in any order and with no END
/// (arcus-memcached 1.15.0, memcached.c:process_zkensemble_command). Empty: no such line is there.
std::vector<Endpoint> parse_known_servers(std::string_view reply);

inline constexpr std::string_view kCountersQuestion = "stats\r\nquit\r\n";
/// What a cache node counts, of its answer to `stats`.
struct NodeCounters {
  std::uint32_t pid = 0;
  std::uint64_t hits = 0;         ///< get_hits, since it was started
  std::uint64_t misses = 0;       ///< get_misses
  std::uint64_t malloced = 0;     ///< engine_malloced, in bytes; 0 where it is not told
  std::uint64_t bytes = 0;        ///< of items
  std::uint64_t limit_bytes = 0;  ///< limit_maxbytes
  std::uint64_t items = 0;
  std::uint32_t connections = 0;
};
/// nullopt: not an answer to `stats`.
std::optional<NodeCounters> parse_node_counters(std::string_view reply);

/// How many followers are in sync, as a leader answers `mntr` (those that do not vote included);
/// nullopt: not a leader's reply.
std::optional<std::uint32_t> parse_synced_followers(std::string_view reply);

/// The pid in the reply to `stats`; nullopt: it names none.
std::optional<std::uint32_t> parse_stats_pid(std::string_view reply);

}  // namespace arcform
