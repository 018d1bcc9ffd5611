// SPDX-License-Identifier: Apache-2.0
// What a spec leaves to its watcher, on one host without SSH.
#include "tests/integration/three_hosts/quickstart.h"
#include "tests/integration/watch/watching.h"

namespace arcform {
namespace {

using std::chrono::seconds;

TEST_CASE("watch.heal false and watch.rollout approve leave it to a person") {
  Quickstart it;
  const std::string mandate = R"("watch": { "heal": false, "rollout": "approve" }, )";
  const std::string all = "\"apiVersion\"";
  it.spec = replaced(it.spec, all, mandate + all);
  require_status(it.run({"apply", "--yes"}), 0);
  StartedProcess watch(it.command({"watch", "--log", "text"}));
  must_say(watch, "leading", seconds(20));
  must_say(watch, "observed equals desired", seconds(10));

  step("a node is killed, and stays dead");
  const std::string first = fmt::format("node-{}", it.port);
  const std::string node = fmt::format("start cache node 127.0.0.1:{}", it.port);
  REQUIRE(kill(it.pid_of(first), SIGKILL) == 0);
  must_say(watch, "watch.heal is false in the spec", seconds(10));
  CHECK(it.pid_of(first) == 0);

  step("the spec lets it heal");
  it.spec = replaced(it.spec, "\"heal\": false", "\"heal\": true");
  it.command({});
  must_say(watch, "action done     " + node, seconds(20));
  CHECK(it.pid_of(first) != 0);

  step("one node more, once a person says so");
  it.spec = replaced(it.spec, "\"count\": 2", "\"count\": 3");
  it.command({});
  const std::string ask = "wait for \"arcform approve ";
  must_say(watch, ask, seconds(20));
  const std::string said = watch.out();
  const std::size_t at = said.rfind(ask) + ask.size();
  const std::string hash = said.substr(at, said.find('"', at) - at);
  CHECK(it.run({"approve", "0123456789ab"}).status != 0);
  CHECK(count(watch.out(), "action started  map") == 0);
  require_status(it.run({"approve", hash}), 0);
  // Its start waits for the ring to settle.
  must_say(watch, fmt::format("action done     map 127.0.0.1:{}", it.port + 2), seconds(20));
  const std::string text = stopped(watch);
  CHECK(count(text, "action failed") == 0);
  CHECK(count(text, "action done     start cache node") == 1);
  step("end");
}

}  // namespace
}  // namespace arcform
