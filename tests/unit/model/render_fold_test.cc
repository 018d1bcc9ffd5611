// SPDX-License-Identifier: Apache-2.0
// Tables on terminals that are too narrow for them.
#include <sstream>

#include <catch2/catch.hpp>

#include "model/render_text.h"
#include "tests/support/builders.h"
#include "tests/support/golden.h"

using namespace arcform;

namespace {

RenderOptions wide(std::size_t columns) {
  RenderOptions options;
  options.elapsed = "0.2 s";
  options.width = columns;
  return options;
}

std::string plan_at(std::size_t columns) {
  DesiredState desired = three_hosts();
  ObservedState observed = ideal(desired, 2);
  kill_node(observed, "cache001.arcus", at("10.0.0.1:11211"), true);
  lose_host(observed, desired, "cache003.arcus");
  desired.clouds[0].nodes[2].config.threads = 8;
  return render_plan(plan(desired, observed, {}), desired, observed, wide(columns));
}

std::size_t longest(const std::string& text) {
  std::istringstream lines(text);
  std::size_t most = 0;
  for (std::string line; std::getline(lines, line);) {
    most = std::max(most, line.starts_with("  ") ? width_of(line) : 0);
  }
  return most;
}

}  // namespace

TEST_CASE("a table that fits is not folded") {
  const std::vector<Row> rows{{{"a"}, {"bb"}}, {{"ccc"}, {"d"}}};
  CHECK(aligned(rows, false, 9) == aligned(rows, false));
}

TEST_CASE("columns that do not fit go to the next line, in all rows") {
  const std::vector<Row> rows{{{"address"}, {"host"}, {"verdict"}}, {{"1"}, {"2"}, {"3"}}};
  CHECK(aligned(rows, false, 18) == "  address  host\n    verdict\n  1        2\n    3\n");
}

TEST_CASE("a long text is broken between words and stands under its beginning") {
  const std::vector<Row> rows{
      {{"!"}, {"node"}, {"start: its process is gone, and nobody knows why"}, {"nothing lost"}}};
  CHECK(aligned(rows, false, 41) ==
        "  ! node  start: its process is gone, and\n"
        "          nobody knows why\n"
        "          nothing lost\n");
}

TEST_CASE("a word that is longer than the terminal is left whole") {
  const std::vector<Row> rows{{{"?"}, {std::string(50, 'x')}}};
  CHECK(aligned(rows, false, 30).find(std::string(50, 'x')) != std::string::npos);
}

TEST_CASE("plan and status fit into 80 and 120 columns") {
  const DesiredState desired = three_hosts();
  for (const std::size_t columns : {80U, 120U}) {
    CAPTURE(columns);
    CHECK(longest(plan_at(columns)) <= columns);
    CHECK(longest(render_status(desired, ideal(desired, 2), wide(columns))) <= columns);
  }
  CHECK(compare_golden("render/plan_80_columns.txt", plan_at(80)) == "");
  CHECK(compare_golden("render/status_80_columns.txt",
                       render_status(desired, ideal(desired, 2), wide(80))) == "");
}
