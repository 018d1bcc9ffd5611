// SPDX-License-Identifier: Apache-2.0
// The quickstart on this machine, without SSH.
#include "tests/integration/three_hosts/quickstart.h"

namespace arcform {

TEST_CASE("the quickstart converges on this machine, and stops again") {
  Quickstart it;
  step("quickstart: apply");
  const ProcessResult applied = it.run({"apply", "--yes"});
  require_status(applied, 0);
  require_says(applied, "Converged: observed equals desired.");
  CHECK(it.pids().size() == 3);
  const ProcessResult again = it.run({"apply", "--yes"});
  require_status(again, 0);
  require_says(again, "No changes.");
  fmt::print("           quickstart: apply {} ms, again {} ms\n", applied.took.count(),
             again.took.count());
  const ProcessResult status = it.run({"status"});
  require_status(status, 0);
  require_says(status, "2 of 2 nodes joined");

  step("quickstart: stop");
  it.spec = replaced(it.spec, "\"dataDirectory\":", "\"state\": \"stopped\", \"dataDirectory\":");
  require_status(it.run({"apply", "--yes"}), 0);
  CHECK(it.pids().empty());
  step("end");
}

}  // namespace arcform
