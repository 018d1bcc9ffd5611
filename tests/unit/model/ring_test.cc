// SPDX-License-Identifier: Apache-2.0
#include "model/ring.h"

#include <cmath>
#include <map>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "tests/support/builders.h"

using namespace arcform;

namespace {

std::vector<Endpoint> nodes(int count, std::uint16_t port = 11211) {
  std::vector<Endpoint> out;
  for (int i = 0; i < count; ++i) {
    out.push_back({0x0a000001U + static_cast<std::uint32_t>(i), port});
  }
  return out;
}

Ring full(const std::vector<Endpoint>& members) {
  Ring ring = Ring::of(members).value();
  for (const Endpoint node : members) {
    ring.join(node);
  }
  return ring;
}

/// Another way to the same ring, written from the Java client's words: a sorted map of points, the
/// first key at or after the hash, else the first of all.
class MapRing {
 public:
  explicit MapRing(const std::vector<Endpoint>& members) {
    for (const Endpoint node : members) {
      for (int i = 0; i < 40; ++i) {
        const auto digest = md5(fmt::format("{}-{}", node.text(), i));
        for (std::size_t h = 0; h < 4; ++h) {
          points_[word(digest, h)] = node;
        }
      }
    }
  }
  Endpoint owner(const std::string& key) const {
    const auto found = points_.lower_bound(word(md5(key), 0));
    return found == points_.end() ? points_.begin()->second : found->second;
  }

 private:
  static std::vector<unsigned char> md5(const std::string& text) {
    std::vector<unsigned char> digest(16);
    std::size_t size = 0;
    REQUIRE(EVP_Q_digest(nullptr, "MD5", nullptr, text.data(), text.size(), digest.data(), &size) ==
            1);
    return digest;
  }
  static std::uint32_t word(const std::vector<unsigned char>& digest, std::size_t h) {
    return (static_cast<std::uint32_t>(digest[3 + h * 4]) << 24U) |
           (static_cast<std::uint32_t>(digest[2 + h * 4]) << 16U) |
           (static_cast<std::uint32_t>(digest[1 + h * 4]) << 8U) | digest[h * 4];
  }
  std::map<std::uint32_t, Endpoint> points_;
};

}  // namespace

TEST_CASE("a key's place is the first four bytes of its md5, little endian") {
  CHECK(ring_place("") == 0xd98c1dd4U);     // d41d8cd98f00b204e9800998ecf8427e
  CHECK(ring_place("abc") == 0x98500190U);  // 900150983cd24fb0d6963f7d28e17f72
}

TEST_CASE("the shares of all nodes are the whole key space") {
  const int count = GENERATE(1, 2, 3, 7, 100);
  const std::vector<Endpoint> members = nodes(count);
  const Ring ring = full(members);
  Ring::Share sum = 0;
  for (const Endpoint node : members) {
    sum += ring.share_of(node);
  }
  CHECK(sum == Ring::kWhole);
}

TEST_CASE("a node that joins takes exactly what it owns from then on, and gives it back") {
  const std::vector<Endpoint> members = nodes(6);
  Ring ring = full(members);
  const Ring six = ring;
  const Ring::Share left = ring.leave(members[2]);
  CHECK(left > 0);
  CHECK_FALSE(ring.holds(members[2]));
  CHECK(ring.share_of(members[2]) == 0);
  CHECK(Ring::moved(six, ring) == left);
  CHECK(Ring::moved(ring, six) == left);
  CHECK(ring.leave(members[2]) == 0);
  CHECK(ring.join(members[2]) == left);
  CHECK(ring.join(members[2]) == 0);
  CHECK(Ring::moved(six, ring) == 0);
  CHECK(ring.join(at("10.9.9.9:1")) == 0);  // Not one of its nodes.
}

TEST_CASE("an empty ring owns nothing, and everything moves when it fills") {
  const std::vector<Endpoint> members = nodes(2);
  const Ring empty = Ring::of(members).value();
  CHECK(empty.empty());
  CHECK_FALSE(empty.owner(0));
  CHECK(Ring::moved(empty, empty) == 0);
  CHECK(Ring::moved(empty, full(members)) == Ring::kWhole);
  CHECK(Ring::moved(full(members), empty) == Ring::kWhole);
}

TEST_CASE("a million keys have the owners that another computation finds, and move as told") {
  std::vector<Endpoint> members = nodes(9);
  const std::vector<Endpoint> five(members.begin(), members.begin() + 5);
  Ring before = Ring::of(members).value();
  for (const Endpoint node : five) {
    before.join(node);
  }
  Ring after = before;
  after.leave(members[1]);
  after.join(members[5]);
  after.join(members[8]);
  const MapRing map_before(five);
  const MapRing map_after({members[0], members[2], members[3], members[4], members[5], members[8]});

  constexpr int kKeys = 1'000'000;
  std::mt19937_64 random(20240229);
  int wrong = 0;
  int moved = 0;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = fmt::format("user:{:x}", random());
    const Endpoint old_owner = map_before.owner(key);
    const Endpoint new_owner = map_after.owner(key);
    const std::uint32_t place = ring_place(key).value();
    wrong += before.owner(place) != old_owner || after.owner(place) != new_owner ? 1 : 0;
    moved += old_owner != new_owner ? 1 : 0;
  }
  CHECK(wrong == 0);
  const double exact =
      static_cast<double>(Ring::moved(before, after)) / static_cast<double>(Ring::kWhole);
  const double deviation = std::sqrt(exact * (1 - exact) / kKeys);
  CHECK(std::abs(static_cast<double>(moved) / kKeys - exact) < 5 * deviation);
}
