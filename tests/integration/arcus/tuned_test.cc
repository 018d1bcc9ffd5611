// SPDX-License-Identifier: Apache-2.0
// A running Arcus server is tuned by its admin protocol, and ends by its own command.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/arcus/prefix.h"

namespace arcform {
namespace {

/// One server and two nodes on the first host.
std::string one_host_spec(const Deployment& it) {
  return fmt::format(R"({{
  "apiVersion": "arcform/v1", "deployment": "tuned",
  "ssh": {{ "user": "arcus", "identityFiles": ["{0}/keys/id_ed25519"],
           "knownHosts": "{0}/known_hosts" }},
  "hosts": [{{ "name": "cache001.arcus", "address": "10.0.0.1" }}],
  "packages": {{ "arcus": {{ "installed": "{1}" }},
                "zookeeper": {{ "installed": "/usr/share/zookeeper" }} }},
  "ensemble": {{ "package": "zookeeper", "servers": ["cache001.arcus"],
                "dataDirectory": "/home/arcus/zookeeper" }},
  "clouds": [{{ "serviceCode": "shop", "package": "arcus",
    "config": {{ "memlimit": 64, "connections": 200, "threads": 2, "sessionTimeout": 10 }},
    "nodes": [{{ "host": "cache001.arcus", "port": 11211, "count": 2 }}], "state": "running" }}]
}})",
                     it.lab().folder(), kArcus);
}

void told_live(Deployment& it, const std::string& first, const std::string& second) {
  step("memlimit and connections: told to the running nodes, which go on");
  it.edit("\"memlimit\": 64", "\"memlimit\": 128");
  it.edit("\"connections\": 200", "\"connections\": 3000");
  const ProcessResult plan = it.plan();
  require_says(plan, "tune: memlimit 64 → 128 MB, connections 200 → 3000");
  require_says(plan, "live, nothing lost");
  require_says(plan, "Plan: 2 to tune.");
  it.converge();
  CHECK(it.node_pid(1, 11211) == first);
  CHECK(it.node_pid(1, 11212) == second);
  const std::string settings = told(it, 1, 11212, "stats settings");
  CHECK(contains(settings, "STAT maxbytes 134217728\r"));
  CHECK(contains(settings, "STAT maxconns 3000\r"));
  require_says(it.status(),
               "memlimit 128 MB (started with 64), connections 3000 (started with 200)");
}

void refused(Deployment& it, const std::string& second) {
  step("less memory than is in use: that node is restarted, the other is told");
  const std::string fill =
      "exec 3<>/dev/tcp/127.0.0.1/11211; v=$(head -c 900000 /dev/zero | tr '\\0' x); "
      "for i in $(seq 40); do printf 'set k%s 0 0 900000\\r\\n%s\\r\\n' $i $v >&3; read -r _ <&3; "
      "done";
  require_status(it.lab().exec(1, "bash <<'END'\n" + fill + "\nEND"), 0);
  it.edit("\"memlimit\": 128", "\"memlimit\": 20");
  const ProcessResult plan = it.plan();
  require_says(plan, "MB are in use, and a server gives no memory back while it runs");
  require_says(plan, "Plan: 1 to tune, 1 to restart.");
  it.converge();
  CHECK(it.node_pid(1, 11212) == second);
  CHECK(contains(told(it, 1, 11211, "stats settings"), "STAT maxbytes 20971520\r"));

  step("fewer connections than there are: the node refuses, and that is said");
  const std::string crowd =
      "(for i in $(seq 10 70); do eval \"exec $i<>/dev/tcp/127.0.0.1/11212\"; done; touch /tmp/in; "
      "while [ -e /tmp/in ]; do sleep 0.1; done) >/dev/null 2>&1 </dev/null &\n"
      "until [ -e /tmp/in ]; do sleep 0.05; done";
  require_status(it.lab().exec(1, "bash <<'END'\n" + crowd + "\nEND"), 0);
  it.edit("\"connections\": 3000", "\"connections\": 30");
  const ProcessResult applied = it.apply();
  require_status(applied, 5);
  require_says(applied,
               "10.0.0.1:11212 refused \"config maxconns 30\": CLIENT_ERROR the value is "
               "out of range; it must leave room for the clients that are connected");
  const std::string gone =
      "rm /tmp/in; for i in $(seq 100); do exec 3<>/dev/tcp/127.0.0.1/11212; "
      "printf 'stats\\r\\nquit\\r\\n' >&3; grep -q 'curr_connections 1\\?[0-9][^0-9]' <&3 && exit "
      "0; "
      "sleep 0.05; done; exit 1";
  require_status(it.lab().exec(1, "bash <<'END'\n" + gone + "\nEND"), 0);
  it.converge();
}

}  // namespace

TEST_CASE("a running Arcus server is tuned and stopped by its own commands") {
  Deployment it(1);
  install_arcus(it, 1);
  it.set_spec(one_host_spec(it));
  it.converge();
  const std::string second = it.node_pid(1, 11212);
  REQUIRE_FALSE(second.empty());
  told_live(it, it.node_pid(1, 11211), second);
  refused(it, second);

  step("a node that is removed ends by `shutdown`");
  it.edit("\"count\": 2", "\"count\": 1");
  it.converge("shop");
  CHECK(it.node_pid(1, 11212).empty());
  if (is_real()) {
    return;
  }
  CHECK(contains(ends(it, 1), "11212 shutdown\n"));
  step("one that does not listen to that gets SIGTERM");
  require_status(it.lab().exec(1, fmt::format("echo shutdown >{}/var/11211.deaf", kArcus)), 0);
  it.edit("\"count\": 1 }], \"state\": \"running\"", "\"count\": 1 }], \"state\": \"stopped\"");
  it.converge();
  CHECK(contains(ends(it, 1), "11211 SIGTERM\n"));
  step("end");
}

}  // namespace arcform
