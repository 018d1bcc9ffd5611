// SPDX-License-Identifier: Apache-2.0
#include "model/node_settings.h"

namespace arcform {
namespace {

constexpr std::uint32_t kMillion = 1'000'000;

// Bounds and start values: arcus-memcached 1.15.0, memcached.c (settings_init and the commands),
// default_engine.c:default_set_config, arcus_hb.c. A collection size can only be raised.
constexpr std::array<SettingInfo, kNodeSettings> kInfos{{
    {NodeSetting::memlimit, "memlimit", "memlimit", "maxbytes", "memlimit", " MB", 1, 1U << 24U, 64,
     false, true},
    {NodeSetting::connections, "connections", "maxconns", "maxconns", "connections", "", 3,
     kMillion, 1024},
    {NodeSetting::sticky_limit, "sticky limit", "sticky_limit", "sticky_limit", "stickyLimit",
     " MB", 0, 1U << 24U, 0, false, true},
    {NodeSetting::verbosity, "verbosity", "verbosity", "verbosity", "verbosity", "", 0, 2, 0},
    {NodeSetting::max_list_size, "max list size", "max_list_size", "max_list_size", "maxListSize",
     "", 50'000, kMillion, 50'000, true},
    {NodeSetting::max_set_size, "max set size", "max_set_size", "max_set_size", "maxSetSize", "",
     50'000, kMillion, 50'000, true},
    {NodeSetting::max_map_size, "max map size", "max_map_size", "max_map_size", "maxMapSize", "",
     50'000, kMillion, 50'000, true},
    {NodeSetting::max_btree_size, "max btree size", "max_btree_size", "max_btree_size",
     "maxBtreeSize", "", 50'000, kMillion, 50'000, true},
    {NodeSetting::max_element_bytes, "max element bytes", "max_element_bytes", "max_element_bytes",
     "maxElementBytes", "", 1024, 32'768, 16'384},
    {NodeSetting::scrub_count, "scrub count", "scrub_count", "scrub_count", "scrubCount", "", 16,
     320, 96},
    {NodeSetting::max_stats_prefixes, "max stats prefixes", "max_stats_prefixes",
     "max_stats_prefixes", "maxStatsPrefixes", "", 0, kMillion, 50},
    {NodeSetting::hb_timeout, "heartbeat timeout", "hbtimeout", "hb_timeout", "hbTimeout", " ms",
     50, 300'000, 10'000},
    {NodeSetting::hb_failstop, "heartbeat failstop", "hbfailstop", "hb_failstop", "hbFailstop",
     " ms", 3000, 300'000, 60'000, false, false, true},
    {NodeSetting::zk_failstop, "ZooKeeper failstop", "zkfailstop", nullptr, "zkFailstop", "", 0, 1,
     1},
}};

}  // namespace

const SettingInfo& info_of(NodeSetting setting) {
  return kInfos[static_cast<std::size_t>(setting)];
}

const std::array<SettingInfo, kNodeSettings>& all_node_settings() {
  return kInfos;
}

}  // namespace arcform
