// SPDX-License-Identifier: Apache-2.0
// Running nodes are tuned without a restart where their server can, and restarted one after the
// other where it cannot, each warm before the next.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

using std::chrono::seconds;

/// One server and two nodes on the first host.
std::string spec_of(const Deployment& it) {
  return fmt::format(R"({{
  "apiVersion": "arcform/v1", "deployment": "three-hosts",
  "ssh": {{ "user": "arcus", "identityFiles": ["{0}/keys/id_ed25519"],
           "knownHosts": "{0}/known_hosts" }},
  "hosts": [{{ "name": "cache001.arcus", "address": "10.0.0.1" }}],
  "packages": {{ "arcus": {{ "installed": "{1}" }},
                "zookeeper": {{ "installed": "/usr/share/zookeeper" }} }},
  "ensemble": {{ "package": "zookeeper", "servers": ["cache001.arcus"],
                "dataDirectory": "/home/arcus/zookeeper" }},
  "clouds": [{{ "serviceCode": "shop", "package": "arcus",
    "config": {{ "memlimit": 64, "connections": 200, "threads": 2, "sessionTimeout": 10 }},
    "nodes": [{{ "host": "cache001.arcus", "port": 11211, "count": 2 }}],
    "rollout": {{ "warm": {{ "hitRatio": 0.5, "timeout": "60s", "onTimeout": "stop" }} }} }}]
}})",
                     it.lab().folder(), Lab::kPrefix);
}

/// Shell text that reads a key of a node again and again, storing it where it is missing.
std::string client_of(int port, int rounds) {
  return fmt::format(
      "n=0; while [ $n -lt {1} ]; do n=$((n + 1)); exec 3<>/dev/tcp/127.0.0.1/{0} || {{ sleep 0.2; "
      "continue; }}; printf 'get k\\r\\nget k\\r\\nget k\\r\\nget k\\r\\nset k 0 0 1\\r\\nx\\r\\n"
      "quit\\r\\n' >&3; cat <&3 >/dev/null; exec 3>&-; sleep 0.1; done",
      port, rounds);
}

}  // namespace

TEST_CASE("nodes are tuned live, or restarted when they are warm again") {
  Deployment it(1);
  it.set_spec(spec_of(it));
  it.converge();
  const std::string first = it.node_pid(1, 11211);
  const std::string second = it.node_pid(1, 11212);
  REQUIRE_FALSE(first.empty());

  step("another memlimit: told to the running nodes, which are not restarted for it");
  it.edit("\"memlimit\": 64", "\"memlimit\": 128");
  const ProcessResult plan = it.plan();
  require_says(plan, "tune: memlimit 64 → 128 MB");
  require_says(plan, "live, nothing lost");
  require_says(plan, "Plan: 2 to tune.");
  const ProcessResult tuned = it.converge();
  CHECK(contains(tuned.out, "tune cache node 10.0.0.1:11211 on cache001.arcus: done"));
  CHECK(it.node_pid(1, 11211) == first);
  CHECK(it.node_pid(1, 11212) == second);
  require_says(it.status(), "restart debt: memlimit 128 MB (started with 64)");
  require_says(it.plan(), "10.0.0.1:11212 on cache001.arcus: memlimit 128 MB (started with 64)");

  step("other connections: stock memcached has to be restarted, and says so");
  require_status(it.lab().exec(1, "bash <<'END'\n" + client_of(11211, 20) + "\nEND"), 0);
  it.edit("\"connections\": 200", "\"connections\": 300");
  require_says(it.plan(), "connections 200 → 300 (this server cannot change it while it runs)");
  StartedProcess apply(it.command({"apply", "--yes"}));
  REQUIRE(apply.await_output("10.0.0.1:11211 warms up: ", seconds(60)));
  CHECK(it.node_pid(1, 11211) != first);
  CHECK(it.node_pid(1, 11212) == second);
  CHECK(it.has_znode("/arcform/three-hosts/rollouts/shop"));
  require_says(it.zk("get", "/arcform/three-hosts/rollouts/shop"), "\"hitRatio\":0.95");
  require_status(it.lab().exec(1, "bash <<'END'\n" + client_of(11211, 50) + "\nEND"), 0);
  const ProcessResult ended = apply.finish(seconds(60));
  require_status(ended, 0);
  CHECK(it.node_pid(1, 11212) != second);
  const ProcessResult status = it.status();
  CHECK_FALSE(contains(status.out, "restart debt"));
  CHECK(it.pids(1, "memcached .*-m 128 .*-p 11212 .*-c 300 ") == it.node_pid(1, 11212));
}

}  // namespace arcform
