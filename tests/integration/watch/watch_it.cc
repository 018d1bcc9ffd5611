// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/three_hosts/deployment.h"
#include "tests/integration/watch/watching.h"

namespace arcform {
namespace {

using std::chrono::seconds;

/// Makes the spec file say what the deployment says by now.
void save(const Deployment& it) {
  static_cast<void>(it.command({"plan"}));
}

void kill_node(const Deployment& it, int host, int port) {
  const std::string pid = it.node_pid(host, port);
  REQUIRE_FALSE(pid.empty());
  REQUIRE(it.lab().exec(host, "kill -9 " + pid).status == 0);
}

/// Logins on the host with a key of this kind, as its sshd tells.
std::size_t logins(const Deployment& it, int host, const std::string& kind) {
  std::ifstream log(it.lab().folder() + "/hosts/" + Lab::host(host) + "/etc/sshd.log");
  std::ostringstream text;
  text << log.rdbuf();
  return count(text.str(), "ssh2: " + kind);
}

TEST_CASE("a dead node is healed, a changed spec rolls out, SIGTERM leaves nothing behind") {
  Deployment it(3);
  it.converge();
  StartedProcess watch(it.command({"watch", "--log", "text"}));
  must_say(watch, "leading", seconds(20));

  step("a node is killed");
  kill_node(it, 2, 11211);
  must_say(watch, "action done     start cache node 10.0.0.2:11211", seconds(10));
  CHECK(it.joined("test-cloud") ==
        "10.0.0.1:11211 10.0.0.1:11212 10.0.0.2:11211 10.0.0.2:11212 10.0.0.3:11211 "
        "10.0.0.3:11212");

  step("an invalid spec, then a good one");
  const std::string good = it.spec();
  it.set_spec("{");
  save(it);
  must_say(watch, "spec refused", seconds(10));
  it.set_spec(good);
  it.edit("{ \"host\": \"cache003.arcus\", \"count\": 2,",
          "{ \"host\": \"cache003.arcus\", \"count\": 3,");
  save(it);
  must_say(watch, "action done     start cache node 10.0.0.3:11213", seconds(25));

  step("a pause");
  require_status(it.run({"pause", "host:cache001.arcus", "--for", "1h", "--reason", "new disks"}),
                 0);
  require_says(it.status(), "new disks");
  kill_node(it, 1, 11211);
  must_say(watch, "10.0.0.1:11211 on cache001.arcus has ended", seconds(10));
  require_says(it.plan(), "paused until");
  require_status(it.run({"resume", "host:cache001.arcus"}), 0);
  must_say(watch, "action done     start cache node 10.0.0.1:11211", seconds(10));

  step("another key for the hosts, without a new start");
  CHECK(logins(it, 3, "ECDSA") == 0);
  it.edit("keys/id_ed25519", "keys/id_ecdsa");
  save(it);
  REQUIRE(eventually([&it] { return logins(it, 3, "ECDSA") == 1; }, seconds(10)));
  kill_node(it, 3, 11212);
  must_say(watch, "10.0.0.3:11212 on cache003.arcus has ended", seconds(5));
  must_say(watch, "action done     start cache node 10.0.0.3:11212", seconds(10));
  CHECK(logins(it, 3, "ECDSA") == 1);

  step("SIGTERM");
  CHECK(count(stopped(watch), "action failed") == 0);
  CHECK_FALSE(it.has_znode("/arcform/three-hosts/lock"));
  CHECK_FALSE(contains(it.zk("tree", "/arcform/three-hosts").out, "/controllers/"));
}

TEST_CASE("a leader that is frozen in a rollout can do nothing when it goes on") {
  Deployment it(3);
  it.converge();
  StartedProcess first(it.command({"watch", "--log", "text"}));
  must_say(first, "leading", seconds(20));
  StartedProcess second(it.command({"watch", "--log", "text"}));
  must_say(second, "standby", seconds(20));
  StartedProcess third(it.command({"watch", "--log", "text"}));
  must_say(third, "standby", seconds(20));

  step("the leader stops in the middle of a rollout");
  it.edit("{ \"host\": \"cache003.arcus\", \"count\": 2,",
          "{ \"host\": \"cache003.arcus\", \"count\": 4,");
  save(it);
  must_say(first, "action done     start cache node 10.0.0.3:11213", seconds(25));
  first.signal(SIGSTOP);
  kill_node(it, 2, 11211);

  step("the other takes over, heals and goes on with the rollout");
  must_say(second, "leading", seconds(25));
  must_say(second, "action done     start cache node 10.0.0.2:11211", seconds(10));
  must_say(second, "action done     start cache node 10.0.0.3:11214", seconds(25));

  step("the first goes on");
  first.signal(SIGCONT);
  must_say(first, "standby", seconds(20));
  const std::string said = stopped(first);
  INFO(said);
  // The mappings and one node: nothing after it was stopped.
  CHECK(count(said, "action done") == 2);
  CHECK(count(said, "action started") == 2);
  stopped(second);
  const std::string waited = stopped(third);
  CHECK(count(waited, "action started") == 0);
  require_says(it.plan(), "No changes.");
}

}  // namespace
}  // namespace arcform
