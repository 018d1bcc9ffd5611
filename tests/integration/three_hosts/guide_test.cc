// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

constexpr const char* kForeign = "theirs";

void plan_on_bare_hosts(const Deployment& it) {
  step("plan against the bare hosts lists every step with its reason and changes nothing");
  const std::string before = it.traces();
  const ProcessResult plan = it.plan();
  require_status(plan, 0);
  for (int host = 1; host <= 3; ++host) {
    require_says(plan,
                 fmt::format("+ server {}  cache00{}.arcus  configure: no zoo.cfg", host, host));
    require_says(plan, fmt::format("+ server {}  cache00{}.arcus  start: not running", host, host));
    for (const int port : {11211, 11212}) {
      require_says(plan, fmt::format("+ 10.0.0.{}:{}    cache00{}.arcus  start: not running, never "
                                     "started here",
                                     host, port, host));
    }
  }
  require_says(plan, "wait: its servers must agree on a leader");
  require_says(plan, "create: the ensemble has no Arcus tree");
  require_says(plan, "register: new in the spec");
  require_says(plan, "map: no mapping names their cloud yet");
  require_says(plan, "Plan: 3 to configure, 9 to start, 1 to create, 1 to register, 6 to map.");
  require_status(it.run({"plan", "--exit-code"}), 2);

  step("apply without a terminal and without --yes is refused and changes nothing");
  const ProcessResult refused = it.run({"apply"});
  require_status(refused, 3);
  require_says(refused, "--yes");
  CHECK(it.traces() == before);
  for (int host = 1; host <= 3; ++host) {
    CHECK(it.pids(host, "java").empty());
    CHECK(it.pids(host, "memcached").empty());
  }
}

void bring_up(const Deployment& it) {
  step("apply --yes brings it all up");
  const ProcessResult applied = it.apply();
  require_status(applied, 0);
  require_says(applied, "Converged: observed equals desired.");
  for (const char* const progress :
       {"configure ZooKeeper server 2 on cache002.arcus: done in",
        "start ZooKeeper server 3 on cache003.arcus: done in",
        "wait for a leader of 3 ZooKeeper servers: done in", "create the Arcus tree: done in",
        "register cloud test-cloud: done in", "map 6 nodes to cloud test-cloud: done in",
        "start cache node 10.0.0.3:11212 on cache003.arcus: done in"}) {
    require_says(applied, progress);
  }
  fmt::print("           apply from bare: {} ms\n", applied.took.count());
  for (int host = 1; host <= 3; ++host) {
    CHECK(it.lab().exec(host, "cat /home/arcus/zookeeper/myid").out == fmt::format("{}\n", host));
    const std::string config =
        it.lab().exec(host, "cat /home/arcus/.arcform/three-hosts/server-*/zoo.cfg").out;
    CHECK(contains(config, "server.3=10.0.0.3:2888:3888"));
  }
  CHECK(it.leader() != 0);
  CHECK(it.has_znode("/arcus/cache_list/test-cloud"));
  CHECK(it.has_znode("/arcus/client_list/test-cloud"));
  CHECK(it.has_znode("/arcus/cache_server_mapping/10.0.0.2:11212/test-cloud"));
  CHECK(it.joined("test-cloud") == kSixNodes);
}

void nothing_to_do(Deployment& it) {
  step("apply again finds nothing to do, probes each host once, and is fast");
  std::size_t before[4] = {};
  for (int host = 1; host <= 3; ++host) {
    before[host] = it.lab().commands_run(host);
  }
  const std::string traces = it.traces();
  const std::string znodes = it.all_znodes();
  const ProcessResult again = it.apply();
  require_status(again, 0);
  require_says(again, "No changes. Observed equals desired.");
  fmt::print("           apply with nothing to do: {} ms\n", again.took.count());
  CHECK(again.took < std::chrono::seconds(3));
  for (int host = 1; host <= 3; ++host) {
    CHECK(it.lab().commands_run(host) == before[host] + 1);
  }
  CHECK(it.traces() == traces);
  CHECK(it.all_znodes() == znodes);

  step("transport openssh finds nothing to do on the same deployment");
  const std::string spec = it.spec();
  it.edit("\"address\": \"10.0.0.[1-3]\"",
          "\"address\": \"10.0.0.[1-3]\", \"transport\": \"openssh\"");
  const ProcessResult other = it.apply();
  require_status(other, 0);
  require_says(other, "No changes.");
  fmt::print("           the same over openssh: {} ms\n", other.took.count());
  it.set_spec(spec);
}

void status_says_all(const Deployment& it) {
  step("status shows the ensemble, the cloud and each node with one verdict");
  const ProcessResult status = it.status();
  require_status(status, 0);
  const std::string leader = fmt::format("leader cache00{}.arcus", it.leader());
  require_says(status, "ensemble 3/3 serving (" + leader + ")");
  require_says(status, "cloud test-cloud (registered, 0 clients attached, 6 of 6 nodes joined)");
  std::size_t verdicts = 0;
  std::size_t followers = 0;
  for (std::size_t at = 0;
       (at = status.out.find("up: joined and answering", at)) < status.out.size(); ++at) {
    ++verdicts;
  }
  for (std::size_t at = 0; (at = status.out.find("  follower  ", at)) < status.out.size(); ++at) {
    ++followers;
  }
  CHECK(verdicts == 6);
  CHECK(followers == 2);
}

/// Things of somebody else beside ours, and that they are as they were.
struct Foreign {
  std::string memcached;
  std::string node;
  std::string znodes;

  static std::string znodes_of(const Deployment& it) {
    return it.znodes_with(kForeign) + it.zk("ephemerals", "/arcus/cache_list/theirs").out;
  }

  explicit Foreign(const Deployment& it) {
    step("somebody else's memcached, cloud and cache node appear beside ours");
    for (const char* const path : {"/arcus/cache_list/theirs", "/arcus/client_list/theirs",
                                   "/arcus/cache_server_mapping/10.0.0.2:11900",
                                   "/arcus/cache_server_mapping/10.0.0.2:11900/theirs"}) {
      REQUIRE(it.zk("create", path).status == 0);
    }
    const ProcessResult daemons[] = {
        it.lab().exec(1, "/usr/bin/memcached -d -l 10.0.0.1 -p 11900", "arcus"),
        it.lab().exec(
            2,
            "/home/arcus/arcus/bin/memcached -d -E /home/arcus/arcus/lib/default_engine.so "
            "-p 11900 -z 10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181",
            "arcus")};
    for (const ProcessResult& daemon : daemons) {
      require_status(daemon, 0);
    }
    REQUIRE(eventually([&] { return it.joined(kForeign) == "10.0.0.2:11900"; },
                       std::chrono::seconds(10)));
    memcached = it.pids(1, "usr/bin/memcached -d");
    node = it.pids(2, "bin/memcached -d");
    znodes = znodes_of(it);
    REQUIRE_FALSE(memcached.empty());
    REQUIRE_FALSE(node.empty());
  }

  void check_untouched(const Deployment& it) const {
    step("what is somebody else's is as it was");
    CHECK(it.pids(1, "usr/bin/memcached -d") == memcached);
    CHECK(it.pids(2, "bin/memcached -d") == node);
    CHECK(znodes_of(it) == znodes);
  }
};

}  // namespace

TEST_CASE("the deployment of the guide, from bare hosts through edits and faults") {
  Deployment it(4);  // The fourth host stays bare until an edit adds it.
  plan_on_bare_hosts(it);
  bring_up(it);
  nothing_to_do(it);
  status_says_all(it);
  const Foreign foreign(it);
  edits_do_what_they_say(it);
  what_breaks_is_repaired(it);
  foreign.check_untouched(it);
  unreachable_is_unknown(it);
  step("end");
}

}  // namespace arcform
