// SPDX-License-Identifier: Apache-2.0
#include "model/observed.h"

#include <catch2/catch.hpp>

using namespace arcform;

namespace {

HostFacts host_with_process() {
  HostFacts facts;
  facts.boot_id = "boot-a";
  facts.processes = {{100, 5000, "memcached", {"memcached"}}};
  facts.listening = {22, 11211};
  facts.slots["node-11211"] = {"node-11211", ProcessIdentity{"boot-a", 100, 5000}, "", ""};
  return facts;
}

}  // namespace

TEST_CASE("a slot's process is the one of its boot, pid and start time") {
  HostFacts facts = host_with_process();
  REQUIRE(facts.slot("node-11211") != nullptr);
  const ObservedProcess* const process = facts.process_of(*facts.slot("node-11211"));
  REQUIRE(process != nullptr);
  CHECK(process->pid == 100);
}

TEST_CASE("another process with the same pid is not the slot's") {
  HostFacts facts = host_with_process();
  facts.processes[0].start_ticks = 5001;
  CHECK(facts.process_of(*facts.slot("node-11211")) == nullptr);
}

TEST_CASE("after a reboot no process is the slot's, even with the same pid and start time") {
  HostFacts facts = host_with_process();
  facts.boot_id = "boot-b";
  CHECK(facts.process_of(*facts.slot("node-11211")) == nullptr);
}

TEST_CASE("a slot that never started anything has no process") {
  HostFacts facts = host_with_process();
  facts.slots["node-11211"].identity.reset();
  CHECK(facts.process_of(*facts.slot("node-11211")) == nullptr);
  CHECK(facts.slot("node-11212") == nullptr);
}

TEST_CASE("ports are listened on or not") {
  const HostFacts facts = host_with_process();
  CHECK(facts.is_listening(11211));
  CHECK_FALSE(facts.is_listening(11212));
}

TEST_CASE("unknown, absent and present are three different things") {
  const auto unknown = Observation<int>::unknown("refused");
  const auto absent = Observation<int>::absent();
  const auto present = Observation<int>::present(1);
  CHECK(unknown.is_unknown());
  CHECK(unknown.why() == "refused");
  CHECK(absent.is_absent());
  CHECK(present.is_present());
  CHECK(present.value() == 1);
  CHECK((unknown.get() == nullptr && absent.get() == nullptr && *present.get() == 1));
  CHECK_FALSE(unknown == absent);
  CHECK(Observation<int>().is_unknown());
}

TEST_CASE("a host that is unknown, or was never asked, has no facts") {
  ObservedState observed;
  observed.hosts["a"] = Observation<HostFacts>::unknown("refused");
  observed.hosts["b"] = Observation<HostFacts>::present({});
  CHECK(observed.host("a") == nullptr);
  CHECK(observed.host("b") != nullptr);
  CHECK(observed.host("c") == nullptr);
}

TEST_CASE("slots are named by port and server id") {
  CHECK(node_slot(11211) == "node-11211");
  CHECK(server_slot(3) == "server-3");
}
