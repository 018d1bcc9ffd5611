// SPDX-License-Identifier: Apache-2.0
#include "controller/node_loads.h"

namespace arcform {

void NodeLoads::note(Endpoint node, const NodeCounters& counters) {
  NodeLoad load;
  load.node = node;
  load.at = at_;
  load.hits = counters.hits;
  load.misses = counters.misses;
  load.bytes = counters.bytes;
  load.limit_bytes = counters.limit_bytes;
  load.connections = counters.connections;
  load.items = counters.items;
  Kept& kept = nodes_[node];
  if (!kept.loads.empty() && kept.pid == counters.pid) {
    const NodeLoad& last = kept.loads.back();
    const bool grew = load.hits >= last.hits && load.misses >= last.misses;
    const std::uint64_t hits = load.hits - last.hits;
    const std::uint64_t gets = hits + load.misses - last.misses;
    if (grew && gets > 0) {
      load.hit_permille = static_cast<std::uint32_t>(hits * 1000 / gets);
    }
  }
  kept.pid = counters.pid;
  kept.loads.push_back(load);
  if (kept.loads.size() > kKept) {
    kept.loads.pop_front();
  }
}

void NodeLoads::keep(const std::set<Endpoint>& nodes) {
  std::erase_if(nodes_, [&nodes](const auto& item) { return !nodes.contains(item.first); });
}

std::vector<NodeLoad> NodeLoads::latest() const {
  std::vector<NodeLoad> all;
  for (const auto& [node, kept] : nodes_) {
    if (kept.loads.back().at == at_) {
      all.push_back(kept.loads.back());
    }
  }
  return all;
}

std::vector<LoadHistory> NodeLoads::history() const {
  std::vector<LoadHistory> all;
  for (const auto& [node, kept] : nodes_) {
    LoadHistory& history = all.emplace_back();
    history.node = node;
    for (const NodeLoad& load : kept.loads) {
      history.hit_permille.push_back(load.hit_permille);
      history.bytes.push_back(load.bytes);
      history.connections.push_back(load.connections);
    }
  }
  return all;
}

}  // namespace arcform
