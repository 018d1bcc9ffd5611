// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_admin.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "model/follow_ensemble.h"

namespace arcform::sim {
namespace {

constexpr const char* kBadValue = "CLIENT_ERROR bad value\r\n";
constexpr const char* kBadFormat = "CLIENT_ERROR bad command line format\r\n";
constexpr std::uint32_t kExtraFiles = 13;  ///< beside the connections (memcached.c)
constexpr std::uint32_t kListeners = 2;

std::optional<std::uint32_t> number(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

std::string text_of(const SettingInfo& info, std::uint32_t value) {
  const bool word = info.setting == NodeSetting::zk_failstop;
  return word ? (value != 0 ? "on" : "off") : fmt::to_string(value);
}

}  // namespace

NodeAdmin::NodeAdmin(bool stock, std::uint32_t memory_mb, std::uint32_t connections)
    : stock_(stock) {
  for (const SettingInfo& info : all_node_settings()) {
    values_.set(info.setting, info.at_start);
  }
  values_.set(NodeSetting::memlimit, memory_mb);
  values_.set(NodeSetting::connections, connections);
}

std::string NodeAdmin::answer(const std::string& question, const Process& process) {
  std::istringstream in(question);
  std::string replies;
  for (std::string line; std::getline(in, line);) {
    std::istringstream rest(line);
    std::vector<std::string> words;
    for (std::string word; rest >> word;) {
      words.push_back(word);
    }
    if (words.empty() || words[0] == "quit") {
      break;
    }
    replies += reply(words, process);
  }
  return replies;
}

std::string NodeAdmin::reply(const std::vector<std::string>& words, const Process& process) {
  const std::string& verb = words[0];
  if (verb == "version") {
    return stock_ ? "VERSION 1.6.18\r\n" : "VERSION 1.15.0\r\n";
  }
  if (verb == "stats") {
    return words.size() > 1 ? stats_settings() : stats(process);
  }
  if (verb == "config" && !stock_) {
    return config(words, process);
  }
  if (verb == "zkensemble" && !stock_) {
    return zkensemble(words, process);
  }
  if (verb == "shutdown" && !stock_) {
    process.shut_down();
    return "OK\r\n";
  }
  if (verb == "cache_memlimit" && stock_ && words.size() == 2) {
    const std::uint32_t value = number(words[1]).value_or(0);
    if (value < 8) {
      return "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n";
    }
    values_.set(NodeSetting::memlimit, value);
    return "OK\r\n";
  }
  return stock_ ? "ERROR\r\n" : "ERROR unknown command\r\n";
}

std::string NodeAdmin::zkensemble(const std::vector<std::string>& words, const Process& process) {
  if (process.servers.empty()) {
    return "ERROR not using ZooKeeper\r\n";
  }
  if (words.size() == 2 && words[1] == "get") {
    std::string text;
    for (auto server = process.servers.rbegin(); server != process.servers.rend(); ++server) {
      text += server->text() + " ";  // In any order.
    }
    return text + "\r\n\n\r\n";
  }
  if (words.size() == 3 && words[1] == "set") {
    const auto servers = parse_servers(words[2]);
    if (!servers) {
      return "ERROR failed to set the new ensemble address (check logs)\r\n";
    }
    process.go_by(*servers);
    return "OK\r\n";
  }
  return "ERROR unknown command\r\n";
}

std::string NodeAdmin::config(const std::vector<std::string>& words, const Process& process) {
  const auto& all = all_node_settings();
  const auto info = std::find_if(all.begin(), all.end(), [&](const SettingInfo& item) {
    return words.size() > 1 && item.key == words[1];
  });
  if (info == all.end() || words.size() > 3) {
    return kBadFormat;
  }
  if (words.size() == 2) {
    return fmt::format("{} {}\r\nEND\r\n", info->key, text_of(*info, *values_.get(info->setting)));
  }
  return change(*info, words[2], process);
}

std::string NodeAdmin::change(const SettingInfo& info, const std::string& text,
                              const Process& process) {
  if (info.setting == NodeSetting::zk_failstop) {
    if (text != "on" && text != "off") {
      return kBadValue;
    }
    values_.set(info.setting, text == "on" ? 1 : 0);
    return "END\r\n";
  }
  const auto value = number(text);
  if (!value) {
    return kBadFormat;
  }
  const std::uint32_t now = *values_.get(info.setting);
  const bool off = info.zero_is_off && *value == 0;
  const bool in_bounds = off || (*value >= info.min && *value <= info.max);
  switch (info.setting) {
    case NodeSetting::memlimit:
      if (*value * 10ULL < process.held_mb * 11ULL ||
          *value < *values_.get(NodeSetting::sticky_limit)) {
        return kBadValue;
      }
      break;
    case NodeSetting::connections:
      if ((*value + kExtraFiles) * 10ULL < (process.connections + kListeners) * 11ULL ||
          *value > info.max) {
        return "CLIENT_ERROR the value is out of range\r\n";
      }
      if (*value + kExtraFiles > process.open_files) {
        return "SERVER_ERROR cannot change to the maxconns over the soft limit\r\n";
      }
      break;
    case NodeSetting::sticky_limit:
      if (*value > *values_.get(NodeSetting::memlimit)) {
        return kBadValue;
      }
      break;
    case NodeSetting::hb_timeout:
      if (const std::uint32_t failstop = *values_.get(NodeSetting::hb_failstop);
          !in_bounds || (failstop != 0 && *value > failstop)) {
        return kBadValue;
      }
      break;
    case NodeSetting::hb_failstop:
      if (!in_bounds || (*value != 0 && *value < *values_.get(NodeSetting::hb_timeout))) {
        return kBadValue;
      }
      break;
    case NodeSetting::verbosity:
    case NodeSetting::max_list_size:
    case NodeSetting::max_set_size:
    case NodeSetting::max_map_size:
    case NodeSetting::max_btree_size:
    case NodeSetting::max_element_bytes:
    case NodeSetting::scrub_count:
    case NodeSetting::max_stats_prefixes:
    case NodeSetting::zk_failstop:
      if (!in_bounds || (info.only_raised && *value <= now)) {
        return kBadValue;
      }
      break;
  }
  values_.set(info.setting, *value);
  return "END\r\n";
}

std::string NodeAdmin::stats(const Process& process) const {
  const double age = std::chrono::duration<double>(process.age).count();
  const double fills = std::chrono::duration<double>(process.traffic.fills_in).count();
  const double full = age <= fills && fills > 0 ? age * age / (2 * fills) : age - fills / 2;
  const auto gets = static_cast<std::uint64_t>(process.traffic.gets_per_second * age);
  const auto hits =
      std::min(gets, static_cast<std::uint64_t>(process.traffic.gets_per_second *
                                                process.traffic.hit_ratio * std::max(0.0, full)));
  // The engine of a stock node is a child of the process that we know.
  std::string text =
      fmt::format("STAT pid {}\r\nSTAT uptime {:.0f}\r\nSTAT get_hits {}\r\nSTAT get_misses {}\r\n",
                  stock_ ? process.pid + 4'194'304 : process.pid, age, hits, gets - hits);
  if (!stock_) {
    text += fmt::format("STAT engine_malloced {}\r\n", std::uint64_t{process.held_mb} << 20U);
  }
  return text + "END\r\n";
}

std::string NodeAdmin::stats_settings() const {
  std::string text;
  for (const SettingInfo& info : all_node_settings()) {
    const bool known = !stock_ || info.setting == NodeSetting::memlimit ||
                       info.setting == NodeSetting::connections ||
                       info.setting == NodeSetting::verbosity;
    if (info.stat != nullptr && known) {
      text +=
          fmt::format("STAT {} {}\r\n", info.stat,
                      std::uint64_t{*values_.get(info.setting)} << (info.in_megabytes ? 20U : 0U));
    }
  }
  return text + "END\r\n";
}

}  // namespace arcform::sim
