// SPDX-License-Identifier: Apache-2.0
// What people read, compared whole with the files in tests/golden/render.
#include "model/render.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/support/builders.h"
#include "tests/support/golden.h"

using namespace arcform;

namespace {

const RenderOptions kPlain{"0.2 s", false, false};

std::string plan_text(const DesiredState& desired, const ObservedState& observed,
                      const RenderOptions& options = kPlain, const Policy& policy = {}) {
  return render_plan(plan(desired, observed, policy), desired, observed, options);
}

}  // namespace

TEST_CASE("the plan of a bare deployment") {
  const DesiredState desired = three_hosts();
  CHECK(compare_golden("render/plan_bare.txt", plan_text(desired, bare(desired))) == "");
}

TEST_CASE("the plan of a converged deployment says so") {
  const DesiredState desired = three_hosts();
  CHECK(compare_golden("render/plan_converged.txt", plan_text(desired, ideal(desired, 2))) == "");
}

/// Everything that can happen to a running deployment at once.
static ObservedState troubled(const DesiredState& desired) {
  ObservedState observed = ideal(desired, 2);
  kill_node(observed, "cache001.arcus", at("10.0.0.1:11211"));
  kill_node(observed, "cache001.arcus", at("10.0.0.1:11212"), true);
  pause_node(observed, at("10.0.0.2:11211"));
  lose_host(observed, desired, "cache003.arcus");
  cloud_in(observed, "test-cloud").joined.push_back({"10.9.9.9:1-x", at("10.9.9.9:1"), 7, 7});
  cloud_in(observed, "test-cloud")
      .joined.insert(cloud_in(observed, "test-cloud").joined.begin(),
                     {"evil\x1b[2J", std::nullopt, 0, 3});
  cloud_in(observed, "test-cloud").clients = 2;
  tree_in(observed).service_codes = {"billing", "test-cloud"};
  return observed;
}

TEST_CASE("the plan of a troubled deployment") {
  const DesiredState desired = three_hosts();
  CHECK(compare_golden("render/plan_troubled.txt", plan_text(desired, troubled(desired))) == "");
}

TEST_CASE("the plan of an edited spec") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired, 2);
  desired.clouds[0].nodes.pop_back();
  desired.clouds[0].nodes[0].config.memlimit_mb = 200;
  desired.clouds[0].nodes[2].config.threads = 8;
  desired.clouds[0].nodes[3].config.threads = 8;
  desired.ensemble.config["tickTime"] = "3000";
  CHECK(compare_golden("render/plan_edited.txt", plan_text(desired, observed)) == "");
}

TEST_CASE("the plan of a grown cloud and a removed one") {
  const DesiredState before =
      a_spec().with_hosts(3).with_ensemble(3).with_cloud("old").with_nodes(1, 12000).build();
  ObservedState observed = ideal(before, 2);
  observed.nodes[at("10.0.0.1:11211")] = Observation<NodeAnswer>::absent();
  const DesiredState desired = a_spec()
                                   .with_hosts(3)
                                   .with_ensemble(3)
                                   .with_cloud("new")
                                   .with_node("cache001.arcus", 11211)
                                   .build();
  CHECK(compare_golden("render/plan_refused.txt", plan_text(desired, observed)) == "");
  const Policy asked{{"old"}};
  CHECK(compare_golden("render/plan_replaced.txt", plan_text(desired, observed, kPlain, asked)) ==
        "");
}

TEST_CASE("the plan of stopping everything") {
  DesiredState desired = three_hosts();
  const ObservedState observed = ideal(desired, 2);
  desired.ensemble.state = RunState::stopped;
  CHECK(compare_golden("render/plan_stopped.txt", plan_text(desired, observed)) == "");
}

TEST_CASE("a plan in colour says the same words") {
  const DesiredState desired = three_hosts();
  const std::string text = plan_text(desired, troubled(desired), {"0.2 s", true, false});
  std::string stripped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
    } else {
      stripped += text[i];
    }
  }
  CHECK(stripped == plan_text(desired, troubled(desired)));
  CHECK(compare_golden("render/plan_colour.txt", text) == "");
}

TEST_CASE("a long plan shows its first hundred steps of a cloud, and all of them when asked") {
  const DesiredState desired =
      a_spec().with_hosts(150).with_ensemble(3).with_cloud("big").with_nodes(2).build();
  const ObservedState observed = bare(desired);
  const std::string cut = plan_text(desired, observed);
  const std::string full = plan_text(desired, observed, {"", false, true});
  CHECK(std::count(cut.begin(), cut.end(), '\n') < 130);
  CHECK(cut.find("  ... and 202 more\n") != std::string::npos);
  CHECK(full.find("more\n") == std::string::npos);
  CHECK(std::count(full.begin(), full.end(), '\n') > 300);
}

TEST_CASE("nothing from outside reaches the terminal as it is") {
  const DesiredState desired = three_hosts();
  ObservedState observed = troubled(desired);
  observed.hosts["cache003.arcus"] = Observation<HostFacts>::unknown("\x1b]0;x\x07\nsecond line");
  observed.nodes[at("10.0.0.2:11212")] = Observation<NodeAnswer>::present({"1\r\n\x1b[31m"});
  tree_in(observed).service_codes.insert(tree_in(observed).service_codes.begin(), "a\x1b\n");
  for (const std::string& text :
       {plan_text(desired, observed), render_status(desired, observed, kPlain)}) {
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\r') == std::string::npos);
    CHECK(text.find("\nsecond") == std::string::npos);
  }
}

TEST_CASE("the status of a converged deployment") {
  const DesiredState desired = three_hosts();
  CHECK(compare_golden("render/status_converged.txt",
                       render_status(desired, ideal(desired, 2), kPlain)) == "");
}

TEST_CASE("the status of a bare deployment") {
  const DesiredState desired = three_hosts();
  CHECK(compare_golden("render/status_bare.txt", render_status(desired, bare(desired), kPlain)) ==
        "");
}

TEST_CASE("the status of a troubled deployment") {
  const DesiredState desired = three_hosts();
  ObservedState observed = troubled(desired);
  kill_server(observed, "cache001.arcus", 1);
  CHECK(compare_golden("render/status_troubled.txt", render_status(desired, observed, kPlain)) ==
        "");
}

TEST_CASE("the status of an external ensemble that cannot be read") {
  const DesiredState desired =
      a_spec().with_hosts(1).with_external("10.0.9.1:2181").with_cloud("c").with_nodes(2).build();
  ObservedState observed = ideal(desired);
  observed.tree = Observation<TreeFacts>::unknown("connect to 10.0.9.1:2181: connection refused");
  CHECK(compare_golden("render/status_external.txt", render_status(desired, observed, kPlain)) ==
        "");
}

TEST_CASE("what somebody else set up as the spec says: not adopted yet, and up") {
  const DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired, 2);
  make_foreign(observed, desired);
  CHECK(compare_golden("render/status_unadopted.txt", render_status(desired, observed, kPlain)) ==
        "");
  CHECK(compare_golden("render/plan_adoption.txt", plan_text(desired, observed)) == "");
  observed = ideal(desired, 2);
  kill_node(observed, "cache001.arcus", at("10.0.0.1:11211"));
  make_foreign(observed, desired);
  CHECK(compare_golden("render/plan_adoption_and_start.txt", plan_text(desired, observed)) == "");
}

TEST_CASE("a cloud that is refused as it is says why, and which of its nodes run") {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired, 2);
  make_foreign(observed, desired);
  desired.clouds[0].nodes.pop_back();
  CHECK(compare_golden("render/status_unlisted.txt", render_status(desired, observed, kPlain)) ==
        "");
  CHECK(compare_golden("render/plan_unlisted.txt", plan_text(desired, observed)) == "");
  Policy asked;
  asked.adopt = asked.allow_removal = {"test-cloud"};
  CHECK(compare_golden("render/plan_adopt_less.txt", plan_text(desired, observed, kPlain, asked)) ==
        "");
}

TEST_CASE("a step's progress line names what is done, to what, where") {
  Step step;
  step.action = StartNode{"cache001.arcus", at("10.0.0.1:11211"), "test-cloud", {}, 0, {}, {}};
  CHECK(render_step_line(step) == "start cache node 10.0.0.1:11211 on cache001.arcus");
}
