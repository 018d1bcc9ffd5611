// SPDX-License-Identifier: Apache-2.0
#include "controller/watch_site.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <fmt/format.h>

#include "controller/node_loads.h"
#include "controller/observe.h"
#include "controller/watch_pages.h"
#include "drivers/http_server.h"
#include "drivers/task_group.h"

namespace arcform {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Changes closer together than this are shown as one.
constexpr milliseconds kGather{150};
/// Nodes are asked while somebody has looked within this time, at most so often, and at most so
/// many in a second.
constexpr seconds kInterest{90};
constexpr seconds kAskEvery{5};
constexpr std::size_t kAsksPerSecond = 20;
constexpr std::size_t kAsksAtOnce = 8;
constexpr std::size_t kBytesPerMs = 2000;
constexpr milliseconds kAnswer{2'000};

}  // namespace

struct WatchSite::Core {
  Core(Machine& its_machine, const WatchJournal& its_journal, std::string its_deployment,
       Time period)
      : world(its_machine.world.reading()),
        journal(its_journal),
        deployment(std::move(its_deployment)),
        news(its_machine.world.loop),
        pages(its_journal.state(), world.clock, loads, deployment, period,
              [this] { news.notify_all(); }) {}

  ReadWorld world;
  const WatchJournal& journal;
  std::string deployment;
  NodeLoads loads;
  Signal news;
  WatchPages pages;
  std::unique_ptr<HttpServer> server;
  std::string host;
  std::string address;  ///< of the host, numeric
  bool closed = false;
};

std::optional<ListenName> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return std::nullopt;
  }
  ListenName name;
  name.host = text.substr(0, colon);
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, end, name.port);
  if (read.ec != std::errc{} || read.ptr != end || name.host.find(':') != std::string::npos) {
    return std::nullopt;
  }
  return name;
}

namespace {

struct Asked {
  DesiredHost host;
  Endpoint node;
};

/// The nodes of the spec that are up, each with its host.
std::vector<Asked> nodes_up(const WatchSnapshot& last) {
  std::vector<Asked> up;
  const StatusReport status = status_report(last.desired, last.observed);
  for (const CloudStatus& cloud : status.clouds) {
    for (const NodeStatus& node : cloud.nodes) {
      const DesiredHost* const host = last.desired.host(node.host);
      if (host != nullptr && node.pid && node.answers == Known::yes) {
        up.push_back({*host, node.node});
      }
    }
  }
  return up;
}

}  // namespace

/// Wakes those who follow, some time after a change: what comes together is shown together, and
/// large documents less often.
Awaitable<void> WatchSite::tell(std::shared_ptr<Core> core) {
  Clock& clock = core->world.clock;
  std::uint64_t told = 0;
  while (!core->closed) {
    if (core->pages.version() == told) {
      co_await core->news.wait();
      continue;
    }
    told = core->pages.version();
    core->server->wake();
    const Time pause = std::max<Time>(kGather, milliseconds(core->pages.size() / kBytesPerMs));
    co_await clock.wait_until(clock.now() + pause);
  }
}

Awaitable<void> WatchSite::ask_one(std::shared_ptr<Core> core, DesiredHost host, Endpoint node) {
  HostReader& reader = core->world.hosts.reader(host, core->deployment);
  const Observation<NodeCounters> counters = co_await ask_counters(reader, node.port, kAnswer);
  if (const NodeCounters* const found = counters.get()) {
    core->loads.note(node, *found);
  }
}

Awaitable<std::size_t> WatchSite::ask_all(std::shared_ptr<Core> core,
                                          std::shared_ptr<const WatchSnapshot> last) {
  const std::vector<Asked> up = nodes_up(*last);
  core->loads.begin();
  std::set<Endpoint> kept;
  TaskGroup tasks(core->world.loop, kAsksAtOnce);
  for (const Asked& asked : up) {
    kept.insert(asked.node);
    tasks.spawn(ask_one(core, asked.host, asked.node));
  }
  co_await tasks.join();
  core->loads.keep(kept);
  core->pages.on_loads();
  co_return up.size();
}

Awaitable<void> WatchSite::ask_nodes(std::shared_ptr<Core> core) {
  Clock& clock = core->world.clock;
  while (!core->closed) {
    const Time begun = clock.now();
    const std::shared_ptr<const WatchSnapshot> last = core->journal.state().last;
    const Time interest = core->pages.last_interest();
    if (last == nullptr || interest == Time{} || begun - interest > kInterest) {
      co_await core->news.wait();
      continue;
    }
    const std::size_t asked = co_await ask_all(core, last);
    const auto least = seconds((asked + kAsksPerSecond - 1) / kAsksPerSecond);
    co_await clock.wait_until(begun + std::max<Time>(kAskEvery, least));
  }
}

Awaitable<Result<std::unique_ptr<WatchSite>>> WatchSite::open(Machine& machine,
                                                              WatchJournal& journal,
                                                              std::string deployment, Time period,
                                                              ListenName at) {
  const Result<std::string> address = co_await machine.network.resolve(at.host);
  if (!address) {
    co_return address.error().with("listen on " + at.host);
  }
  const auto core = std::make_shared<Core>(machine, journal, std::move(deployment), period);
  const ListenPlace place{*address, at.port, at.host};
  Result<std::unique_ptr<HttpServer>> server =
      HttpServer::listen(machine.world.loop, place, core->pages, HttpLimits{});
  if (!server) {
    co_return server.error();
  }
  core->server = std::move(*server);
  core->host = at.host;
  core->address = *address;
  journal.listen(core->pages);
  asio::co_spawn(machine.world.loop, tell(core), asio::detached);
  asio::co_spawn(machine.world.loop, ask_nodes(core), asio::detached);
  co_return std::unique_ptr<WatchSite>(new WatchSite(core));
}

WatchSite::WatchSite(std::shared_ptr<Core> core) : core_(std::move(core)) {}

WatchSite::~WatchSite() {
  core_->closed = true;
  core_->server->close();
  core_->news.notify_all();
}

bool WatchSite::is_loopback() const {
  return core_->address.starts_with("127.");
}

std::string WatchSite::url() const {
  return fmt::format("http://{}:{}/", core_->host, core_->server->port());
}

}  // namespace arcform
