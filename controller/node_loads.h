// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "model/answers.h"
#include "specs/watch_report.h"

namespace arcform {

/// What nodes counted, the last times they were asked. Pure.
class NodeLoads {
 public:
  static constexpr std::size_t kKept = 60;

  /// All nodes are asked anew.
  void begin() { ++at_; }
  /// A node's answer. Fewer hits or misses than before, or another pid: it was started again, and
  /// its hit ratio is not known before the next time.
  void note(Endpoint node, const NodeCounters& counters);
  /// All others are forgotten.
  void keep(const std::set<Endpoint>& nodes);

  /// Of nodes that answered the last time, by address.
  std::vector<NodeLoad> latest() const;
  std::vector<LoadHistory> history() const;

 private:
  struct Kept {
    std::uint32_t pid = 0;
    std::deque<NodeLoad> loads;
  };
  std::map<Endpoint, Kept> nodes_;
  std::uint64_t at_ = 0;
};

}  // namespace arcform
