// SPDX-License-Identifier: Apache-2.0
// What adoption does to a ModelWorld: the same that the planner expects of it, and nothing that
// runs changes.
#include <algorithm>

#include <fmt/format.h>

#include "model/zoo_cfg.h"
#include "tests/support/builders.h"
#include "tests/support/model_world.h"

namespace arcform {
namespace {

const ObservedProcess* process_in(const HostFacts& facts, const ProcessIdentity& identity) {
  const auto found = std::find_if(
      facts.processes.begin(), facts.processes.end(), [&identity](const ObservedProcess& process) {
        return process.pid == identity.pid && process.start_ticks == identity.start_ticks;
      });
  return found == facts.processes.end() || facts.boot_id != identity.boot_id ? nullptr : &*found;
}

std::string take_over(HostFacts& facts, const std::string& name, const ProcessIdentity& process,
                      const Argv& argv) {
  ObservedSlot& slot = facts.slots[name];
  const ObservedProcess* const meant = process_in(facts, process);
  const ObservedProcess* const own = facts.process_of(slot);
  if (meant == nullptr || meant->argv != argv || (own != nullptr && own != meant)) {
    return "it is not the process that was meant";
  }
  slot.name = name;
  slot.identity = process;
  slot.digest = {};
  return "";
}

}  // namespace

std::string ModelWorld::apply(const Plan&, const AdoptServer& action) {
  HostFacts& facts = host_in(world_, action.host);
  const std::string broken =
      take_over(facts, server_slot(action.id), action.running->identity, action.running->argv);
  ObservedSlot& slot = facts.slots[server_slot(action.id)];
  slot.config = action.config;
  slot.digest = zoo_digest(action.config);
  facts.data.myid = fmt::to_string(action.id);
  world_.strangers.erase(action.id);
  settle_servers();
  return broken;
}

std::string ModelWorld::apply(const Plan&, const AdoptCloud& action) {
  ObservedCloud& cloud = tree_.clouds[action.service_code];
  if (!has_quorum() || !cloud.cache_list || !cloud.claimed_by.empty()) {
    return "there is no such cloud to adopt";
  }
  for (const ObservedJoin& join : cloud.joined) {
    if (join.endpoint &&
        !std::binary_search(action.nodes.begin(), action.nodes.end(), *join.endpoint)) {
      return "somebody has joined whom the plan does not know";
    }
  }
  cloud.claimed = true;
  tree_.record.claims.insert(action.service_code);
  return "";
}

std::string ModelWorld::apply(const Plan&, const AdoptNode& action) {
  if (!tree_.clouds[action.service_code].claimed) {
    return "its cloud is not ours";
  }
  return take_over(host_in(world_, action.host), node_slot(action.node.port),
                   action.running->identity, action.running->argv);
}

}  // namespace arcform
