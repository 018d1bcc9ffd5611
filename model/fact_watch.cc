// SPDX-License-Identifier: Apache-2.0
#include "model/fact_watch.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/follow_ensemble.h"
#include "model/status_parts.h"
#include "model/znodes.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

std::string text_of(const ProcessIdentity& process) {
  return fmt::format("pid {}, started at tick {} of boot {}", process.pid, process.start_ticks,
                     process.boot_id);
}

}  // namespace

void FactWatch::process(const std::string& what, const std::string& host_name,
                        const std::string& slot_name, std::uint16_t port) {
  const HostFacts* const facts = host(host_name);
  if (facts == nullptr) {
    note(what + ": process", kUnknownFact);
    return;
  }
  const ObservedSlot* const slot = facts->slot(slot_name);
  const ObservedProcess* const running = slot != nullptr ? facts->process_of(*slot) : nullptr;
  std::string value = "never started";
  if (running != nullptr) {
    value = fmt::format("{}, runs with {}", text_of(*slot->identity), slot->digest);
  } else if (slot != nullptr && slot->identity) {
    value = "gone: " + text_of(*slot->identity);
  }
  if (running == nullptr && facts->is_listening(port)) {
    value += fmt::format("; port {} is taken", port);
  }
  note(what + ": process", std::move(value));
}

void FactWatch::node(const std::string& host_name, Endpoint node) {
  process(fmt::format("cache node {} on {}", node.text(), host_name), host_name,
          node_slot(node.port), node.port);
}

void FactWatch::settings(Endpoint node, const std::vector<Tuning>& changes) {
  const auto found = observed_.nodes.find(node);
  const NodeAnswer* const answer = found == observed_.nodes.end() ? nullptr : found->second.get();
  for (const Tuning& change : changes) {
    const auto value = answer == nullptr ? std::nullopt : answer->settings.get(change.setting);
    note(fmt::format("cache node {}: {}", node.text(), info_of(change.setting).label),
         value ? fmt::to_string(*value) : kUnknownFact);
  }
}

void FactWatch::servers(Endpoint node) {
  const auto found = observed_.nodes.find(node);
  const NodeAnswer* const answer = found == observed_.nodes.end() ? nullptr : found->second.get();
  note(fmt::format("cache node {}: the servers that it goes by", node.text()),
       answer != nullptr ? text_of(answer->servers) : kUnknownFact);
}

void FactWatch::joined(const std::string& code, Endpoint node) {
  if (code.empty()) {
    return;
  }
  std::string subject = fmt::format("{}/{}", znodes::cache_list(code), node.text());
  if (tree_ == nullptr) {
    note(std::move(subject), without_tree());
    return;
  }
  std::string value;
  if (const ObservedCloud* const seen = cloud(code)) {
    const auto first = std::lower_bound(
        seen->joined.begin(), seen->joined.end(), node,
        [](const ObservedJoin& join, Endpoint wanted) { return join.endpoint < wanted; });
    for (auto join = first; join != seen->joined.end() && join->endpoint == node; ++join) {
      value += fmt::format("{}owner {:#x}, czxid {:#x}", value.empty() ? "" : "; ",
                           static_cast<std::uint64_t>(join->owner),
                           static_cast<std::uint64_t>(join->czxid));
    }
  }
  note(std::move(subject), value.empty() ? "absent" : std::move(value));
}

void FactWatch::mapping(Endpoint node) {
  std::string subject = znodes::mapping_key(node);
  if (tree_ == nullptr) {
    note(std::move(subject), without_tree());
    return;
  }
  const auto found = std::lower_bound(
      tree_->mappings.begin(), tree_->mappings.end(), node,
      [](const ObservedMapping& mapping, Endpoint wanted) { return mapping.node < wanted; });
  const bool stands = found != tree_->mappings.end() && found->node == node;
  note(std::move(subject),
       stands ? fmt::format("names {}", fmt::join(found->service_codes, ", ")) : "absent");
}

void FactWatch::registration(const std::string& code) {
  std::string subject = fmt::format("cloud {}: registration", code);
  if (tree_ == nullptr) {
    note(std::move(subject), without_tree());
    return;
  }
  const ObservedCloud* const seen = cloud(code);
  const bool stands = seen != nullptr && (seen->cache_list || seen->client_list);
  const bool ours = seen != nullptr && seen->claimed;
  note(std::move(subject), fmt::format("{}{}", stands ? "present" : "absent",
                                       ours ? ", claimed by this deployment" : ""));
}

void FactWatch::clients(const std::string& code) {
  std::string subject = fmt::format("cloud {}: clients", code);
  if (tree_ == nullptr) {
    note(std::move(subject), without_tree());
    return;
  }
  const ObservedCloud* const seen = cloud(code);
  note(std::move(subject), seen != nullptr && seen->clients > 0 ? "attached" : "none attached");
}

void FactWatch::members(const std::string& code) {
  std::string subject = fmt::format("cloud {}: nodes that have not joined", code);
  const DesiredCloud* const wanted = desired_.cloud(code);
  if (noted(subject) || wanted == nullptr) {
    return;
  }
  if (tree_ == nullptr) {
    note(std::move(subject), without_tree());
    return;
  }
  const ObservedCloud* const seen = cloud(code);
  std::string missing;
  for (const DesiredNode& node : wanted->nodes) {
    const bool in = seen != nullptr && has_joined(*seen, node.endpoint);
    missing += in ? "" : (missing.empty() ? "" : ", ") + node.endpoint.text();
  }
  note(std::move(subject), missing.empty() ? "none" : std::move(missing));
}

void FactWatch::server(const std::string& host_name, int id) {
  process(fmt::format("ZooKeeper server {} on {}", id, host_name), host_name, server_slot(id),
          desired_.ensemble.client_port);
}

void FactWatch::server_files(const std::string& host_name, int id) {
  const HostFacts* const facts = host(host_name);
  const std::string subject =
      fmt::format("ZooKeeper server {} on {}: zoo.cfg, myid", id, host_name);
  if (facts == nullptr) {
    note(subject, kUnknownFact);
    return;
  }
  const ObservedSlot* const slot = facts->slot(server_slot(id));
  note(subject,
       fmt::format("{}, {}",
                   slot == nullptr || slot->config.empty() ? "absent" : zoo_digest(slot->config),
                   facts->data.myid.empty() ? "absent" : facts->data.myid));
}

void FactWatch::modes() {
  for (const DesiredServer& server : desired_.ensemble.servers) {
    const auto found = observed_.servers.find(server.id);
    std::string mode = kUnknownFact;
    if (found != observed_.servers.end() && found->second.is_absent()) {
      mode = "does not answer";
    } else if (found != observed_.servers.end() && found->second.is_present()) {
      const ServerMode seen = found->second.value().mode;
      mode = seen == ServerMode::not_serving ? "does not serve"
             : seen == ServerMode::leader    ? "leads"
                                             : "serves";
    }
    note(fmt::format("ZooKeeper server {} on {}: mode", server.id, server.host), std::move(mode));
  }
}

void FactWatch::tree() {
  note("the Arcus tree", tree_ == nullptr     ? without_tree()
                         : !tree_->arcus_tree ? "not whole"
                         : !tree_->server_log ? "without cache_server_log"
                                              : "present");
}

void FactWatch::package(const std::string& host_name, const std::string& prefix) {
  const std::string subject = fmt::format("{} on {}", prefix, host_name);
  const HostFacts* const facts = host(host_name);
  if (facts == nullptr) {
    note(subject, kUnknownFact);
    return;
  }
  const auto found = facts->packages.find(prefix);
  const bool whole = found != facts->packages.end() && found->second.cache_node;
  note(subject, whole ? "a cache server with " + found->second.engine : "no cache server");
}

void FactWatch::release(const std::string& host_name, const std::string& package_name,
                        const std::string& prefix) {
  const std::string subject = fmt::format("{} on {}", prefix, host_name);
  const HostFacts* const facts = host(host_name);
  if (facts == nullptr) {
    note(subject, kUnknownFact);
    return;
  }
  const auto found = facts->releases.find(package_name);
  std::string value = "absent";
  if (found != facts->releases.end()) {
    for (const ObservedRelease& release : found->second.all) {
      if (found->second.folder + "/" + release.name == prefix) {
        value = release.sha256.empty() ? "not ours" : "of " + release.sha256;
      }
    }
  }
  note(subject, std::move(value));
}

void FactWatch::running(const std::string& host_name, const ProcessIdentity& process) {
  const std::string subject = fmt::format("pid {} on {}", process.pid, host_name);
  const HostFacts* const facts = host(host_name);
  if (facts == nullptr) {
    note(subject, kUnknownFact);
    return;
  }
  const bool lives =
      facts->boot_id == process.boot_id &&
      std::any_of(facts->processes.begin(), facts->processes.end(),
                  [&](const ObservedProcess& item) {
                    return item.pid == process.pid && item.start_ticks == process.start_ticks;
                  });
  note(subject, lives ? text_of(process) : "gone");
}

/// Another spec that was applied in between wants another world than this plan.
void FactWatch::deployment() {
  const std::string path = znodes::applied(desired_.deployment);
  if (tree_ == nullptr) {
    note(path, without_tree());
    note(znodes::epoch(desired_.deployment), without_tree());
    return;
  }
  const DeploymentRecord& record = tree_->record;
  note(path, record.spec_digest.empty() ? "absent" : "spec " + record.spec_digest);
  if (record.epoch_version >= 0) {  // Made once per ensemble and deployment.
    note(znodes::epoch(desired_.deployment),
         fmt::format("made in transaction {:#x}", static_cast<std::uint64_t>(record.epoch_czxid)));
  }
}

}  // namespace arcform
