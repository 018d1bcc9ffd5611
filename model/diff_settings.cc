// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/compare_settings.h"

namespace arcform {
namespace {

std::string value_text(const SettingInfo& info, std::uint32_t value) {
  if (info.setting == NodeSetting::zk_failstop) {
    return value != 0 ? "on" : "off";
  }
  return fmt::to_string(value);
}

std::string change_text(const Tuning& change) {
  const SettingInfo& info = info_of(change.setting);
  return fmt::format("{} {} → {}{}", info.label, value_text(info, change.before),
                     value_text(info, change.after), info.unit);
}

void add(std::string& text, const std::string& more) {
  text += (text.empty() ? "" : ", ") + more;
}

bool takes(const NodeAnswer* answer, NodeSetting setting) {
  if (answer == nullptr || !answer->settings.get(setting)) {
    return false;
  }
  return answer->admin == AdminProtocol::config ||
         (answer->admin == AdminProtocol::cache_memlimit && setting == NodeSetting::memlimit);
}

/// The server keeps a tenth of what it holds free, and gives nothing back (arcus-memcached 1.15.0,
/// slabs.c:do_slabs_set_memlimit).
bool holds_more(const NodeAnswer& answer, std::uint32_t wanted_mb) {
  return answer.held_mb && std::uint64_t{wanted_mb} * 10 < std::uint64_t{*answer.held_mb} * 11;
}

/// One of the two settings that the start line holds as well.
void compare_started(NodeSetting setting, std::uint32_t wanted, std::uint32_t started,
                     const NodeAnswer* answer, SettingsDifference& out) {
  const SettingInfo& info = info_of(setting);
  if (takes(answer, setting)) {
    const Tuning change{setting, *answer->settings.get(setting), wanted};
    if (change.before == wanted) {
      if (started != wanted) {
        add(out.debt,
            fmt::format("{} {}{} (started with {})", info.label, wanted, info.unit, started));
      }
    } else if (setting == NodeSetting::memlimit && wanted < change.before &&
               holds_more(*answer, wanted)) {
      add(out.restart, fmt::format("{} ({} MB are in use, and a server gives no memory back while "
                                   "it runs)",
                                   change_text(change), *answer->held_mb));
    } else {
      out.tune.push_back(change);
    }
  } else if (started != wanted) {
    add(out.restart, fmt::format("{} (this server cannot change it while it runs)",
                                 change_text({setting, started, wanted})));
  }
}

void compare_online(const SettingInfo& info, std::uint32_t wanted, const NodeAnswer* answer,
                    SettingsDifference& out) {
  if (!takes(answer, info.setting)) {
    add(out.unable, fmt::format("\"{}\"", info.spec));
    return;
  }
  const Tuning change{info.setting, *answer->settings.get(info.setting), wanted};
  if (change.before == wanted) {
    return;
  }
  if (info.only_raised && wanted < change.before) {
    add(out.restart, change_text(change) + " (it can only be raised while a server runs)");
  } else {
    out.tune.push_back(change);
  }
}

/// The server wants sticky limit <= memlimit and heartbeat timeout <= failstop at every moment.
void put_in_order(std::vector<Tuning>& changes) {
  const auto rank = [](const Tuning& change) {
    const bool raised = change.after > change.before;
    switch (change.setting) {
      case NodeSetting::memlimit:
        return raised ? 0 : 4;
      case NodeSetting::hb_failstop:
        return change.after == 0 || (raised && change.before != 0) ? 1 : 3;
      case NodeSetting::connections:
      case NodeSetting::sticky_limit:
      case NodeSetting::verbosity:
      case NodeSetting::max_list_size:
      case NodeSetting::max_set_size:
      case NodeSetting::max_map_size:
      case NodeSetting::max_btree_size:
      case NodeSetting::max_element_bytes:
      case NodeSetting::scrub_count:
      case NodeSetting::max_stats_prefixes:
      case NodeSetting::hb_timeout:
      case NodeSetting::zk_failstop:
        return 2;
    }
    return 2;
  };
  std::stable_sort(changes.begin(), changes.end(),
                   [&](const Tuning& a, const Tuning& b) { return rank(a) < rank(b); });
}

}  // namespace

NodeConfig effective_config(NodeConfig started, const NodeAnswer* answer) {
  if (takes(answer, NodeSetting::memlimit)) {
    started.memlimit_mb = *answer->settings.get(NodeSetting::memlimit);
  }
  if (takes(answer, NodeSetting::connections)) {
    started.connections = *answer->settings.get(NodeSetting::connections);
  }
  return started;
}

std::string text_of(const std::vector<Tuning>& changes) {
  std::string text;
  for (const Tuning& change : changes) {
    add(text, change_text(change));
  }
  return text;
}

SettingsDifference compare_settings(const NodeConfig& wanted, const NodeConfig& started,
                                    const NodeAnswer* answer) {
  SettingsDifference out;
  compare_started(NodeSetting::memlimit, wanted.memlimit_mb, started.memlimit_mb, answer, out);
  compare_started(NodeSetting::connections, wanted.connections, started.connections, answer, out);
  if (!wanted.online.empty()) {
    for (std::size_t i = kFirstOnlineOnly; i < kNodeSettings; ++i) {
      const SettingInfo& info = all_node_settings()[i];
      if (const auto value = wanted.online_value(info.setting)) {
        compare_online(info, *value, answer, out);
      }
    }
  }
  put_in_order(out.tune);
  return out;
}

}  // namespace arcform
