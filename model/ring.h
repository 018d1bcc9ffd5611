// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "model/names.h"

namespace arcform {

/// The place of a key on the ring (md5, first four bytes, little endian: arcus-c-client
/// libmemcached/hash.cc, arcus-java-client DefaultHashAlgorithm KETAMA_HASH). nullopt where this
/// machine's libcrypto refuses md5.
std::optional<std::uint32_t> ring_place(std::string_view key);

/// The ketama ring of a cache cloud as its clients and its nodes compute it: 160 points per node,
/// four from each md5 of "ip:port-0" to "ip:port-39"; a key belongs to the first point at or after
/// its place, the first of all after the last (arcus-c-client libmemcached/hosts.cc,
/// update_continuum; arcus-memcached cluster_config.c, gen_node_continuum). Where two points fall
/// together the lower address has the place; clients compare the names as text, which makes a
/// difference for less than one key in 100,000 at 1,000 nodes. Nodes join and leave; their points
/// were computed once, when the ring was made.
class Ring {
 public:
  /// Parts of the key space: kWhole is all of it.
  using Share = std::uint64_t;
  static constexpr Share kWhole = Share{1} << 32U;

  /// Nodes that will ever be on the ring, all of them off it at first. nullopt where this machine's
  /// libcrypto refuses md5.
  static std::optional<Ring> of(std::vector<Endpoint> nodes);

  /// Puts a node on the ring; what it owns from now on. 0 when it stood there, or is none of `of`.
  Share join(Endpoint node);
  /// Takes it off; what it owned. 0 when it was not there.
  Share leave(Endpoint node);
  /// What it owns now.
  Share share_of(Endpoint node) const;
  bool holds(Endpoint node) const;
  bool empty() const { return joined_ == 0; }

  /// The owner of a place; nullopt on an empty ring.
  std::optional<Endpoint> owner(std::uint32_t place) const;

  /// The keys whose owner differs between the two. Both must come from the same `of` (one is a
  /// copy of the other, changed); kWhole when exactly one of them is empty.
  static Share moved(const Ring& before, const Ring& after);

 private:
  struct Point {
    std::uint32_t place = 0;
    std::uint32_t node = 0;  ///< index into nodes_
  };
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  std::size_t index_of(Endpoint node) const;
  bool active(std::size_t point) const { return (active_[point / 64] >> (point % 64) & 1U) != 0; }
  void set(std::size_t node, bool on);
  /// The nearest point on the ring before or from `point` on, going round; the ring is not empty.
  std::size_t active_before(std::size_t point) const;
  std::size_t active_from(std::size_t point) const;

  std::vector<Endpoint> nodes_;         ///< sorted
  std::vector<Point> points_;           ///< sorted by place, then node
  std::vector<std::uint32_t> of_node_;  ///< 160 indices into points_ per node
  std::vector<std::uint64_t> active_;   ///< one bit per point
  std::size_t joined_ = 0;
};

}  // namespace arcform
