// SPDX-License-Identifier: Apache-2.0
// A person applies another file than the one that is watched; on one host without SSH.
#include "tests/integration/three_hosts/quickstart.h"
#include "tests/integration/watch/watching.h"

namespace arcform {
namespace {

using std::chrono::seconds;

TEST_CASE("watch does not drive another applied file back, until a person approves that") {
  Quickstart it;
  require_status(it.run({"apply", "--yes"}), 0);
  StartedProcess watch(it.command({"watch", "--log", "text", "--listen", "none"}));
  must_say(watch, "leading", seconds(20));
  must_say(watch, "observed equals desired", seconds(10));

  step("another file is applied, with more memory for the nodes");
  const std::string theirs = it.folder + "/theirs.json";
  std::ofstream(theirs) << replaced(it.spec, "\"memlimit\": 64", "\"memlimit\": 96");
  require_status(run_process({ARCFORM_BINARY, "apply", "--yes", theirs}), 0);
  must_say(watch, "alarm           another spec than this controller's was applied: revision 2",
           seconds(10));
  const std::string ask = "wait for \"arcform approve ";
  must_say(watch, ask, seconds(10));
  const std::string said = watch.out();
  CHECK(said.find(fmt::format(" pid ")) != std::string::npos);
  CHECK(count(said, "action started") == 0);
  CHECK(run_process({ARCFORM_BINARY, "plan", theirs}).status == 0);

  step("a person approves the watched file all the same");
  const std::size_t at = said.rfind(ask) + ask.size();
  const std::string hash = said.substr(at, said.find('"', at) - at);
  require_status(it.run({"approve", hash}), 0);
  must_say(watch, fmt::format("action done     tune cache node 127.0.0.1:{}", it.port),
           seconds(20));
  const std::string text = stopped(watch);
  CHECK(count(text, "action failed") == 0);
  CHECK(count(text, "  alarm  ") == 1);
  step("end");
}

}  // namespace
}  // namespace arcform
