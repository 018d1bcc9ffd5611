// SPDX-License-Identifier: Apache-2.0
#include "model/zoo_cfg.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"

using namespace arcform;

TEST_CASE("a zoo.cfg names every server with its ports, in quorum mode even for one") {
  const DesiredState desired = a_spec().with_hosts(1).with_ensemble(1).build();
  const auto settings = zoo_settings(zoo_cfg(desired));
  CHECK(settings.at("server.1") == "10.0.0.1:2888:3888;2181");
  CHECK(settings.at("standaloneEnabled") == "false");
  CHECK(settings.at("admin.enableServer") == "false");
  CHECK(settings.at("dataDir") == "/home/arcus/zookeeper");
  CHECK(settings.at("tickTime") == "2000");
}

TEST_CASE("the spec's settings win over the defaults, not over what arcform needs") {
  DesiredState desired = three_hosts();
  desired.ensemble.config = {{"tickTime", "3000"}, {"dataDir", "/tmp"}, {"snapCount", "9"}};
  const auto settings = zoo_settings(zoo_cfg(desired));
  CHECK(settings.at("tickTime") == "3000");
  CHECK(settings.at("snapCount") == "9");
  CHECK(settings.at("dataDir") == "/home/arcus/zookeeper");
}

TEST_CASE("one more node does not restart the ensemble") {
  DesiredState few = a_spec().with_hosts(3).with_ensemble(3).with_cloud("c").with_nodes(1).build();
  DesiredState more = a_spec().with_hosts(3).with_ensemble(3).with_cloud("c").with_nodes(2).build();
  CHECK(zoo_digest(zoo_cfg(few)) == zoo_digest(zoo_cfg(more)));
}

TEST_CASE("settings are what is left without comments, spaces and order") {
  const auto settings = zoo_settings("# a comment\n b = 2 \r\n\na=1\nno equals sign\nc=x=y\n");
  CHECK(settings == std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}, {"c", "x=y"}});
}

TEST_CASE("the digest tells settings apart and nothing else") {
  CHECK(zoo_digest("a=1\nb=2\n") == zoo_digest("# x\nb=2\n\n a = 1"));
  CHECK(zoo_digest("a=1\nb=2\n") != zoo_digest("a=2\nb=1\n"));
  CHECK(zoo_digest("a=1\n") != zoo_digest("a=1\nb=\n"));
  CHECK(zoo_digest("").size() == 16);
}

TEST_CASE("the probe proves the list of members of a server that was started with its file") {
  ObservedSlot slot;
  slot.config = "server.1=10.0.0.1:2888:3888\nserver.2=10.0.0.2:2888:3888\n";
  CHECK(members_started_with(slot).empty());
  slot.digest = zoo_digest(slot.config);
  CHECK(members_started_with(slot) == members_of(slot.config));
  slot.config += "server.3=10.0.0.3:2888:3888\n";  // Edited since.
  CHECK(members_started_with(slot).empty());
  for (const char* changing :
       {"reconfigEnabled=true\n", "dynamicConfigFile=/d/zoo.cfg.dynamic\n"}) {
    CAPTURE(changing);
    ObservedSlot other = slot;
    other.config += changing;
    other.digest = zoo_digest(other.config);
    CHECK(members_started_with(other).empty());
  }
}

TEST_CASE("a server is started with its class path and its configuration") {
  const auto argv = server_arguments("/x/*.jar", "/d/server-1/zoo.cfg");
  CHECK(argv.front() == "java");
  CHECK(argv.back() == "/d/server-1/zoo.cfg");
  CHECK(std::count(argv.begin(), argv.end(), "/x/*.jar") == 1);
}
