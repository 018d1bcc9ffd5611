// SPDX-License-Identifier: Apache-2.0
// What holds for every plan that --only narrows.
#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "model/select.h"
#include "tests/property/generators.h"

using namespace arcform;

namespace {

std::vector<Selector> selectors_of(const std::vector<std::string>& texts) {
  std::vector<Selector> out;
  for (const std::string& text : texts) {
    out.push_back(*parse_selector(text));
  }
  return out;
}

std::vector<Selector> some_of(const std::vector<std::string>& texts) {
  std::vector<Selector> out;
  for (const Selector& selector : selectors_of(texts)) {
    if (*rc::gen::inRange(0, 4) == 0) {
      out.push_back(selector);
    }
  }
  return out;
}

/// What a step does, whatever nodes it was narrowed to.
std::string name_of_step(const Step& step) {
  if (const auto* const map = std::get_if<MapNodes>(&step.action)) {
    return "map " + map->service_code;
  }
  if (const auto* const unmap = std::get_if<UnmapNodes>(&step.action)) {
    return "unmap " + unmap->service_code;
  }
  return describe(step.action);
}

/// To wait for a leader changes nothing, so a plan without that alone hides no change.
std::vector<Action> changes_of(const Plan& made) {
  std::vector<Action> changes;
  for (const Step& step : made.steps) {
    if (!std::holds_alternative<AwaitQuorum>(step.action)) {
      changes.push_back(step.action);
    }
  }
  return changes;
}

}  // namespace

TEST_CASE("a selection of everything is the whole plan") {
  CHECK(holds("select(plan, everything) == plan", [] {
    const Situation it = *any_clouded_situation();
    const Plan whole = plan(it.desired, it.observed, {});
    RC_ASSERT(select(whole, it.desired, it.observed,
                     selectors_of(selectable(it.desired, it.observed))) == whole);
  }));
}

TEST_CASE("a narrowed plan is a part of the plan, in its order") {
  CHECK(holds("a subsequence, topologically sorted, nothing uncounted", [] {
    const Situation it = *any_clouded_situation();
    const Plan whole = plan(it.desired, it.observed, {});
    const std::vector<Selector> only = some_of(selectable(it.desired, it.observed));
    const Plan part = select(whole, it.desired, it.observed, only);
    std::size_t at = 0;
    for (StepId id = 0; id < part.steps.size(); ++id) {
      while (at < whole.steps.size() &&
             name_of_step(whole.steps[at]) != name_of_step(part.steps[id])) {
        ++at;
      }
      RC_ASSERT(at++ < whole.steps.size());
      const std::vector<StepId>& after = part.steps[id].after;
      RC_ASSERT(std::is_sorted(after.begin(), after.end()));
      RC_ASSERT((after.empty() || after.back() < id));
    }
    RC_ASSERT(part.held.size() <= whole.held.size());
    RC_ASSERT((part.hidden > 0) ==
              (changes_of(part) != changes_of(whole) || part.held != whole.held));
    RC_ASSERT(part.launches == whole.launches);
  }));
}

TEST_CASE("an order between two steps that stay is kept") {
  CHECK(holds("what came after still comes after, directly or through others", [] {
    const Situation it = *any_clouded_situation();
    const Plan whole = plan(it.desired, it.observed, {});
    const Plan part =
        select(whole, it.desired, it.observed, some_of(selectable(it.desired, it.observed)));
    const auto closure = [](const Plan& made) {
      std::map<std::string, std::set<std::string>> all;
      for (const Step& step : made.steps) {
        std::set<std::string>& mine = all[name_of_step(step)];
        for (const StepId before : step.after) {
          const std::string name = name_of_step(made.steps[before]);
          mine.insert(name);
          mine.insert(all[name].begin(), all[name].end());
        }
      }
      return all;
    };
    const auto before = closure(whole);
    const auto after = closure(part);
    for (const auto& [step, earlier] : after) {
      for (const std::string& other : before.at(step)) {
        RC_ASSERT(!after.contains(other) || earlier.contains(other));
      }
    }
  }));
}
