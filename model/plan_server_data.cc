// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "model/plan_servers.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

/// Why the server must not start with its data directory as it is: it ran before, and not with
/// that one. Empty: it may.
std::string misses_its_data(const DesiredEnsemble& ensemble, const DesiredServer& server,
                            const HostFacts& facts, bool serves) {
  const std::string name = server_slot(server.id);
  const ObservedSlot* const slot = facts.slot(name);
  if (slot == nullptr || !slot->identity || facts.data.has_data) {
    return "";
  }
  const std::string& wanted = ensemble.data_directory;
  const auto settings = zoo_settings(slot->config);
  const auto kept = settings.find("dataDir");
  const bool elsewhere = kept != settings.end() && kept->second != wanted;
  const std::string anew =
      fmt::format("to begin anew, remove its slot {}/{} on {}", facts.directory, name, server.host);
  if (elsewhere && facts.process_of(*slot) != nullptr) {
    return fmt::format(
        "keeps its data in {}, and {} holds none: set ensemble.state to \"stopped\", apply, move "
        "the data of every server, set \"running\", apply; or put \"dataDirectory\" back",
        printable(kept->second), wanted);
  }
  if (elsewhere) {
    return fmt::format(
        "kept its data in {}, and {} holds none: move it there, or put \"dataDirectory\" back; {}",
        printable(kept->second), wanted, anew);
  }
  // It left its myid there when it was configured. Where the others serve they fill it again.
  return facts.data.myid.empty() && !serves
             ? fmt::format("ran before, and {} holds nothing: mount it or move its data there; {}",
                           wanted, anew)
             : "";
}

}  // namespace

void hold_without_data(ServerPlans& plans, PlanBuilder& builder) {
  for (auto& [id, plan] : plans.servers) {
    const HostFacts* const facts = builder.observed.host(plan.server->host);
    const bool changes =
        plan.configure != nullptr || plan.start != nullptr || plan.restart != nullptr;
    if (facts == nullptr || !changes || plans.kept.contains(id)) {
      continue;
    }
    std::string why = misses_its_data(builder.desired.ensemble, *plan.server, *facts,
                                      builder.observed.tree.is_present());
    if (!why.empty()) {
      const bool stays = plan.start == nullptr && plan.serving;
      plan = ServerPlan{plan.server, nullptr, nullptr, nullptr, nullptr, stays, plan.awaited};
      builder.hold(Hold::guard, fmt::format("server {} on {}", id, plan.server->host),
                   std::move(why), plan.server->at);
    }
  }
}

}  // namespace arcform
