// SPDX-License-Identifier: Apache-2.0
// What holds for every plan: nothing for nothing, order, determinism, and hands off what is
// unknown or foreign. RC_PARAMS="seed=..." replays a failure, RC_PARAMS="max_success=..." asks for
// more.
#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "model/diff.h"
#include "model/render.h"
#include "tests/property/generators.h"
#include "tests/support/builders.h"
#include "tests/support/model_world.h"

using namespace arcform;

namespace {

/// The nodes that a step maps or unmaps.
std::vector<Endpoint> mapped_nodes(const Action& action) {
  std::vector<Endpoint> out;
  if (const auto* map = std::get_if<MapNodes>(&action)) {
    for (const MappedNode& node : map->nodes) {
      out.push_back(node.node);
    }
  } else if (const auto* unmap = std::get_if<UnmapNodes>(&action)) {
    out = unmap->nodes;
  }
  return out;
}

bool needs_tree(const Action& action) {
  return host_of(action).empty() && !std::holds_alternative<AwaitQuorum>(action);
}

/// The same observation with everything inserted in another order.
ObservedState rebuilt(const ObservedState& observed) {
  ObservedState out;
  for (auto host = observed.hosts.rbegin(); host != observed.hosts.rend(); ++host) {
    out.hosts.insert(*host);
  }
  for (auto node = observed.nodes.rbegin(); node != observed.nodes.rend(); ++node) {
    out.nodes.insert(*node);
  }
  for (auto server = observed.servers.rbegin(); server != observed.servers.rend(); ++server) {
    out.servers.insert(*server);
  }
  out.tree = observed.tree;
  return out;
}

}  // namespace

TEST_CASE("nothing differs from the ideal, and nothing is planned for it") {
  CHECK(holds("diff(d, ideal(d)) is empty", [] {
    const DesiredState desired = *any_desired();
    RC_ASSERT(diff(desired, ideal(desired)).empty());
    RC_ASSERT(plan(desired, ideal(desired), {}) == Plan{});
  }));
}

TEST_CASE("an empty diff is an empty plan") {
  CHECK(holds("no drift, no steps", [] {
    const Situation it = *any_situation();
    if (diff(it.desired, it.observed).empty()) {
      RC_ASSERT(plan(it.desired, it.observed, {}) == Plan{});
    }
  }));
}

TEST_CASE("a difference is never passed over in silence") {
  CHECK(holds("drift leads to a step, a hold, an alarm or a later", [] {
    const Situation it = *any_clouded_situation();
    const Plan made = plan(it.desired, it.observed, {});
    RC_ASSERT(diff(it.desired, it.observed).empty() == (made.converged() && made.alarms.empty()));
  }));
}

TEST_CASE("steps are in topological order, with a reason each") {
  CHECK(holds("every step comes after what it waits for", [] {
    const Situation it = *any_clouded_situation();
    const Plan made = plan(it.desired, it.observed, {});
    for (StepId id = 0; id < made.steps.size(); ++id) {
      const std::vector<StepId>& after = made.steps[id].after;
      RC_ASSERT(std::is_sorted(after.begin(), after.end()));
      RC_ASSERT((after.empty() || after.back() < id));
      RC_ASSERT(!made.steps[id].reason.empty());
    }
  }));
}

TEST_CASE("the same input gives the same bytes, in whatever order it was collected") {
  CHECK(holds("plan and text are functions of values", [] {
    const Situation it = *any_clouded_situation();
    const ObservedState again = rebuilt(it.observed);
    const Plan first = plan(it.desired, it.observed, {});
    const Plan second = plan(DesiredState(it.desired), again, {});
    RC_ASSERT(first == second);
    RC_ASSERT(render_plan(first, it.desired, it.observed, {}) ==
              render_plan(second, it.desired, again, {}));
    RC_ASSERT(render_status(it.desired, it.observed, {}) == render_status(it.desired, again, {}));
  }));
}

TEST_CASE("an unknown host is left alone, with its nodes") {
  CHECK(holds("no step touches what could not be observed", [] {
    const Situation it = *any_clouded_situation();
    const Plan made = plan(it.desired, it.observed, {});
    for (const Step& step : made.steps) {
      const std::string host = host_of(step.action);
      RC_ASSERT((host.empty() || it.observed.host(host) != nullptr));
      for (const Endpoint node : mapped_nodes(step.action)) {
        const auto* facts = it.observed.host(fmt::format("cache{:03}.arcus", node.ip & 255U));
        RC_ASSERT(facts != nullptr);
      }
    }
  }));
}

TEST_CASE("a tree that may hold something is not written unread") {
  CHECK(holds("unknown tree: no step in ZooKeeper, no start", [] {
    const Situation it = *any_clouded_situation();
    RC_PRE((it.observed.tree.is_unknown() && !ensemble_is_new(it.desired, it.observed)));
    for (const Step& step : plan(it.desired, it.observed, {}).steps) {
      RC_ASSERT(!needs_tree(step.action));
      RC_ASSERT(!std::holds_alternative<StartNode>(step.action));
      RC_ASSERT(!std::holds_alternative<RestartNode>(step.action));
    }
  }));
}

TEST_CASE("nobody loses more serving nodes than the limit unasked") {
  CHECK(holds("stops of joined nodes per cloud <= maxRemovals, and never all", [] {
    const Situation it = *any_clouded_situation();
    RC_PRE(it.observed.tree.is_present());
    RC_PRE(it.desired.ensemble.state == RunState::running);
    std::map<std::string, std::set<Endpoint>> leaving;
    for (const Step& step : plan(it.desired, it.observed, {}).steps) {
      if (const auto* stop = std::get_if<StopNode>(&step.action); stop && stop->forget) {
        leaving[stop->service_code].insert(stop->node);
      }
    }
    for (const auto& [code, nodes] : leaving) {
      const auto seen = it.observed.tree.value().clouds.find(code);
      if (seen == it.observed.tree.value().clouds.end()) {
        continue;
      }
      std::size_t serving = 0;
      std::size_t lost = 0;
      for (const ObservedJoin& join : seen->second.joined) {
        const bool serves = join.endpoint && join.owner != 0;
        serving += serves ? 1U : 0U;
        lost += serves && nodes.contains(*join.endpoint) ? 1U : 0U;
      }
      RC_ASSERT(lost <= it.desired.max_removals.of(serving));
      RC_ASSERT((lost == 0 || lost < serving));
    }
  }));
}

TEST_CASE("somebody else's cloud is left alone") {
  CHECK(holds("no step for a cloud that another deployment claims; first of all its adoption", [] {
    Situation it = *any_situation();
    RC_PRE(it.observed.tree.is_present());
    auto& clouds = it.observed.tree.value().clouds;
    const bool claimed = *rc::gen::arbitrary<bool>();
    for (auto& [code, cloud] : clouds) {
      cloud.claimed_by = claimed && cloud.cache_list && !cloud.claimed ? "others" : "";
    }
    std::set<std::string> adopted;
    for (const Step& step : plan(it.desired, it.observed, {}).steps) {
      if (const auto* adopt = std::get_if<AdoptCloud>(&step.action)) {
        adopted.insert(adopt->service_code);
      }
      const auto found = clouds.find(cloud_of(step.action));
      RC_ASSERT((found == clouds.end() || !found->second.cache_list || found->second.claimed ||
                 adopted.contains(found->first)));
      RC_ASSERT((found == clouds.end() || found->second.claimed_by.empty()));
    }
  }));
}

TEST_CASE("adoption changes nothing that runs") {
  CHECK(holds("what arcform would find ideal is only adopted when its own marks are gone", [] {
    const DesiredState desired = *any_desired();
    ObservedState world = ideal(desired);
    RC_PRE(world.tree.is_present());
    make_foreign(world, desired);
    const Plan made = plan(desired, world, {});
    RC_ASSERT(made.held.empty());
    RC_ASSERT((made.steps.empty() || made.only_adopts()));
    RC_ASSERT(made.impact.size() <= desired.clouds.size());
    ModelWorld model(desired, world);
    for (const Step& step : made.steps) {
      RC_ASSERT(model.perform(made, step) == "");
    }
    RC_ASSERT(plan(desired, model.observe(), {}) == Plan{});
  }));
}

TEST_CASE("a node that the spec does not list is not adopted unasked") {
  CHECK(holds("a foreign cloud with one node more is refused", [] {
    DesiredState desired = *any_desired();
    ObservedState world = ideal(desired);
    RC_PRE(world.tree.is_present());
    make_foreign(world, desired);
    for (DesiredCloud& cloud : desired.clouds) {
      if (!cloud.nodes.empty()) {
        cloud.nodes.pop_back();
        const Plan made = plan(desired, world, {});
        RC_ASSERT(made.holds(Hold::guard));
        for (const Step& step : made.steps) {
          RC_ASSERT(cloud_of(step.action) != cloud.service_code);
        }
        return;
      }
    }
    RC_DISCARD("no node");
  }));
}
