// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "model/plan_servers.h"

namespace arcform {
namespace {

/// Registered clouds that are neither ours nor in the spec, and that nobody has given up by name.
std::vector<std::string> other_clouds(const PlanBuilder& builder) {
  std::vector<std::string> codes;
  const TreeFacts* const tree = builder.observed.tree.get();
  if (tree != nullptr) {
    const auto& given_up = builder.policy.allow_removal;
    std::copy_if(tree->service_codes.begin(), tree->service_codes.end(), std::back_inserter(codes),
                 [&](const std::string& code) {
                   return !tree->record.claims.contains(code) &&
                          builder.desired.cloud(code) == nullptr &&
                          std::count(given_up.begin(), given_up.end(), code) == 0;
                 });
  }
  return codes;
}

}  // namespace

void hold_stop(const std::vector<Drift>& drift, PlanBuilder& builder) {
  const SourcePosition at = builder.desired.ensemble.at;
  if (const Drift* const unknown = find_drift(drift, DriftKind::ensemble_unknown)) {
    builder.may_serve_unread = true;
    builder.teardown_held = true;
    builder.hold(
        Hold::unknown, "ensemble",
        fmt::format("is not stopped, as it may serve and what it holds is unknown: {}; see "
                    "that it can be read, or stop it by hand",
                    unknown->detail),
        at);
  }
  const std::vector<std::string> others = other_clouds(builder);
  if (others.empty() || find_drift(drift, DriftKind::server_running) == nullptr) {
    return;
  }
  std::string names;
  std::string options;
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(others.size(), kShown); ++i) {
    names += (i > 0 ? ", " : "") + printable(others[i], 64);
    options += " --allow-removal " + printable(others[i], 64);
  }
  builder.teardown_held = true;
  builder.hold(Hold::guard, "ensemble",
               fmt::format("is not stopped, as clouds that are not ours would lose it: {}{}; "
                           "unregister them, or ask for it with{}{}",
                           names, others.size() > kShown ? ", ..." : "", options,
                           others.size() > kShown ? " and so on" : ""),
               at);
}

void plan_ensemble_stop(const std::vector<Drift>& drift, PlanBuilder& builder) {
  std::vector<StepId> everything(builder.size());
  for (StepId id = 0; id < everything.size(); ++id) {
    everything[id] = id;
  }
  for (const Drift& item : drift) {
    if (item.kind != DriftKind::server_running) {
      continue;
    }
    if (builder.teardown_held) {
      builder.hold(Hold::guard, server_subject(item),
                   "is kept running: something above must be taken down first", item.at);
      continue;
    }
    const HostFacts& facts = *builder.observed.host(item.host);
    builder.add(stop_action(item.host, item.server, facts), "the spec says \"stopped\"", item.at,
                everything);
  }
}

}  // namespace arcform
