// SPDX-License-Identifier: Apache-2.0
#include "model/action.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"

using namespace arcform;

TEST_CASE("every kind of action says what it does, to what, at which cost") {
  const Endpoint node = at("10.0.0.1:11211");
  const StopServer stop_server{"h", 2, {}};
  const StartServer start_server{"h", 2, 2181, {}, ""};
  const StartNode start{"h", node, "c", {}, 0, {}, {}};
  const StopNode stop{"h", node, "c", {}, false};
  const MapNodes map{"c", {{node, {}, {}}, {node, {}, {}}}, {}};
  using Row = std::tuple<Action, std::string, std::string, std::string, Disruption>;
  const std::vector<Row> rows{
      {InstallPackage{"h", "p", "/f/p-0123456789ab", ""}, "+", "p-0123456789ab",
       "install package p on h", Disruption::none},
      {RemoveRelease{"h", "p", "/f", "p-0123456789ab"}, "-", "p-0123456789ab",
       "remove release p-0123456789ab from h", Disruption::none},
      {ConfigureServer{"h", 2, "", ""}, "+", "server 2", "configure ZooKeeper server 2 on h",
       Disruption::none},
      {start_server, "+", "server 2", "start ZooKeeper server 2 on h", Disruption::none},
      {stop_server, "-", "server 2", "stop ZooKeeper server 2 on h", Disruption::none},
      {RestartServer{stop_server, start_server, false}, "±", "server 2",
       "restart ZooKeeper server 2 on h", Disruption::none},
      {AwaitQuorum{{1, 2}}, "·", "ensemble", "wait for a leader of 2 ZooKeeper servers",
       Disruption::none},
      {CreateTree{}, "+", "tree", "create the Arcus tree", Disruption::none},
      {RegisterCloud{"c", {}}, "+", "cloud c", "register cloud c", Disruption::none},
      {map, "+", "cloud c", "map 2 nodes to cloud c", Disruption::none},
      {UnmapNodes{"c", {node}, {}}, "-", "cloud c", "unmap 10.0.0.1:11211 from cloud c",
       Disruption::none},
      {start, "+", "10.0.0.1:11211", "start cache node 10.0.0.1:11211 on h",
       Disruption::keys_remapped},
      {stop, "-", "10.0.0.1:11211", "stop cache node 10.0.0.1:11211 on h",
       Disruption::keys_remapped},
      {RestartNode{false, stop, {}, start}, "±", "10.0.0.1:11211",
       "restart cache node 10.0.0.1:11211 on h", Disruption::cache_loss},
      {ForgetNode{"h", node, "c", {}, {}}, "-", "10.0.0.1:11211",
       "forget cache node 10.0.0.1:11211 on h", Disruption::none},
      {UnregisterCloud{"c"}, "-", "cloud c", "unregister cloud c", Disruption::cloud_gone},
      {TuneNode{"h", node, "c", ProcessIdentity{}, AdminProtocol::config, {}}, "~",
       "10.0.0.1:11211", "tune cache node 10.0.0.1:11211 on h", Disruption::none},
      {ReconfigureEnsemble{4, "h", "line", {}, {}, {}}, "+", "server 4",
       "let ZooKeeper server 4 on h join the ensemble", Disruption::none},
      {RetireServer{stop_server, {}, {}}, "-", "server 2", "retire ZooKeeper server 2 on h",
       Disruption::none},
      {SetDataAside{"h", 2, {}}, "-", "server 2", "set aside the data of ZooKeeper server 2 on h",
       Disruption::none},
      {AdoptServer{"h", 2, {}, "", ""}, "=", "server 2", "adopt ZooKeeper server 2 on h",
       Disruption::none},
      {AdoptCloud{"c", {}, {}}, "=", "cloud c", "adopt cloud c", Disruption::none},
      {AdoptNode{"h", node, "c", {}}, "=", "10.0.0.1:11211", "adopt cache node 10.0.0.1:11211 on h",
       Disruption::none}};
  CHECK(describe(ReconfigureEnsemble{4, "", "", {}, {}, {}}) ==
        "take ZooKeeper server 4 out of the ensemble");
  CHECK(rows.size() == std::variant_size_v<Action>);
  for (const auto& [action, sign, about, line, cost] : rows) {
    CHECK(symbol(action) == sign);
    CHECK(subject(action) == about);
    CHECK(describe(action) == line);
    CHECK(disruption(action) == cost);
  }
}

TEST_CASE("an action belongs to a host, a cloud, both or the ensemble") {
  const StartNode start{"h", at("10.0.0.1:11211"), "c", {}, 0, {}, {}};
  CHECK(host_of(start) == "h");
  CHECK(cloud_of(start) == "c");
  CHECK(host_of(RegisterCloud{"c", {}}) == "");
  CHECK(cloud_of(RegisterCloud{"c", {}}) == "c");
  CHECK(host_of(CreateTree{}) == "");
  CHECK(cloud_of(CreateTree{}) == "");
  CHECK(host_of(ConfigureServer{"h", 1, "", ""}) == "h");
}
