// SPDX-License-Identifier: Apache-2.0
#include "tests/support/model_world.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/diff_parts.h"
#include "model/follow_ensemble.h"
#include "model/node_arguments.h"
#include "tests/support/builders.h"

namespace arcform {
namespace {

bool is_live(const HostFacts& facts, const std::string& slot) {
  const ObservedSlot* const found = facts.slot(slot);
  return found != nullptr && facts.process_of(*found) != nullptr;
}

bool is_process(const HostFacts& facts, const std::string& slot, const ProcessIdentity& process) {
  return is_live(facts, slot) && facts.slot(slot)->identity == process;
}

std::vector<std::string> codes_of(const TreeFacts& tree, Endpoint node) {
  for (const ObservedMapping& mapping : tree.mappings) {
    if (mapping.node == node) {
      return mapping.service_codes;
    }
  }
  return {};
}

void remove_code(TreeFacts& tree, Endpoint node, const std::string& code) {
  for (ObservedMapping& mapping : tree.mappings) {
    if (mapping.node == node) {
      std::erase(mapping.service_codes, code);
    }
  }
  std::erase_if(tree.mappings, [](const ObservedMapping& m) { return m.service_codes.empty(); });
}

/// The cloud in which a live ephemeral of the node stands; "" for none.
std::string joined_cloud(const TreeFacts& tree, Endpoint node) {
  for (const auto& [code, cloud] : tree.clouds) {
    for (const ObservedJoin& join : cloud.joined) {
      if (join.endpoint == node && join.owner != 0) {
        return code;
      }
    }
  }
  return "";
}

}  // namespace

ModelWorld::ModelWorld(const DesiredState& desired, ObservedState truth)
    : desired_(desired), world_(std::move(truth)) {
  if (world_.tree.is_present() && !ensemble_is_new(desired, world_)) {
    tree_ = world_.tree.value();
  }
}

bool ModelWorld::has_quorum() const {
  if (!desired_.ensemble.external.empty()) {
    return true;
  }
  const auto running =
      std::count_if(desired_.ensemble.servers.begin(), desired_.ensemble.servers.end(),
                    [&](const DesiredServer& server) {
                      const HostFacts* const facts = world_.host(server.host);
                      return facts != nullptr && is_live(*facts, server_slot(server.id));
                    });
  return static_cast<std::size_t>(running) * 2 > desired_.ensemble.servers.size();
}

ObservedState ModelWorld::observe() const {
  ObservedState seen = world_;
  if (has_quorum()) {
    seen.tree = Observation<TreeFacts>::present(tree_);
  } else {
    seen.tree = ensemble_is_new(desired_, world_) ? Observation<TreeFacts>::absent()
                                                  : Observation<TreeFacts>::unknown("no quorum");
  }
  return seen;
}

void ModelWorld::settle_servers() {
  const bool quorum = has_quorum();
  bool leader = false;
  std::vector<ServerAnswer*> serving;
  for (const DesiredServer& server : desired_.ensemble.servers) {
    const HostFacts* const facts = world_.host(server.host);
    if (facts == nullptr) {
      continue;
    }
    if (!is_live(*facts, server_slot(server.id))) {
      world_.servers[server.id] = Observation<ServerAnswer>::absent();
      continue;
    }
    if (!world_.servers[server.id].is_present()) {
      world_.servers[server.id] = Observation<ServerAnswer>::present({});
    }
    ServerAnswer& answer = world_.servers[server.id].value();
    leader |= quorum && answer.mode == ServerMode::leader;
    if (!quorum || answer.mode == ServerMode::not_serving) {
      answer.mode = quorum ? ServerMode::follower : ServerMode::not_serving;
    }
    serving.push_back(&answer);
  }
  if (quorum && !leader && !serving.empty()) {
    serving.back()->mode = ServerMode::leader;
  }
}

std::string ModelWorld::begin(const Step& step) {
  const std::string host = host_of(step.action);
  if (hidden_.contains(host)) {
    return describe(step.action) + ": on a host that nobody can see";
  }
  const bool quorum = has_quorum();
  const StopNode* stop = std::get_if<StopNode>(&step.action);
  if (const auto* restart = std::get_if<RestartNode>(&step.action)) {
    stop = &*restart->stop;
  }
  if (stop != nullptr) {
    const std::string code = joined_cloud(tree_, stop->node);
    stop_node(*stop);
    const DesiredCloud* const cloud = desired_.cloud(code);
    if (cloud != nullptr && nodes_should_run(desired_, *cloud) &&
        joined_cloud(tree_, stop->node) != code) {
      down_[stop->node] = code;
      const auto down = std::count_if(down_.begin(), down_.end(),
                                      [&](const auto& entry) { return entry.second == code; });
      if (down > cloud->rollout.max_unavailable) {
        return fmt::format("{}: {} nodes of {} are down at once", describe(step.action), down,
                           code);
      }
    }
  } else if (const auto* restart = std::get_if<RestartServer>(&step.action)) {
    const std::string broken = apply({}, *restart->stop);
    if (quorum && !has_quorum()) {
      return describe(step.action) + ": the ensemble has lost its quorum";
    }
    return broken;
  }
  return "";
}

std::string ModelWorld::end(const Plan& plan, const Step& step) {
  const bool quorum = has_quorum();
  const std::string broken =
      std::visit([&](const auto& action) { return apply(plan, action); }, step.action);
  if (!broken.empty()) {
    return describe(step.action) + ": " + broken;
  }
  if (quorum && !has_quorum() && desired_.ensemble.state == RunState::running) {
    return describe(step.action) + ": the ensemble has lost its quorum";
  }
  if (const auto* stop = std::get_if<StopNode>(&step.action)) {
    down_.erase(stop->node);
  } else if (const auto* restart = std::get_if<RestartNode>(&step.action)) {
    down_.erase(restart->start->node);
  }
  return "";
}

std::string ModelWorld::perform(const Plan& plan, const Step& step) {
  const std::string broken = begin(step);
  return broken.empty() ? end(plan, step) : broken;
}

std::string ModelWorld::tree_missing(const std::string& what) const {
  return !has_quorum() ? what + " without a quorum" : "";
}

void ModelWorld::remove_stale(const std::string& code, const ObservedJoin& stale) {
  std::erase(tree_.clouds[code].joined, stale);
}

void ModelWorld::stop_node(const StopNode& action) {
  HostFacts& facts = host_in(world_, action.host);
  const std::string slot = node_slot(action.node.port);
  if (is_process(facts, slot, action.process)) {
    remove_process(facts, slot, action.node.port);
    for (auto& [code, cloud] : tree_.clouds) {
      std::erase_if(cloud.joined, [&](const ObservedJoin& join) {
        return join.endpoint == action.node && join.owner != 0;
      });
    }
    world_.nodes[action.node] = Observation<NodeAnswer>::absent();
  }
}

std::string ModelWorld::apply(const Plan&, const InstallPackage& action) {
  HostFacts& facts = host_in(world_, action.host);
  const std::string& prefix = action.prefix;
  const std::size_t slash = prefix.rfind('/');
  ObservedReleases& releases = facts.releases[action.package];
  releases.folder = prefix.substr(0, slash);
  releases.all.push_back({prefix.substr(slash + 1), action.sha256, 1});
  facts.packages[prefix] = {true, prefix + "/lib/default_engine.so", {}, prefix + "/lib/*"};
  return "";
}

std::string ModelWorld::apply(const Plan&, const RemoveRelease& action) {
  auto& all = host_in(world_, action.host).releases[action.package].all;
  const auto gone = std::erase_if(
      all, [&](const ObservedRelease& release) { return release.name == action.release; });
  return gone == 1 ? "" : "a release is removed that is not there";
}

std::string ModelWorld::apply(const Plan&, const ConfigureServer& action) {
  HostFacts& facts = host_in(world_, action.host);
  const std::string id = fmt::to_string(action.id);
  if (!facts.data.myid.empty() && facts.data.myid != id) {
    return "the data directory is another server's";
  }
  facts.data.exists = true;
  facts.data.myid = id;
  facts.slots[server_slot(action.id)].name = server_slot(action.id);
  facts.slots[server_slot(action.id)].config = action.config;
  return "";
}

std::string ModelWorld::apply(const Plan&, const StartServer& action) {
  HostFacts& facts = host_in(world_, action.host);
  const std::string slot = server_slot(action.id);
  if (is_live(facts, slot)) {
    return "";
  }
  if (facts.slot(slot) == nullptr || facts.slot(slot)->config.empty()) {
    return "it is not configured";
  }
  if (facts.is_listening(action.client_port)) {
    return "its port is taken";
  }
  put_process(facts, slot, next_pid_++, "java", action.argv, action.client_port);
  facts.slots[slot].digest = action.digest;
  facts.data.has_data = true;
  settle_servers();
  return "";
}

std::string ModelWorld::apply(const Plan&, const StopServer& action) {
  HostFacts& facts = host_in(world_, action.host);
  const std::string slot = server_slot(action.id);
  if (is_process(facts, slot, action.process)) {
    remove_process(facts, slot, desired_.ensemble.client_port);
    settle_servers();
  }
  return "";
}

std::string ModelWorld::apply(const Plan& plan, const RestartServer& action) {
  const std::string broken = apply(plan, *action.stop);
  return broken.empty() ? apply(plan, *action.start) : broken;
}

std::string ModelWorld::apply(const Plan&, const ReconfigureEnsemble& action) {
  for (auto& [id, answer] : world_.servers) {
    if (answer.is_present() && answer.value().members != *action.before) {
      return "the list is another one";
    }
    if (answer.is_present()) {
      answer.value().members = *action.after;
      ++answer.value().members_version;
    }
  }
  return has_quorum() ? "" : "there is no quorum to change the list";
}

std::string ModelWorld::apply(const Plan& plan, const RetireServer& action) {
  const std::string broken = apply(plan, *action.stop);
  return broken.empty() ? apply(plan, SetDataAside{action.stop->host, action.stop->id,
                                                   action.data_directories})
                        : broken;
}

std::string ModelWorld::apply(const Plan&, const SetDataAside& action) {
  HostFacts& facts = host_in(world_, action.host);
  if (is_live(facts, server_slot(action.id))) {
    return "its process lives";
  }
  facts.data = {};
  facts.slots.erase(server_slot(action.id));
  return "";
}

std::string ModelWorld::apply(const Plan&, const AwaitQuorum&) {
  settle_servers();
  return has_quorum() ? "" : "there is no quorum to wait for";
}

std::string ModelWorld::apply(const Plan&, const CreateTree&) {
  if (const std::string missing = tree_missing("the tree"); !missing.empty()) {
    return missing;
  }
  tree_.arcus_tree = tree_.server_log = true;
  return "";
}

std::string ModelWorld::apply(const Plan&, const RegisterCloud& action) {
  if (!has_quorum() || !tree_.arcus_tree) {
    return "there is no tree";
  }
  ObservedCloud& cloud = tree_.clouds[action.service_code];
  if (cloud.cache_list && !cloud.claimed) {
    return "it is somebody else's";
  }
  cloud.cache_list = cloud.client_list = cloud.claimed = true;
  tree_.record.claims.insert(action.service_code);
  return "";
}

std::string ModelWorld::apply(const Plan&, const MapNodes& action) {
  if (!has_quorum() || !tree_.clouds[action.service_code].claimed) {
    return "the cloud is not registered";
  }
  for (const MappedNode& mapped : action.nodes) {
    for (const std::string& code : mapped.remove) {
      if (!tree_.record.claims.contains(code)) {
        return "the mapping is somebody else's";
      }
      remove_code(tree_, mapped.node, code);
    }
    put_mapping(tree_, mapped.node, action.service_code);
  }
  for (const HostRecord& host : action.hosts) {
    tree_.record.hosts[host.name] = host;
  }
  return "";
}

std::string ModelWorld::apply(const Plan&, const UnmapNodes& action) {
  if (!has_quorum()) {
    return "without a quorum";
  }
  for (const Endpoint node : action.nodes) {
    if (joined_cloud(tree_, node) == action.service_code) {
      return node.text() + " still stands in the cloud";
    }
    remove_code(tree_, node, action.service_code);
  }
  for (const std::string& host : action.forget_hosts) {
    tree_.record.hosts.erase(host);
  }
  return "";
}

std::string ModelWorld::apply(const Plan& plan, const StartNode& action) {
  HostFacts& facts = host_in(world_, action.host);
  const std::string slot = node_slot(action.node.port);
  if (is_live(facts, slot)) {
    return "";
  }
  if (facts.is_listening(action.node.port)) {
    return "its port is taken";
  }
  if (!has_quorum() || !tree_.clouds[action.service_code].claimed) {
    return "its cloud is not registered";
  }
  if (codes_of(tree_, action.node) != std::vector<std::string>{action.service_code}) {
    return "its mapping does not name its cloud alone";
  }
  if (action.stale) {
    remove_stale(action.service_code, *action.stale);
  }
  if (!joined_cloud(tree_, action.node).empty()) {
    return "its old ephemeral stands";
  }
  put_process(facts, slot, next_pid_, "memcached",
              node_arguments(plan.launches.at(action.launch), action.node, action.config),
              action.node.port);
  put_join(tree_.clouds[action.service_code], action.node, next_pid_++);
  world_.nodes[action.node] = Observation<NodeAnswer>::present(
      just_started(action.config, plan.launches.at(action.launch).connect_string));
  return "";
}

std::string ModelWorld::apply(const Plan&, const TuneNode& action) {
  HostFacts& facts = host_in(world_, action.host);
  if (!is_process(facts, node_slot(action.node.port), *action.process)) {
    return "another process is meant";
  }
  Observation<NodeAnswer>& answer = world_.nodes[action.node];
  if (!answer.is_present() || answer.value().admin != action.admin) {
    return "it cannot be told so";
  }
  for (const Tuning& change : action.changes) {
    if (answer.value().settings.get(change.setting) != change.before) {
      return std::string("it had another ") + info_of(change.setting).label;
    }
    answer.value().settings.set(change.setting, change.after);
  }
  if (action.servers) {
    if (text_of(answer.value().servers) != action.servers->before) {
      return "it goes by other servers";
    }
    answer.value().servers = *parse_servers(action.servers->after);
  }
  return "";
}

std::string ModelWorld::apply(const Plan&, const StopNode& action) {
  stop_node(action);
  HostFacts& facts = host_in(world_, action.host);
  const std::string slot = node_slot(action.node.port);
  if (action.forget && !is_live(facts, slot)) {
    facts.slots.erase(slot);
  }
  return "";
}

std::string ModelWorld::apply(const Plan& plan, const RestartNode& action) {
  stop_node(*action.stop);
  if (action.move_mapping) {
    if (const std::string broken = apply(plan, *action.move_mapping); !broken.empty()) {
      return broken;
    }
  }
  return apply(plan, *action.start);
}

std::string ModelWorld::apply(const Plan&, const ForgetNode& action) {
  HostFacts& facts = host_in(world_, action.host);
  const std::string slot = node_slot(action.node.port);
  if (is_live(facts, slot)) {
    return "its process lives";
  }
  if (action.stale) {
    remove_stale(action.service_code, *action.stale);
  }
  facts.slots.erase(slot);
  return "";
}

std::string ModelWorld::apply(const Plan&, const UnregisterCloud& action) {
  if (!has_quorum()) {
    return "without a quorum";
  }
  if (!tree_.clouds[action.service_code].joined.empty()) {
    return "a node stands in it";
  }
  tree_.clouds.erase(action.service_code);
  tree_.record.claims.erase(action.service_code);
  std::erase(tree_.service_codes, action.service_code);
  return "";
}

}  // namespace arcform
