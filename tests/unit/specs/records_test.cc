// SPDX-License-Identifier: Apache-2.0
#include "specs/records.h"

#include <catch2/catch.hpp>

namespace arcform {
namespace {

const HostRecord kRecord{"cache1", "10.0.0.1", "ssh", "arcus", 22, "/home/arcus/.arcform/prod"};

TEST_CASE("a host's record is read as it was written") {
  HostRecord record = kRecord;
  SECTION("in full") {}
  SECTION("with what the spec leaves open") {
    record.user = record.directory = "";
  }
  const auto read = read_host(write_host(record));
  REQUIRE(read.has_value());
  CHECK(*read == record);
}

TEST_CASE("a host's record that no spec could have made is none") {
  HostRecord record = kRecord;
  SECTION("name") {
    record.name = "-oProxyCommand=x";
  }
  SECTION("address") {
    record.address = "a;b";
  }
  SECTION("port") {
    record.port = 0;
  }
  SECTION("user: a shell would run it (ProxyCommand with %r)") {
    record.user = "x;touch /tmp/y";
  }
  SECTION("user: an option") {
    record.user = "-l";
  }
  SECTION("directory: not below anything") {
    record.directory = "relative";
  }
  SECTION("directory: upwards") {
    record.directory = "/home/../etc";
  }
  SECTION("directory: quotes") {
    record.directory = "/home/$(x)";
  }
  CHECK_FALSE(read_host(write_host(record)).has_value());
}

}  // namespace
}  // namespace arcform
