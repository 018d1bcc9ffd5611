// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

/// The settings of a cache node that the Arcus server changes while it runs, by its command
/// `config KEY [VALUE]` (arcus-memcached 1.15.0, memcached.c:process_config_command).
namespace arcform {

enum class NodeSetting : std::uint8_t {
  memlimit,
  connections,
  sticky_limit,
  verbosity,
  max_list_size,
  max_set_size,
  max_map_size,
  max_btree_size,
  max_element_bytes,
  scrub_count,
  max_stats_prefixes,
  hb_timeout,
  hb_failstop,
  zk_failstop,
};
inline constexpr std::size_t kNodeSettings = 14;
inline constexpr std::size_t kFirstOnlineOnly = 2;  ///< from sticky_limit on

/// What is to be known about one setting.
struct SettingInfo {
  NodeSetting setting;
  const char* label;  ///< for people: "memlimit"
  const char* key;    ///< of `config`
  const char* stat;   ///< its name in the answer to `stats settings`; nullptr: it is not there
  const char* spec;   ///< its field in a cloud's "config"
  const char* unit;   ///< " MB", " ms" or ""
  /// What the server takes while it runs; memlimit and connections have further bounds of the
  /// moment (memory and connections in use, open files).
  std::uint32_t min;
  std::uint32_t max;
  std::uint32_t at_start;     ///< without being told otherwise
  bool only_raised = false;   ///< lowering needs another start (default_engine.c)
  bool in_megabytes = false;  ///< `config` takes MB, `stats settings` says bytes
  bool zero_is_off = false;   ///< 0 is allowed besides the bounds
};

const SettingInfo& info_of(NodeSetting setting);
const std::array<SettingInfo, kNodeSettings>& all_node_settings();

/// A value per setting, or none. Small and trivial, as there is one per node.
class SettingValues {
 public:
  SettingValues() { values_.fill(kNone); }
  std::optional<std::uint32_t> get(NodeSetting setting) const {
    const std::uint32_t value = values_[static_cast<std::size_t>(setting)];
    return value == kNone ? std::nullopt : std::optional(value);
  }
  void set(NodeSetting setting, std::uint32_t value) {
    values_[static_cast<std::size_t>(setting)] = value;
  }
  bool empty() const { return *this == SettingValues(); }
  bool operator==(const SettingValues&) const = default;

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::array<std::uint32_t, kNodeSettings> values_;
};

/// How a running cache node can be told to change its settings; found out by asking it.
enum class AdminProtocol : std::uint8_t {
  none,            ///< it cannot
  config,          ///< the Arcus server's `config KEY VALUE`
  cache_memlimit,  ///< stock memcached's `cache_memlimit N`: memlimit alone
};

/// One change of a running node.
struct Tuning {
  NodeSetting setting = NodeSetting::memlimit;
  std::uint32_t before = 0;
  std::uint32_t after = 0;
  bool operator==(const Tuning&) const = default;
};

}  // namespace arcform
