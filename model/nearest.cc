// SPDX-License-Identifier: Apache-2.0
#include "model/nearest.h"

#include <algorithm>
#include <vector>

namespace arcform {
namespace {

/// Edits (insert, remove, replace, swap neighbours) that turn `a` into `b`, ignoring case.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) { return (x | 0x20) == (y | 0x20); };
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = cost[i - 1][j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
      cost[i][j] = std::min({replaced, cost[i - 1][j] + 1, cost[i][j - 1] + 1});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view typed, std::span<const std::string_view> words) {
  std::string_view best;
  // A third of the letters may be wrong; beyond that a guess only confuses.
  std::size_t limit = std::max<std::size_t>(1, std::min<std::size_t>(typed.size(), 48) / 3);
  for (const std::string_view word : words) {
    const std::size_t distance = typed.size() > 64 ? limit + 1 : edit_distance(typed, word);
    if (distance <= limit && (best.empty() || distance < limit)) {
      best = word;
      limit = distance;
    }
  }
  return best;
}

}  // namespace arcform
