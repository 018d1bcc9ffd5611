// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_world.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/znodes.h"
#include "tests/sim/sim_cache_node.h"

namespace arcform::sim {
namespace {

constexpr std::chrono::milliseconds kSessionTimeout{10'000};

}  // namespace

SimWorld::SimWorld(const DesiredState& desired, std::uint64_t seed)
    : core_(seed),
      ensemble_(core_),
      zookeeper_(core_, ensemble_, kSessionTimeout),
      deployment_(desired.deployment) {
  for (const DesiredHost& host : desired.hosts) {
    access_.emplace(host.name, host);
    Machine& machine = add_machine(host.name, host.address);
    for (const DesiredPackage& package : desired.packages) {
      if (!package.installed.empty()) {
        machine.packages[package.installed] = everything_at(package.installed);
      }
    }
  }
  if (!desired.ensemble.external.empty()) {
    ensemble_.add_external(parse_endpoints(desired.ensemble.external));
  }
  zookeeper_.on_foreign_write = [this](const std::vector<ZnodeChange>&) { foreign_write(); };
}

SimWorld::~SimWorld() {
  core_.shut_down();  // coroutines may hold sessions: they go first
}

Machine& SimWorld::add_machine(const std::string& name, const std::string& address) {
  auto& machine = machines_[name];
  machine = std::make_unique<Machine>(core_, ensemble_, name, address);
  return *machine;
}

Host& SimWorld::host(const DesiredHost& access, const std::string& deployment) {
  auto& host = hosts_[{access.name, deployment}];
  if (!host) {
    if (!machines_.contains(access.name)) {
      access_.emplace(access.name, access);
      // A host that is not there: it never answers.
      add_machine(access.name, access.address).ssh = false;
    }
    Machine& there = machine(access.name);
    const std::string directory = access.ssh.directory.empty()
                                      ? fmt::format("{}/.arcform/{}", there.home, deployment)
                                      : access.ssh.directory;
    host = std::make_unique<SimHost>(core_, there, access.name, directory);
    host->on_clock_jump = [this](Time pause) { zookeeper_.suspend(pause); };
    host->on_partition = [this, name = access.name](Time length) { cut_for(name, length); };
  }
  return *host;
}

Host& SimWorld::host(std::string_view name) {
  const auto found = access_.find(name);
  if (found == access_.end()) {
    throw SimFailure(fmt::format("no host {} in this world", name));
  }
  return host(found->second, deployment_);
}

void SimWorld::advance(Time by) {
  const Time until = core_.clock().now() + by;
  run(core_.clock().wait_until(until), by + std::chrono::seconds(1));
}

std::vector<std::string> SimWorld::log_with(std::string_view text) const {
  std::vector<std::string> lines;
  std::copy_if(log().begin(), log().end(), std::back_inserter(lines),
               [text](const std::string& line) { return line.find(text) != std::string::npos; });
  return lines;
}

const Machine& SimWorld::machine(std::string_view name) const {
  const auto found = machines_.find(std::string(name));
  if (found == machines_.end()) {
    throw SimFailure(fmt::format("no machine {} in this world", name));
  }
  return *found->second;
}

Machine& SimWorld::machine(std::string_view name) {
  return const_cast<Machine&>(std::as_const(*this).machine(name));
}

std::vector<Endpoint> SimWorld::joined(std::string_view service_code) const {
  std::vector<Endpoint> endpoints;
  if (const TreeNode* list = tree().find(znodes::cache_list(service_code))) {
    for (const std::string& name : list->children) {
      if (const auto endpoint = znodes::joined_endpoint(name)) {
        endpoints.push_back(*endpoint);
      }
    }
  }
  std::sort(endpoints.begin(), endpoints.end());
  return endpoints;
}

void SimWorld::set_invariants(Invariants check) {
  core_.on_effect = [this, check = std::move(check)] {
    try {
      check(*this);
    } catch (...) {
      // Effects come from destructors too, where nothing may be thrown.
      core_.clock().fail(std::current_exception());
    }
  };
}

}  // namespace arcform::sim
