// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "model/names.h"
#include "specs/parts.h"
#include "specs/ranges.h"
#include "specs/zoo_config.h"

namespace arcform {
namespace {

constexpr std::uint64_t kThreadsUsual = 64;

/// Where a session timeout was set, for reports about it.
struct TimeoutPlace {
  SourcePosition at;
  std::string path;
};

/// What the ensemble grants. Of an external one nothing is known.
std::optional<SessionBounds> granted(const Reading& reading) {
  const DesiredEnsemble& ensemble = reading.desired.ensemble;
  if (!ensemble.external.empty() || !reading.ensemble_complete) {
    return std::nullopt;
  }
  const SessionBounds bounds = session_bounds(ensemble.config);
  return bounds.min <= bounds.max ? std::optional(bounds) : std::nullopt;
}

/// Reads the clouds one after another.
class CloudReader {
 public:
  explicit CloudReader(Reading& reading) : reading_(reading), bounds_(granted(reading)) {}

  void read(const json::Value& value, std::uint32_t index) {
    index_ = index;
    ObjectFields fields(value, json::item_path("clouds", index), reading_.problems);
    DesiredCloud cloud;
    cloud.at = value.at;
    read_names(fields, cloud);
    timeout_ = {value.at, fields.path()};
    NodeConfig config;
    if (const json::Value* const own = fields.any("config")) {
      read_config(*own, fields.path("config"), config, timeout_);
    }
    fields.require("nodes", "list the cache nodes; [] means that there are none");
    const auto* const nodes = fields.list("nodes");
    for (std::uint32_t i = 0; nodes != nullptr && i < nodes->size(); ++i) {
      read_node((*nodes)[i], json::item_path(fields.path("nodes"), i), i, config, cloud);
    }
    cloud.state = read_state(fields);
    if (const json::Value* const rollout = fields.any("rollout")) {
      read_rollout(*rollout, fields.path("rollout"), cloud, reading_.problems);
    }
    cloud.protect = fields.boolean("protect").value_or(false);
    fields.finish();
    std::sort(cloud.nodes.begin(), cloud.nodes.end(),
              [](const DesiredNode& a, const DesiredNode& b) { return a.endpoint < b.endpoint; });
    reading_.desired.clouds.push_back(std::move(cloud));
  }

 private:
  void read_names(ObjectFields& fields, DesiredCloud& cloud) {
    fields.require("serviceCode", "it is the name by which clients find the cloud");
    if (auto code = fields.text("serviceCode")) {
      check_service_code(fields, *code);
      cloud.service_code = *std::move(code);
    }
    fields.require("package", "name the package that its cache nodes are started from");
    if (auto package = fields.text("package")) {
      check_package(*package, fields.at("package"), fields.path("package"), reading_);
      cloud.package = *std::move(package);
    }
  }

  void check_service_code(ObjectFields& fields, const std::string& code) {
    if (!is_service_code(code)) {
      fields.error("serviceCode", fmt::format("\"{}\" is no service code", printable(code, 160)),
                   "use 1 to 128 letters, digits and ._-");
      return;
    }
    const auto [first, added] = codes_.emplace(code, fields.at("serviceCode"));
    if (!added) {
      fields.error(
          "serviceCode",
          fmt::format("service code {} stands twice, first in line {}", code, first->second.line),
          "put its nodes into one cloud");
    }
  }

  void read_config(const json::Value& value, const std::string& path, NodeConfig& config,
                   TimeoutPlace& timeout) {
    ObjectFields fields(value, path, reading_.problems);
    config.memlimit_mb = static_cast<std::uint32_t>(
        fields.number("memlimit", {1, 1U << 24U, "it is in MB"}).value_or(config.memlimit_mb));
    config.threads = static_cast<std::uint16_t>(
        fields.number("threads", {1, 1024, "one or two per core are plenty"})
            .value_or(config.threads));
    if (config.threads > kThreadsUsual && fields.has("threads")) {
      reading_.problems.warning(
          fields.at("threads"), fields.path("threads"),
          fmt::format("{} threads are more than the server advises", config.threads),
          fmt::format("use at most {}", kThreadsUsual));
    }
    // arcus-memcached 1.15.0, memcached.c: -c must be above 2; online at most 1000000.
    config.connections = static_cast<std::uint32_t>(
        fields.number("connections", {3, 1'000'000, "the server takes no others"})
            .value_or(config.connections));
    config.session_timeout_s = static_cast<std::uint16_t>(
        fields
            .number("sessionTimeout",
                    {10, 2000, "it is in seconds; the server silently uses 30 for others"})
            .value_or(config.session_timeout_s));
    if (fields.has("sessionTimeout")) {
      timeout = {fields.at("sessionTimeout"), fields.path("sessionTimeout")};
    }
    read_online_settings(fields, config);
    fields.finish();
  }

  void check_timeout(std::uint16_t seconds, const TimeoutPlace& place) {
    const std::uint64_t ms = std::uint64_t{seconds} * 1000;
    if (bounds_ && (ms < bounds_->min || ms > bounds_->max)) {
      reading_.problems.error(
          place.at, place.path,
          fmt::format("a session timeout of {} s is not within the ensemble's {} to {} ms", seconds,
                      bounds_->min, bounds_->max),
          fmt::format("set \"sessionTimeout\" here, or \"{}\" in ensemble.config",
                      ms > bounds_->max ? "maxSessionTimeout" : "minSessionTimeout"));
    }
  }

  void read_node(const json::Value& value, const std::string& path, std::uint32_t entry,
                 NodeConfig config, DesiredCloud& cloud) {
    if (too_many_) {
      return;
    }
    ObjectFields fields(value, path, reading_.problems);
    fields.require("host", "name the host that runs the node");
    const std::vector<std::uint32_t> hosts = read_node_hosts(fields);
    const std::vector<std::uint16_t> ports = read_ports(fields);
    TimeoutPlace timeout = timeout_;
    if (const json::Value* const own = fields.any("config")) {
      read_config(*own, fields.path("config"), config, timeout);
    }
    fields.finish();
    check_timeout(config.session_timeout_s, timeout);
    check_settings(config, value.at, path, reading_.problems);
    named_ += hosts.size();
    too_many_ =
        named_ > kNodesMax || reading_.nodes.size() + hosts.size() * ports.size() > kNodesMax;
    if (too_many_) {
      reading_.problems.error(value.at, path, fmt::format("more than {} nodes", kNodesMax),
                              "split the deployment");
      return;
    }
    for (const std::uint32_t host : hosts) {
      const auto ip = parse_ipv4(reading_.desired.hosts[host].address);
      if (!has_ipv4(reading_.desired.hosts[host])) {
        reading_.problems.error(
            fields.at("host"), fields.path("host"),
            fmt::format("host {} has no IPv4 address", reading_.desired.hosts[host].name),
            "cache nodes are known by IPv4 address and port; give the host an \"address\"");
      }
      for (const std::uint16_t port : ports) {
        cloud.nodes.push_back({Endpoint{ip.value_or(0), port}, host, config, value.at});
        reading_.nodes.push_back({host, port, config.memlimit_mb, index_, entry, value.at});
      }
    }
  }

  /// Indices of the hosts that the entry names.
  std::vector<std::uint32_t> read_node_hosts(ObjectFields& fields) {
    std::vector<std::uint32_t> hosts;
    const auto typed = fields.text("host");
    if (!typed) {
      return hosts;
    }
    const auto names = expand_range(*typed);
    if (!names) {
      report_range(names.error(), fields.at("host"), fields.path("host"), reading_.problems);
      return hosts;
    }
    for (const std::string& name : *names) {
      if (const auto host = find_host(name, fields.at("host"), fields.path("host"), reading_)) {
        hosts.push_back(*host);
      }
    }
    return hosts;
  }

  /// "ports", or "count" ports from "port" on.
  std::vector<std::uint16_t> read_ports(ObjectFields& fields) {
    std::vector<std::uint16_t> ports;
    const auto* const list = fields.list("ports");
    const auto port = fields.number("port", {1, 65535});
    const auto count = fields.number("count", {1, 65535, "leave the entry out for no node"});
    if (fields.has("ports")) {
      if (fields.has("port") || fields.has("count")) {
        fields.error("ports", "\"ports\" stands beside \"port\" or \"count\"",
                     "write either the list, or the first port and how many");
      }
      for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const std::string path = json::item_path(fields.path("ports"), i);
        if (const auto one = read_number((*list)[i], path, {1, 65535}, reading_.problems)) {
          ports.push_back(static_cast<std::uint16_t>(*one));
        }
      }
      return ports;
    }
    fields.require("port", "write \"port\" for one node, with \"count\" for more, or \"ports\"");
    if (port && (count || !fields.has("count"))) {
      const std::uint64_t last = *port + count.value_or(1) - 1;
      if (last > 65535) {
        fields.error("count", fmt::format("the last port would be {}", last), "ports end at 65535");
        return ports;
      }
      for (std::uint64_t next = *port; next <= last; ++next) {
        ports.push_back(static_cast<std::uint16_t>(next));
      }
    }
    return ports;
  }

  Reading& reading_;
  std::optional<SessionBounds> bounds_;
  std::map<std::string, SourcePosition> codes_;
  std::uint32_t index_ = 0;
  TimeoutPlace timeout_;
  std::size_t named_ = 0;  ///< hosts that entries have named, ranges expanded
  bool too_many_ = false;
};

}  // namespace

void read_clouds(ObjectFields& root, Reading& reading) {
  root.require("clouds", "list the cache clouds; [] means that there are none");
  const auto* const clouds = root.list("clouds");
  CloudReader reader(reading);
  for (std::uint32_t i = 0; clouds != nullptr && i < clouds->size(); ++i) {
    reader.read((*clouds)[i], i);
  }
  std::stable_sort(
      reading.desired.clouds.begin(), reading.desired.clouds.end(),
      [](const DesiredCloud& a, const DesiredCloud& b) { return a.service_code < b.service_code; });
}

}  // namespace arcform
