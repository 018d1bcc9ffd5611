// SPDX-License-Identifier: Apache-2.0
// Changes of members that would cost the quorum are refused, and nothing of them is done.
#include <catch2/catch.hpp>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

/// What the ensemble itself says: its list of members, out of the server on the first host.
std::string members(const Deployment& it) {
  const ProcessResult conf = it.zk("get", "/zookeeper/config");
  return conf.out;
}

std::string server_pids(const Deployment& it) {
  return it.server_pid(1) + it.server_pid(2) + it.server_pid(3);
}

}  // namespace

TEST_CASE("a member is not taken away while another cannot be seen, whatever is said to it") {
  Deployment it(3);
  it.edit("\"tickTime\": 2000", "\"tickTime\": 2000, \"reconfigEnabled\": true");
  it.converge();
  const std::string before = members(it);
  REQUIRE(contains(before, "server.3="));

  step("three members, one cut off, one that is to leave: two of two would have to be there");
  it.lab().command({"cut", Lab::host(3)});
  REQUIRE(
      eventually([&it] { return contains(it.plan().out, "(leader "); }, std::chrono::seconds(40)));
  const std::string pids = it.server_pid(1) + it.server_pid(2);
  it.edit(kThree,
          R"([{ "host": "cache001.arcus", "id": 1 }, { "host": "cache003.arcus", "id": 3 }])");
  const ProcessResult refused = it.run({"apply", "--yes", "--timeout", "20s"});
  require_status(refused, 9);  // As a host was not seen.
  require_says(refused, "this would leave 1 of 2 servers serving, which is no quorum");
  require_says(it.plan(), "this would leave 1 of 2 servers serving");
  CHECK(members(it) == before);
  CHECK(it.server_pid(1) + it.server_pid(2) == pids);
}

TEST_CASE("an ensemble that cannot spare a server is not changed by restarts") {
  Deployment it(3);
  it.edit(kThree, R"(["cache001.arcus"])");
  it.converge();
  const std::string before = members(it);
  const std::string pid = it.server_pid(1);
  it.edit(R"(["cache001.arcus"])", kThree);
  const ProcessResult plan = it.run({"plan"});
  require_status(plan, 3);
  require_says(plan, "1 cannot spare one; set \"reconfigEnabled\": true");
  const ProcessResult refused = it.run({"apply", "--yes"});
  require_status(refused, 3);
  CHECK(members(it) == before);
  CHECK(it.server_pid(1) == pid);
  CHECK(server_pids(it) == pid);
}

}  // namespace arcform
