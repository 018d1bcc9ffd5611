// SPDX-License-Identifier: Apache-2.0
#include "controller/import_live.h"

#include <algorithm>

#include "controller/observe.h"
#include "controller/observe_strangers.h"
#include "drivers/task_group.h"
#include "model/node_arguments.h"
#include "model/znodes.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

constexpr std::size_t kHostsAtOnce = 64;
constexpr std::chrono::seconds kAnswerPatience{2};

using Names = std::vector<std::string>;

/// One reading while its parts are under way. The first error ends up in `error`.
struct Reading {
  asio::io_context& loop;
  ZnodeReader& reader;
  LiveFacts facts;
  std::optional<Error> error;
};

Awaitable<std::optional<Names>> children(Reading& reading, std::string path) {
  auto result = co_await reading.reader.children(std::move(path));
  if (!result) {
    reading.error = reading.error ? reading.error : result.error();
    co_return std::nullopt;
  }
  co_return std::move(*result);
}

Awaitable<std::string> data(Reading& reading, std::string path) {
  auto result = co_await reading.reader.read(std::move(path));
  if (!result) {
    reading.error = reading.error ? reading.error : result.error();
    co_return "";
  }
  co_return *result ? (*result)->data : "";
}

Awaitable<void> read_children(Reading& reading, std::string path, Names& into) {
  auto names = co_await children(reading, std::move(path));
  into = std::move(names).value_or(Names{});
}

Awaitable<void> read_data(Reading& reading, std::string path, std::string& into) {
  into = co_await data(reading, std::move(path));
}

Awaitable<void> read_clouds(Reading& reading) {
  const auto codes = co_await children(reading, std::string(znodes::kCacheList));
  std::vector<LiveCloud>& clouds = reading.facts.clouds;
  for (const std::string& code : codes.value_or(Names{})) {
    clouds.push_back({code, "", {}, ""});
  }
  TaskGroup tasks(reading.loop);
  for (LiveCloud& cloud : clouds) {
    const std::string path = znodes::cache_list(cloud.service_code);
    tasks.spawn(read_data(reading, path, cloud.document));
    tasks.spawn(read_children(reading, path, cloud.children));
  }
  co_await tasks.join();
}

Awaitable<void> read_mappings(Reading& reading) {
  const auto keys = co_await children(reading, std::string(znodes::kMapping));
  std::vector<LiveMapping>& mappings = reading.facts.mappings;
  for (const std::string& key : keys.value_or(Names{})) {
    if (const auto node = Endpoint::parse(key)) {
      mappings.push_back({*node, {}, ""});
    } else {
      reading.facts.unusual_mappings.push_back(key);
    }
  }
  std::sort(mappings.begin(), mappings.end(),
            [](const LiveMapping& a, const LiveMapping& b) { return a.node < b.node; });
  TaskGroup tasks(reading.loop);
  for (LiveMapping& mapping : mappings) {
    const std::string path = znodes::mapping_key(mapping.node);
    tasks.spawn(read_data(reading, path, mapping.data));
    tasks.spawn(read_children(reading, path, mapping.service_codes));
  }
  co_await tasks.join();
}

/// Which clouds belong to a deployment of arcform's already.
Awaitable<void> read_claims(Reading& reading) {
  const auto found = co_await children(reading, std::string(znodes::kArcform));
  for (const std::string& name : found.value_or(Names{})) {
    if (!is_deployment_name(name)) {
      continue;
    }
    const auto claims = co_await children(reading, znodes::claims(name));
    for (LiveCloud& cloud : reading.facts.clouds) {
      const bool claimed =
          claims && std::count(claims->begin(), claims->end(), cloud.service_code) > 0;
      cloud.claimed_by = claimed ? name : cloud.claimed_by;
    }
  }
}

Awaitable<void> ask_one(HostReader& host, std::uint16_t port, LiveHost& into) {
  const Observation<NodeAnswer> answer = co_await ask_node(host, port, kAnswerPatience);
  if (answer.is_present()) {
    into.nodes.insert_or_assign(port, answer.value());
  }
}

/// Settings may have been changed since a node was started; one that does not say is taken as its
/// start line has it.
Awaitable<void> ask_nodes(asio::io_context& loop, HostReader& host, LiveHost& into) {
  TaskGroup tasks(loop);
  for (const ObservedProcess& process : into.facts->processes) {
    const auto arguments =
        process.comm == "memcached" ? parse_node_arguments(process.argv) : std::nullopt;
    if (arguments && !arguments->connect_string.empty()) {
      tasks.spawn(ask_one(host, arguments->port, into));
    }
  }
  co_await tasks.join();
}

Awaitable<void> read_host(asio::io_context& loop, HostReader& host, LiveHost& into) {
  ProbeRequest nothing_more;
  Result<HostFacts> facts = co_await host.probe(std::move(nothing_more));
  if (!facts) {
    into.why = facts.error().message;
    co_return;
  }
  into.facts = std::move(*facts);
  co_await ask_nodes(loop, host, into);
  std::vector<RunningServer> servers = co_await observe_servers(host, *into.facts);
  for (RunningServer& server : servers) {
    const auto settings = zoo_settings(server.config);
    const auto directory = settings.find("dataDir");
    LiveServer found{std::move(server), ""};
    if (directory != settings.end() && directory->second.starts_with('/')) {
      std::string path = directory->second + "/myid";
      const auto myid = co_await host.read_file(std::move(path));
      if (myid && *myid) {
        found.myid = (*myid)->substr(0, (*myid)->find_first_of(" \t\r\n"));
      }
    }
    into.servers.push_back(std::move(found));
  }
}

Awaitable<void> read_hosts(ReadWorld world, Reading& reading, ImportTerms terms) {
  TaskGroup tasks(world.loop, kHostsAtOnce);
  for (const std::string& address : live_addresses(reading.facts)) {
    DesiredHost access;
    access.name = address;
    access.address = address;
    access.ssh = terms.ssh;
    HostReader& host = world.hosts.reader(access, terms.deployment);
    tasks.spawn(read_host(world.loop, host, reading.facts.hosts[address]));
  }
  co_await tasks.join();
}

}  // namespace

Awaitable<Result<LiveFacts>> read_live(ReadWorld world, ZnodeReader& reader,
                                       std::vector<Endpoint> zookeeper, ImportTerms terms,
                                       bool log_in) {
  Reading reading{world.loop, reader, {}, std::nullopt};
  reading.facts.zookeeper = std::move(zookeeper);
  reading.facts.logged_in = log_in;
  TaskGroup tasks(world.loop);
  tasks.spawn(read_clouds(reading));
  tasks.spawn(read_mappings(reading));
  co_await tasks.join();
  if (!reading.error) {
    co_await read_claims(reading);
  }
  if (reading.error) {
    co_return *reading.error;
  }
  if (log_in) {
    co_await read_hosts(world, reading, std::move(terms));
  }
  co_return std::move(reading.facts);
}

}  // namespace arcform
