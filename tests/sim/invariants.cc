// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/invariants.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "model/packages.h"
#include "model/znodes.h"

namespace arcform::sim {
namespace {

/// "node-11211" -> 11211; 0: another slot.
std::uint16_t port_of(const std::string& slot) {
  return slot.starts_with("node-") ? static_cast<std::uint16_t>(std::stoi(slot.substr(5))) : 0;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) {
    words.push_back(word);
  }
  return words;
}

/// "/arcus/cache_list/svc/child" below `root` -> {"svc", "child"}
std::vector<std::string> parts_below(const std::string& path, std::string_view root) {
  std::vector<std::string> parts;
  if (!path.starts_with(std::string(root) + "/")) {
    return parts;
  }
  std::istringstream in(path.substr(root.size() + 1));
  for (std::string part; std::getline(in, part, '/');) {
    parts.push_back(part);
  }
  return parts;
}

bool is_foreign(const std::string& service_code) {
  return service_code.starts_with("foreign");
}

}  // namespace

Invariants::Invariants(SimWorld& world) : world_(world), seen_(world.log().size()) {
  world.set_invariants([this](const SimWorld&) { look(); });
}

void Invariants::expect(const DesiredState& desired) {
  desired_ = &desired;
  down_.clear();  // What is down now is what this spec starts from.
}

void Invariants::check_plan(const Round& round) {
  for (const Step& step : round.plan.steps) {
    const std::string host = host_of(step.action);
    if (!host.empty() && round.observed.host(host) == nullptr) {
      throw RuleBroken("planned on a host that was not observed: " + describe(step.action));
    }
  }
}

void Invariants::broken(const std::string& rule) const {
  throw RuleBroken(fmt::format("{}; after: {}", rule, world_.log().back()));
}

void Invariants::look() {
  forget_joined();
  for (; seen_ < world_.log().size(); ++seen_) {
    const std::string& line = world_.log()[seen_];
    const std::string what = line.substr(line.find(' ') + 1);
    if (what == "controller wakes") {
      woke_ = world_.now();
    }
    if (what.starts_with("zk controller: ") && what.find(" refused: ") == std::string::npos) {
      look_at_znodes(what.substr(15));
    } else if (what.starts_with("host ")) {
      const std::size_t end = what.find(' ', 5);
      look_at_host(what.substr(5, end - 5), what.substr(end + 1));
    }
  }
}

/// What we have told to stop is up for a while yet: it has joined again only once it was gone.
void Invariants::forget_joined() {
  const auto is_up = [this](const std::vector<Endpoint>& joined, Endpoint node) {
    return std::binary_search(joined.begin(), joined.end(), node) && world_.node(node) != nullptr;
  };
  for (auto& [code, nodes] : down_) {
    const std::vector<Endpoint> joined = world_.joined(code);
    for (auto& [node, seen_gone] : nodes) {
      seen_gone |= !is_up(joined, node);
    }
    std::erase_if(nodes,
                  [&](const auto& entry) { return entry.second && is_up(joined, entry.first); });
  }
}

void Invariants::look_at_host(const std::string& host, const std::string& what) {
  const std::vector<std::string> words = words_of(what);
  if (words.size() < 2) {
    return;
  }
  if (words[0] == "start") {
    runs_whole(host, words[1]);
  } else if (words[0] == "remove") {
    release_removed(host, words[1]);
  }
  const std::uint16_t port = port_of(words[1]);
  if (words[0] == "stop" && port != 0) {
    node_stopped(host, port);
  } else if (words[0] == "start" && port != 0) {
    node_starts(host, port);
  } else if (words[0] == "stop" && words[1].starts_with("server-")) {
    server_stopped(host);
  }
}

/// What is started out of the folder of a release is started out of a whole one.
void Invariants::runs_whole(const std::string& host, const std::string& slot) {
  const Machine& machine = world_.machine(host);
  for (const auto& [pid, process] : machine.processes()) {
    if (!process.folder.ends_with("/" + slot)) {
      continue;
    }
    for (const std::string& word : process.argv) {
      for (std::size_t end = word.find('/', 1); end != std::string::npos;
           end = word.find('/', end + 1)) {
        const std::size_t colon = word.rfind(':', end);
        const std::size_t begin = colon == std::string::npos ? 0 : colon + 1;
        const std::string path = word.substr(begin, end - begin);
        const std::string name = path.substr(path.rfind('/') + 1);
        const std::string package = name.substr(0, name.rfind('-'));
        if (is_release_name(name, package) && !machine.releases.contains(path)) {
          broken("started from a release that is not whole: " + path);
        }
      }
    }
  }
}

/// Only old releases go, and the newest two of them stay.
void Invariants::release_removed(const std::string& host, const std::string& release) {
  std::size_t left = 0;
  const std::string package = release.substr(0, release.rfind('-'));
  for (const auto& [path, whole] : world_.machine(host).releases) {
    left += is_release_name(path.substr(path.rfind('/') + 1), package) ? 1U : 0U;
  }
  const DesiredPackage* const wanted = desired_->package(package);
  if (wanted == nullptr || release_name(*wanted) == release || left < kReleasesKept) {
    broken("a release is removed that must stay: " + release);
  }
}

void Invariants::node_stopped(const std::string& host, std::uint16_t port) {
  const DesiredHost* const desired_host = desired_->host(host);
  if (desired_host == nullptr || desired_->ensemble.state == RunState::stopped) {
    return;
  }
  const Endpoint node{*parse_ipv4(desired_host->address), port};
  for (const DesiredCloud& cloud : desired_->clouds) {
    const bool listed =
        std::any_of(cloud.nodes.begin(), cloud.nodes.end(),
                    [node](const DesiredNode& item) { return item.endpoint == node; });
    const std::vector<Endpoint> up = world_.joined(cloud.service_code);
    if (!listed || cloud.state == RunState::stopped ||
        !std::binary_search(up.begin(), up.end(), node)) {
      continue;  // It leaves for good, or was not up.
    }
    std::map<Endpoint, bool>& down = down_[cloud.service_code];
    down.emplace(node, false);
    if (down.size() > std::max(1U, cloud.rollout.max_unavailable)) {
      broken(fmt::format("{} nodes of cloud {} are down because of us", down.size(),
                         cloud.service_code));
    }
  }
}

void Invariants::node_starts(const std::string& host, std::uint16_t port) {
  const Endpoint node{*parse_ipv4(world_.machine(host).address()), port};
  if (const TreeNode* const list = world_.tree().find(std::string(znodes::kCacheList))) {
    for (const std::string& code : list->children) {
      const std::vector<Endpoint> up = world_.joined(code);
      if (std::binary_search(up.begin(), up.end(), node)) {
        broken("a node is started while its old ephemeral stands");
      }
    }
  }
  const TreeNode* const key = world_.tree().find(znodes::mapping_key(node));
  if (key == nullptr || key->children.size() != 1) {
    broken("a node is started without exactly one mapping");
  }
}

/// Quorum is ours to keep only while the spec wants the ensemble to run and it has one.
void Invariants::server_stopped(const std::string& host) {
  if (desired_->ensemble.state == RunState::stopped || !world_.ensemble().has_leader()) {
    return;
  }
  // Between the last look and a stop that is on its way, nothing holds the world still.
  if (woke_ && world_.now() - *woke_ < std::chrono::milliseconds(50)) {
    return;
  }
  if (const std::string list = world_.ensemble().list_without_quorum(host); !list.empty()) {
    broken("stopping a server on " + host + " leaves no quorum of " + list);
  }
}

void Invariants::look_at_znodes(const std::string& changes) {
  std::istringstream in(changes);
  for (std::string change; std::getline(in, change, ';');) {
    const std::vector<std::string> words = words_of(change);
    if (words.size() == 2 && words[0] != "check") {
      look_at_change(words[0], words[1]);
    }
  }
}

void Invariants::look_at_change(const std::string& verb, const std::string& path) {
  for (const std::string_view root : {znodes::kCacheList, znodes::kClientList}) {
    const std::vector<std::string> parts = parts_below(path, root);
    if (!parts.empty() && is_foreign(parts[0])) {
      broken("a cloud of somebody else is changed");
    }
    const bool member = parts.size() == 2 && root == znodes::kCacheList;
    const auto node = member ? znodes::joined_endpoint(parts[1]) : std::nullopt;
    if (member && (verb != "remove" || !node)) {
      broken("a child of cache_list is " + verb + "d by us");
    }
    if (node && world_.node(*node) != nullptr) {
      broken("the ephemeral of a live node is removed");
    }
  }
  const std::vector<std::string> mapping = parts_below(path, znodes::kMapping);
  if (mapping.size() == 2 && is_foreign(mapping[1])) {
    broken("a mapping of somebody else is changed");
  }
  if (!path.starts_with("/arcus") && path != znodes::kArcform &&
      !path.starts_with(znodes::deployment(desired_->deployment))) {
    broken("a znode of somebody else is changed");
  }
}

}  // namespace arcform::sim
