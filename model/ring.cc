// SPDX-License-Identifier: Apache-2.0
#include "model/ring.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace arcform {
namespace {

constexpr std::size_t kDigestsPerNode = 40;
constexpr std::size_t kPointsPerDigest = 4;
constexpr std::size_t kPointsPerNode = kDigestsPerNode * kPointsPerDigest;
constexpr std::size_t kWord = 64;

/// md5 with its context kept: looking the algorithm up costs more than a digest of a short text.
class Md5 {
 public:
  using Digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

  Md5()
      : method_(EVP_MD_fetch(nullptr, "MD5", nullptr), &EVP_MD_free),
        context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {}

  bool of(std::string_view text, Digest& out) {
    unsigned size = 0;
    return method_ != nullptr && context_ != nullptr &&
           EVP_DigestInit_ex2(context_.get(), method_.get(), nullptr) == 1 &&
           EVP_DigestUpdate(context_.get(), text.data(), text.size()) == 1 &&
           EVP_DigestFinal_ex(context_.get(), out.data(), &size) == 1;
  }

 private:
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> method_;
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::uint32_t place_in(const Md5::Digest& digest, std::size_t at) {
  return std::uint32_t{digest[at]} | std::uint32_t{digest[at + 1]} << 8U |
         std::uint32_t{digest[at + 2]} << 16U | std::uint32_t{digest[at + 3]} << 24U;
}

}  // namespace

std::optional<std::uint32_t> ring_place(std::string_view key) {
  Md5 md5;
  Md5::Digest digest{};
  if (!md5.of(key, digest)) {
    return std::nullopt;
  }
  return place_in(digest, 0);
}

std::optional<Ring> Ring::of(std::vector<Endpoint> nodes) {
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  Ring ring;
  ring.points_.reserve(nodes.size() * kPointsPerNode);
  Md5 md5;
  Md5::Digest digest{};
  std::string text;
  for (std::uint32_t node = 0; node < nodes.size(); ++node) {
    const std::string name = nodes[node].text();
    for (std::size_t i = 0; i < kDigestsPerNode; ++i) {
      text.assign(name);
      fmt::format_to(std::back_inserter(text), "-{}", i);
      if (!md5.of(text, digest)) {
        return std::nullopt;
      }
      for (std::size_t part = 0; part < kPointsPerDigest; ++part) {
        ring.points_.push_back({place_in(digest, part * sizeof(std::uint32_t)), node});
      }
    }
  }
  std::sort(ring.points_.begin(), ring.points_.end(), [](const Point& a, const Point& b) {
    return std::tie(a.place, a.node) < std::tie(b.place, b.node);
  });
  ring.nodes_ = std::move(nodes);
  ring.active_.resize((ring.points_.size() + kWord - 1) / kWord);
  ring.of_node_.resize(ring.points_.size());
  std::vector<std::uint32_t> filled(ring.nodes_.size());
  for (std::uint32_t i = 0; i < ring.points_.size(); ++i) {
    const std::uint32_t node = ring.points_[i].node;
    ring.of_node_[node * kPointsPerNode + filled[node]++] = i;
  }
  return ring;
}

std::size_t Ring::index_of(Endpoint node) const {
  const auto found = std::lower_bound(nodes_.begin(), nodes_.end(), node);
  return found == nodes_.end() || *found != node ? kNone
                                                 : static_cast<std::size_t>(found - nodes_.begin());
}

bool Ring::holds(Endpoint node) const {
  const std::size_t index = index_of(node);
  return index != kNone && active(of_node_[index * kPointsPerNode]);
}

void Ring::set(std::size_t node, bool on) {
  for (std::size_t i = 0; i < kPointsPerNode; ++i) {
    const std::uint32_t point = of_node_[node * kPointsPerNode + i];
    const std::uint64_t bit = std::uint64_t{1} << (point % kWord);
    on ? active_[point / kWord] |= bit : active_[point / kWord] &= ~bit;
  }
  on ? ++joined_ : --joined_;
}

std::size_t Ring::active_before(std::size_t point) const {
  std::size_t word = point / kWord;
  std::uint64_t bits = active_[word] & ((std::uint64_t{1} << (point % kWord)) - 1);
  while (bits == 0) {
    word = word == 0 ? active_.size() - 1 : word - 1;
    bits = active_[word];
  }
  return word * kWord + kWord - 1 - static_cast<std::size_t>(std::countl_zero(bits));
}

std::size_t Ring::active_from(std::size_t point) const {
  std::size_t word = point / kWord;
  std::uint64_t bits =
      word < active_.size() ? active_[word] >> (point % kWord) << (point % kWord) : 0;
  while (bits == 0) {
    word = word + 1 >= active_.size() ? 0 : word + 1;
    bits = active_[word];
  }
  return word * kWord + static_cast<std::size_t>(std::countr_zero(bits));
}

Ring::Share Ring::share_of(Endpoint node) const {
  const std::size_t index = index_of(node);
  if (index == kNone || !holds(node)) {
    return 0;
  }
  Share share = 0;
  for (std::size_t i = 0; i < kPointsPerNode; ++i) {
    const std::uint32_t point = of_node_[index * kPointsPerNode + i];
    const std::size_t before = active_before(point);
    // Unsigned: the stretch across zero comes out right.
    share += points_[point].place - points_[before].place;
  }
  return share;
}

Ring::Share Ring::join(Endpoint node) {
  const std::size_t index = index_of(node);
  if (index == kNone || holds(node)) {
    return 0;
  }
  set(index, true);
  return share_of(node);
}

Ring::Share Ring::leave(Endpoint node) {
  const std::size_t index = index_of(node);
  if (index == kNone || !holds(node)) {
    return 0;
  }
  const Share share = share_of(node);
  set(index, false);
  return share;
}

std::optional<Endpoint> Ring::owner(std::uint32_t place) const {
  if (empty()) {
    return std::nullopt;
  }
  const auto found =
      std::lower_bound(points_.begin(), points_.end(), place,
                       [](const Point& point, std::uint32_t at) { return point.place < at; });
  const std::size_t point = active_from(static_cast<std::size_t>(found - points_.begin()));
  return nodes_[points_[point].node];
}

Ring::Share Ring::moved(const Ring& before, const Ring& after) {
  if (before.empty() || after.empty()) {
    return before.empty() == after.empty() ? 0 : kWhole;
  }
  Share share = 0;
  // Backwards, so that the owner of what lies before a point is always the last one seen.
  std::uint32_t old_owner = before.points_[before.active_from(0)].node;
  std::uint32_t new_owner = after.points_[after.active_from(0)].node;
  std::uint32_t last = before.points_.front().place;  // Going round: the place after the end.
  for (std::size_t i = before.points_.size(); i-- > 0;) {
    const std::uint32_t place = before.points_[i].place;
    if (old_owner != new_owner) {
      share += last - place;  // Unsigned: across zero too.
    }
    old_owner = before.active(i) ? before.points_[i].node : old_owner;
    new_owner = after.active(i) ? after.points_[i].node : new_owner;
    last = place;
  }
  return share;
}

}  // namespace arcform
