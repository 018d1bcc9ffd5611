// SPDX-License-Identifier: Apache-2.0
// What a spec says of running nodes: whether they run, settings that are changed online, and
// rollouts.
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "specs/parts.h"

namespace arcform {
namespace {

constexpr std::array<const char*, 2> kStates{"running", "stopped"};
constexpr std::array<const char*, 2> kOnTimeout{"continue", "stop"};
constexpr std::uint64_t kDayS = 86'400;

/// A share between 0 (excluded) and 1, in thousandths.
std::optional<std::uint32_t> read_share(ObjectFields& fields, std::string_view key) {
  const json::Value* const value = fields.any(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  double share = 0;
  const char* const end = value->text.data() + value->text.size();
  const auto [stop, error] = std::from_chars(value->text.data(), end, share);
  const bool written = value->kind == json::Kind::number || value->kind == json::Kind::string;
  if (!written || error != std::errc{} || stop != end || !(share >= 0.001 && share <= 1)) {
    fields.error(key, fmt::format("expected a share, found {}", describe(*value)),
                 "write a number above 0 and up to 1, such as 0.8");
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(share * 1000 + 0.5);
}

/// "25%" of the cloud's nodes, rounded down and at least one; nothing: not a percentage.
std::optional<std::uint32_t> share_of_nodes(const std::string& text, std::size_t nodes) {
  std::uint32_t percent = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, percent);
  if (error != std::errc{} || std::string_view(stop, static_cast<std::size_t>(end - stop)) != "%" ||
      percent < 1 || percent > 100) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(std::max<std::size_t>(1, nodes * percent / 100));
}

std::uint32_t read_unavailable(ObjectFields& fields, std::size_t nodes) {
  const json::Value* const value = fields.any("maxUnavailable");
  if (value != nullptr && value->kind == json::Kind::string && value->text.ends_with('%')) {
    const auto share = share_of_nodes(value->text, nodes);
    if (!share) {
      fields.error("maxUnavailable", fmt::format("{} is no share", describe(*value)),
                   "write \"1%\" to \"100%\", or a number of nodes");
    }
    return share.value_or(1);
  }
  return static_cast<std::uint32_t>(
      fields
          .number("maxUnavailable",
                  {1, kNodesMax, "it is a number of nodes, or a percentage such as \"10%\""})
          .value_or(1));
}

void read_warmth(const json::Value& value, const std::string& path, Rollout& rollout,
                 Problems& problems) {
  ObjectFields fields(value, path, problems);
  Warmth warm;
  fields.require("hitRatio", "say which share of its former hit ratio a node has to reach");
  warm.hit_permille = read_share(fields, "hitRatio").value_or(warm.hit_permille);
  warm.timeout_s = read_time(fields, "timeout").value_or(warm.timeout_s);
  warm.stops = fields.choice("onTimeout", kOnTimeout).value_or(0) == 1;
  fields.finish();
  rollout.warm = warm;
}

}  // namespace

std::optional<std::uint32_t> read_time(ObjectFields& fields, std::string_view key) {
  const json::Value* const value = fields.any(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  const std::string& text = value->text;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  const std::uint64_t scale = unit.empty() || unit == "s" ? 1
                              : unit == "m"               ? 60
                              : unit == "h"               ? 3600
                                                          : 0;
  const bool written = value->kind == json::Kind::number || value->kind == json::Kind::string;
  if (!written || error != std::errc{} || scale == 0 || number > kDayS / scale) {
    fields.error(key, fmt::format("expected a time, found {}", describe(*value)),
                 "write \"90s\", \"20m\" or \"2h\", at most a day");
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(number * scale);
}

void read_online_settings(ObjectFields& fields, NodeConfig& config) {
  for (std::size_t i = kFirstOnlineOnly; i < kNodeSettings; ++i) {
    const SettingInfo& info = all_node_settings()[i];
    if (info.setting == NodeSetting::zk_failstop) {
      if (const auto on = fields.boolean(info.spec)) {
        config.set_online(info.setting, *on ? 1 : 0);
      }
      continue;
    }
    const bool off =
        info.zero_is_off && fields.has(info.spec) && fields.any(info.spec)->text == "0";
    const std::uint64_t least = off ? 0 : info.min;
    const char* const why = info.zero_is_off   ? "0 turns it off"
                            : info.only_raised ? "a server starts with the smallest of these"
                                               : "the server takes no others";
    if (const auto number = fields.number(info.spec, {least, info.max, why})) {
      config.set_online(info.setting, static_cast<std::uint32_t>(*number));
    }
  }
}

void check_settings(const NodeConfig& config, SourcePosition at, const std::string& path,
                    Problems& problems) {
  if (config.online.empty()) {
    return;
  }
  const auto sticky = config.online_value(NodeSetting::sticky_limit);
  if (sticky && *sticky > config.memlimit_mb) {
    problems.error(at, path,
                   fmt::format("a stickyLimit of {} MB is more than the memlimit of {} MB", *sticky,
                               config.memlimit_mb),
                   "sticky items are part of the memory for items");
  }
  const auto value = [&config](NodeSetting setting) {
    return config.online_value(setting).value_or(info_of(setting).at_start);
  };
  const std::uint32_t timeout = value(NodeSetting::hb_timeout);
  const std::uint32_t failstop = value(NodeSetting::hb_failstop);
  if (failstop != 0 && timeout > failstop) {
    problems.error(at, path,
                   fmt::format("an hbTimeout of {} ms is more than the hbFailstop of {} ms",
                               timeout, failstop),
                   "the server refuses that; without being told it has 10000 and 60000");
  }
}

RunState read_state(ObjectFields& fields) {
  return static_cast<RunState>(fields.choice("state", kStates).value_or(0));
}

void read_rollout(const json::Value& value, const std::string& path, DesiredCloud& cloud,
                  Problems& problems) {
  ObjectFields fields(value, path, problems);
  cloud.rollout.max_unavailable = read_unavailable(fields, cloud.nodes.size());
  cloud.rollout.min_ready_s = read_time(fields, "minReadySeconds").value_or(0);
  if (const json::Value* const warm = fields.any("warm")) {
    read_warmth(*warm, fields.path("warm"), cloud.rollout, problems);
  }
  fields.finish();
  const std::size_t nodes = cloud.nodes.size();
  if (nodes > 1 && cloud.rollout.max_unavailable >= nodes) {
    problems.warning(fields.at("maxUnavailable"), fields.path("maxUnavailable"),
                     fmt::format("a rollout may take down all {} nodes at once", nodes),
                     "use a smaller number to keep the cloud in use");
  }
}

}  // namespace arcform
