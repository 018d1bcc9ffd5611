// SPDX-License-Identifier: Apache-2.0
// ping, status of one cloud, status -z, status --watch, and --only: the real binary, real servers.
#include <csignal>

#include <catch2/catch.hpp>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

using std::chrono::seconds;

constexpr const char* kSecondCloud = R"("clouds": [
    {
      "serviceCode": "second", "package": "arcus", "config": { "sessionTimeout": 10 },
      "nodes": [{ "host": "cache001.arcus", "port": 12000 }],
    },)";

/// arcform without the spec at the end.
ProcessResult bare(const Deployment& it, std::vector<std::string> words) {
  words.insert(words.begin(), ARCFORM_BINARY);
  return it.lab().run(words);
}

void only(Deployment& it) {
  step("--only: one cloud of two is brought up, with the ensemble that it needs");
  it.edit(R"("clouds": [)", kSecondCloud);
  const ProcessResult wrong = it.run({"apply", "--yes", "--only", "cloud:secnd"});
  require_status(wrong, 4);
  require_says(wrong, "did you mean cloud:second?");
  const ProcessResult first = it.run({"apply", "--yes", "--only", "cloud:second"});
  require_status(first, 0);
  require_says(first, "Done: what --only selects is as desired. 13 changes hidden by --only.");
  CHECK(it.joined("second") == "10.0.0.1:12000");
  CHECK_FALSE(it.has_znode("/arcus/cache_list/test-cloud"));
  CHECK(it.node_pid(2, 11211).empty());
  const ProcessResult again = it.run({"plan", "--exit-code", "--only", "cloud:second"});
  require_status(again, 0);
  require_says(again, "No changes are selected. 13 changes hidden by --only.");
  it.converge();
}

void ping(const Deployment& it) {
  step("ping: everything answers, and nobody was dropped at a bare port 22");
  const ProcessResult well = it.run({"ping"});
  require_status(well, 0);
  require_says(well, "everything answers: 3 of 3 hosts, 3 of 3 servers, 7 of 7 nodes answered");
  require_says(well, "version ms");
  const ProcessResult log = run_process({"grep", "-c", "kex_exchange_identification",
                                         it.lab().folder() + "/hosts/cache001.arcus/etc/sshd.log"});
  CHECK(log.out == "0\n");

  step("ping: a node that is gone, then a host");
  require_status(it.lab().exec(2, "kill -9 " + it.node_pid(2, 11211)), 0);
  const ProcessResult node = it.run({"ping"});
  require_status(node, 5);
  require_says(node, "6 of 7 nodes");
  require_says(node, "x silent");
}

void status(const Deployment& it) {
  step("status of one cloud, and of none that there is");
  const ProcessResult one = it.run({"status", "second"});
  require_status(one, 0);
  require_says(one, "cloud second (registered, 0 clients attached, 1 of 1 node joined)");
  CHECK_FALSE(contains(one.out, "cloud test-cloud"));
  const ProcessResult none = it.run({"status", "test-cluod"});
  require_status(none, 4);
  require_says(none, "did you mean \"test-cloud\"?");

  step("status -z: no spec, only what ZooKeeper says");
  const ProcessResult view = bare(it, {"status", "-z", kServers});
  require_status(view, 0);
  require_says(view, "2 clouds registered");
  require_says(view, "leader");
  require_says(view, "cloud second (registered, 1 mapped, 1 joined, 0 clients attached)");
  const ProcessResult part = bare(it, {"status", "-z", "cache001.arcus,10.0.0.9:1", "second"});
  require_status(part, 9);
  CHECK_FALSE(contains(part.out, "cloud test-cloud"));
  require_status(bare(it, {"status", "-z", "what?"}), 4);
}

void watch(const Deployment& it) {
  step("status --watch without a terminal: one after the other, each under the time");
  StartedProcess plain(it.command({"status", "--watch", "1"}));
  REQUIRE(plain.await_output("Z\nthree-hosts: ", seconds(20)));
  REQUIRE(plain.await_output("joined and answering\n\n20", seconds(20)));
  plain.signal(SIGINT);
  const ProcessResult ended = plain.finish(seconds(10));
  require_status(ended, 130);
  CHECK_FALSE(contains(ended.out, "\x1b"));

  step("status --watch on a terminal: in place, and the terminal is given back");
  StartedProcess drawn(it.command({"status", "--watch=1", "second"}),
                       StartedProcess::Input::terminal);
  REQUIRE(drawn.await_output("\x1b[?1049h\x1b[?25l", seconds(20)));
  REQUIRE(drawn.await_output("every 1 s", seconds(20)));
  drawn.signal(SIGINT);
  const ProcessResult left = drawn.finish(seconds(10));
  require_status(left, 130);
  const std::size_t back = left.out.find("\x1b[?25h\x1b[?1049l");
  REQUIRE(back != std::string::npos);
  CHECK(contains(left.out.substr(back), "cloud second (registered"));
}

}  // namespace

TEST_CASE("commands that look, and an apply that is narrowed") {
  Deployment it(3);
  only(it);
  ping(it);
  status(it);
  watch(it);
  step("end");
}

}  // namespace arcform
