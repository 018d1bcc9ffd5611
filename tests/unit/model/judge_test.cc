// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "model/diff.h"
#include "model/node_arguments.h"
#include "tests/support/builders.h"

using namespace arcform;

namespace {

constexpr std::uint32_t kTimeout = 30;

enum class Process { ours, none, forgotten, stranger, host_unknown };
enum class Znode { stands, gone, tree_unknown };
enum class Answer { yes, no, unknown };

/// One node's three witnesses; its process is `age_s` old.
struct Scene {
  Scene(Process process, Znode znode, Answer answer, std::uint64_t age_s) {
    HostFacts facts;
    facts.boot_id = "b";
    facts.uptime_ticks = 1'000'000;
    if (process == Process::ours || process == Process::none) {
      put_process(facts, "node-11211", 100, "memcached", {"memcached", "-p", "11211"}, 11211);
      facts.processes[0].start_ticks = facts.uptime_ticks - age_s * 100;
      facts.slots["node-11211"].identity->start_ticks = facts.processes[0].start_ticks;
    }
    if (process == Process::none) {
      remove_process(facts, "node-11211", 11211);
    }
    if (process == Process::stranger) {
      facts.processes = {{7, 7, "memcached", {"/usr/bin/memcached", "-p", "11211"}}};
      facts.listening = {11211};
    }
    host = process == Process::host_unknown ? Observation<HostFacts>::unknown("timed out")
                                            : Observation<HostFacts>::present(facts);
    if (znode == Znode::stands) {
      put_join(cloud, node, 42);
    }
    reply = answer == Answer::yes  ? Observation<NodeAnswer>::present({"1.15.0"})
            : answer == Answer::no ? Observation<NodeAnswer>::absent()
                                   : Observation<NodeAnswer>::unknown("no channel");
    tree_known = znode != Znode::tree_unknown;
  }
  NodeJudgement judged() const {
    return judge({&host, tree_known ? &cloud : nullptr, &reply}, node, kTimeout);
  }
  const Endpoint node = at("10.0.0.1:11211");
  Observation<HostFacts> host;
  ObservedCloud cloud;
  Observation<NodeAnswer> reply;
  bool tree_known = true;
};

}  // namespace

TEST_CASE("a node is judged by all of its witnesses") {
  using P = Process;
  using Z = Znode;
  using A = Answer;
  const auto [process, znode, answer, age_s, verdict] =
      GENERATE(table<Process, Znode, Answer, int, Verdict>({
          {P::ours, Z::stands, A::yes, 1000, Verdict::up},
          {P::ours, Z::stands, A::no, 1000, Verdict::silent},
          {P::ours, Z::stands, A::unknown, 1000, Verdict::unknown},
          {P::ours, Z::gone, A::yes, 1000, Verdict::paused},
          {P::ours, Z::gone, A::yes, 3, Verdict::paused},
          {P::ours, Z::gone, A::yes, 1, Verdict::starting},
          {P::ours, Z::gone, A::no, 39, Verdict::starting},
          {P::ours, Z::gone, A::no, 40, Verdict::paused},
          {P::ours, Z::gone, A::unknown, 1000, Verdict::unknown},
          {P::ours, Z::tree_unknown, A::yes, 1000, Verdict::unknown},
          {P::none, Z::stands, A::no, 0, Verdict::crashed},
          {P::none, Z::gone, A::no, 0, Verdict::stopped},
          {P::none, Z::gone, A::unknown, 0, Verdict::stopped},
          {P::forgotten, Z::gone, A::no, 0, Verdict::stopped},
          {P::forgotten, Z::stands, A::no, 0, Verdict::crashed},
          {P::stranger, Z::gone, A::yes, 0, Verdict::foreign},
          {P::stranger, Z::stands, A::yes, 0, Verdict::foreign},
          {P::host_unknown, Z::stands, A::yes, 0, Verdict::unknown},
          {P::host_unknown, Z::gone, A::no, 0, Verdict::unknown},
      }));
  const Scene scene(process, znode, answer, static_cast<std::uint64_t>(age_s));
  const NodeJudgement judgement = scene.judged();
  CAPTURE(static_cast<int>(process), static_cast<int>(znode), static_cast<int>(answer), age_s);
  CHECK(std::string(name_of(judgement.verdict)) == name_of(verdict));
  CHECK_FALSE(judgement.why.empty());
  CHECK((judgement.process != nullptr) == (process == P::ours));
}

TEST_CASE("a port that is taken is told with the pid that has it") {
  const Scene scene(Process::stranger, Znode::gone, Answer::yes, 0);
  CHECK(scene.judged().why ==
        "port 11211 is taken by pid 7 (/usr/bin/memcached), which is not ours");
}

TEST_CASE("a persistent child is nobody's life") {
  Scene scene(Process::ours, Znode::stands, Answer::yes, 1000);
  scene.cloud.joined[0].owner = 0;
  CHECK(scene.judged().verdict == Verdict::paused);
}

TEST_CASE("a persistent child beside the ephemeral does not hide it") {
  Scene scene(Process::ours, Znode::stands, Answer::yes, 1000);
  ObservedJoin twin = scene.cloud.joined[0];
  twin.owner = 0;
  twin.name = "10.0.0.1:11211-a";
  scene.cloud.joined.insert(scene.cloud.joined.begin(), twin);
  CHECK(scene.judged().verdict == Verdict::up);
}

TEST_CASE("a host that was never asked says nothing") {
  const NodeJudgement judgement = judge({}, at("10.0.0.1:11211"), kTimeout);
  CHECK(judgement.verdict == Verdict::unknown);
  CHECK(judgement.why == "its host was not asked");
}

TEST_CASE("an ensemble is new when every host was seen, nothing runs and nothing is stored") {
  const DesiredState desired = three_hosts();
  CHECK(ensemble_is_new(desired, bare(desired)));
  CHECK_FALSE(ensemble_is_new(desired, ideal(desired)));
  ObservedState stored = bare(desired);
  host_in(stored, "cache002.arcus").data.has_data = true;
  CHECK_FALSE(ensemble_is_new(desired, stored));
  ObservedState lost = bare(desired);
  lose_host(lost, desired, "cache003.arcus");
  CHECK_FALSE(ensemble_is_new(desired, lost));
  ObservedState taken = bare(desired);
  host_in(taken, "cache001.arcus").listening = {2181};
  CHECK_FALSE(ensemble_is_new(desired, taken));
  const DesiredState external = a_spec().with_hosts(1).with_external("z:2181").build();
  CHECK_FALSE(ensemble_is_new(external, bare(external)));
}
