// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "drivers/world.h"
#include "model/names.h"
#include "model/node_settings.h"

namespace arcform::sim {

/// What clients do to a cache node: so many gets per second, of which this share is answered once
/// the cache is full; before that the share grows evenly.
struct Traffic {
  double gets_per_second = 0;
  double hit_ratio = 0;
  Time fills_in{0};
};

/// The text protocol of a cache node, as far as an administrator uses it: arcus-memcached 1.15.0,
/// or stock memcached 1.6 as examples/stock-node runs it.
class NodeAdmin {
 public:
  /// The process behind it, when it is asked.
  struct Process {
    std::uint32_t pid = 0;
    Time age{0};
    std::uint64_t open_files = 0;
    std::uint32_t connections = 0;  ///< that are open
    std::uint32_t held_mb = 0;      ///< memory that it cannot give back
    Traffic traffic;
    std::function<void()> shut_down;  ///< after `shutdown` was taken
    std::vector<Endpoint> servers{};  ///< of the ensemble, that it goes by; empty: it uses none
    std::function<void(std::vector<Endpoint>)> go_by{};  ///< others, after `zkensemble set`
  };

  NodeAdmin(bool stock, std::uint32_t memory_mb, std::uint32_t connections);
  /// The replies to the lines of `question`.
  std::string answer(const std::string& question, const Process& process);
  const SettingValues& settings() const { return values_; }

 private:
  std::string reply(const std::vector<std::string>& words, const Process& process);
  std::string config(const std::vector<std::string>& words, const Process& process);
  static std::string zkensemble(const std::vector<std::string>& words, const Process& process);
  std::string change(const SettingInfo& info, const std::string& text, const Process& process);
  std::string stats(const Process& process) const;
  std::string stats_settings() const;

  bool stock_;
  SettingValues values_;
};

}  // namespace arcform::sim
