// SPDX-License-Identifier: Apache-2.0
// The names a node gives itself and reads from the mapping, without any server.
#include <catch2/catch.hpp>

#include "examples/stock-node/arcus_names.h"

using namespace arcform::stock;

namespace {

const std::string kPath = "/arcus/cache_server_mapping/10.0.0.2:11211";

std::string code_of(const std::string& child) {
  return std::get<std::string>(service_code({child}, kPath));
}

}  // namespace

TEST_CASE("a node is named ip:port-hostname, also with an empty host name") {
  CHECK(NodeName{"10.0.0.2", 11211, "cache2"}.znode() == "10.0.0.2:11211-cache2");
  CHECK(NodeName{"10.0.0.2", 11211, ""}.znode() == "10.0.0.2:11211-");
}

TEST_CASE("mapping keys are tried as ip:port, hostname:port, ip") {
  const NodeName name{"10.0.0.2", 11212, "cache2"};
  CHECK(name.mapping_keys() ==
        std::array<std::string, 3>{"10.0.0.2:11212", "cache2:11212", "10.0.0.2"});
}

TEST_CASE("the mapping child's name is cut at the first caret") {
  CHECK(code_of("test") == "test");
  CHECK(code_of("test^extra^x") == "test");
  CHECK(code_of("test^") == "test");
}

TEST_CASE("an empty first field leaves the whole name, as in the server's splitter") {
  CHECK(code_of("^x") == "^x");
}

TEST_CASE("a service code may have 128 bytes, not 129") {
  const std::string longest(128, 's');
  CHECK(code_of(longest) == longest);
  CHECK(code_of(longest + "^and-more") == longest);
  const Outcome<std::string> refused = service_code({longest + "s"}, kPath);
  CHECK(std::get<Failure>(refused).status == 76);
}

TEST_CASE("none or several mapping children are refused with the server's text") {
  const Failure none = std::get<Failure>(service_code({}, kPath));
  CHECK(none.status == 76);
  CHECK(none.text == "The server mapping exists but has 0(!= 1) mapping znodes. zpath=" + kPath);
  const Failure two = std::get<Failure>(service_code({"a", "b"}, kPath));
  CHECK(two.text == "The server mapping exists but has 2(!= 1) mapping znodes. zpath=" + kPath);
}

TEST_CASE("a -z list is split at commas, its members at the first colon") {
  CHECK(split_ensemble("10.0.0.1:2181,zk2:2182") ==
        std::vector<EnsembleMember>{{"10.0.0.1", "2181"}, {"zk2", "2182"}});
  CHECK(split_ensemble("zk1") == std::vector<EnsembleMember>{{"zk1", ""}});
  CHECK(split_ensemble(",zk1:1,,") == std::vector<EnsembleMember>{{"zk1", "1"}});
  CHECK(split_ensemble("").empty());
}

TEST_CASE("the znode's data is the memory limit in MB") {
  CHECK(znode_data(100) == "100MB");
}
