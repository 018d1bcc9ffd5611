// SPDX-License-Identifier: Apache-2.0
// The forms of a plan that other programs show, compared whole with the files in
// tests/golden/render.
#include "model/render_formats.h"

#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/support/builders.h"
#include "tests/support/golden.h"

using namespace arcform;

namespace {

struct Case {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired, 2);

  Plan planned() const { return plan(desired, observed, {}); }
  std::string markdown(const std::string& note = "") const {
    return render_markdown(planned(), desired, observed, note);
  }
  std::string dot() const { return render_dot(planned(), desired); }
};

Case edited() {
  Case it;
  kill_node(it.observed, "cache001.arcus", at("10.0.0.1:11211"), true);
  it.desired.clouds[0].nodes.pop_back();
  it.desired.clouds[0].nodes[2].config.threads = 8;
  it.desired.clouds[0].nodes[3].config.threads = 8;
  it.desired.ensemble.config["tickTime"] = "3000";
  it.desired.digest = "0123abcd";
  return it;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a plan as a comment for a review") {
  CHECK(compare_golden(
            "render/plan_edited.md",
            edited().markdown("observed 2026-01-31T10:00:00Z by ann@ops1 (seen.json)")) == "");
}

TEST_CASE("a comment without changes is short") {
  const std::string text = Case().markdown();
  CHECK(compare_golden("render/plan_converged.md", text) == "");
  CHECK(text.starts_with(kMarkdownMarker));
}

TEST_CASE("a plan as a graph") {
  CHECK(compare_golden("render/plan_edited.dot", edited().dot()) == "");
}

TEST_CASE("the largest comment has less than its limit, and says what was cut") {
  Case it;
  SpecBuilder spec = a_spec();
  spec.with_hosts(250).with_ensemble(3);
  for (int i = 0; i < 150; ++i) {
    spec.with_cloud(fmt::format("cloud-{:03}", i))
        .with_nodes(1, static_cast<std::uint16_t>(12000 + i));
  }
  it.desired = spec.build();
  it.observed = bare(it.desired);
  for (int i = 100; i <= 250; ++i) {
    lose_host(it.observed, it.desired, fmt::format("cache{:03}.arcus", i));
  }
  const std::string text = it.markdown();
  CHECK(text.size() < kMarkdownMax);
  CHECK(text.size() > kMarkdownMax / 2);
  CHECK(contains(text, "lines are not shown here: a comment has no room for them.**"));
  const auto count = [&text](const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      ++found;
    }
    return found;
  };
  CHECK(count("<details") == count("</details>"));
  CHECK(count("```") == 2 * count("<details"));
}

TEST_CASE("nothing from outside is markup") {
  Case it;
  const std::string evil =
      "</details>```\n# @team [x](http://evil) <script> | \x1b[31m www.evil.com";
  it.observed.hosts["cache003.arcus"] = Observation<HostFacts>::unknown(evil);
  it.desired.source = evil;
  tree_in(it.observed).unusual_mappings = {"````" + evil};
  const std::string text = it.markdown(evil);
  CHECK_FALSE(contains(text, "\x1b"));
  CHECK_FALSE(contains(text, "\n# "));
  // Inside of blocks everything is text, and their fences are longer than any row of backticks.
  CHECK(contains(text, "`````diff\n! "));
  bool inside = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
    } else if (!inside) {
      INFO(line);
      CHECK_FALSE(contains(line, "@team"));
      CHECK_FALSE(contains(line, "<script>"));
      CHECK_FALSE(contains(line, "http://"));
      CHECK_FALSE(contains(line, "www.evil"));
    }
  }
  CHECK_FALSE(inside);
}

TEST_CASE("the graph's texts cannot end their quotes") {
  Plan planned;
  Step step;
  step.action = CreateTree{};
  step.reason = "\"]; evil [label=\"\\";
  planned.steps.push_back(step);
  CHECK(contains(render_dot(planned, three_hosts()), "\\n\\\"]; evil [label=\\\"\\\\\", color"));
}
