// SPDX-License-Identifier: Apache-2.0
// Goal: the examples are correct specs, and say what their guides say.
#include <catch2/catch.hpp>

#include "tests/support/text_file.h"
#include "tests/unit/specs/spec_text.h"

namespace arcform {
namespace {

std::string example(const std::string& name) {
  return content_of(std::string(ARCFORM_SOURCE_DIRECTORY) + "/examples/" + name);
}

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
    text.replace(at, word.size(), by);
  }
  return text;
}

}  // namespace

TEST_CASE("three-hosts.json: three hosts, three servers, a cloud of six nodes") {
  const std::string text = example("three-hosts.json");
  CHECK(said_about(text) == "");
  const SpecResult result = read_spec(text, "three-hosts.json");
  REQUIRE(result.desired);
  CHECK(connect_string(*result.desired) == "10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181");
  const DesiredCloud* const cloud = result.desired->cloud("test-cloud");
  REQUIRE(cloud != nullptr);
  std::string nodes;
  for (const DesiredNode& node : cloud->nodes) {
    nodes += node.endpoint.text() + "/" + std::to_string(node.config.threads) + " ";
  }
  CHECK(nodes ==
        "10.0.0.1:11211/6 10.0.0.1:11212/6 10.0.0.2:11211/4 10.0.0.2:11212/4 10.0.0.3:11211/6 "
        "10.0.0.3:11212/6 ");
}

TEST_CASE("archives.json: two packages out of archives") {
  const std::string text = example("archives.json");
  CHECK(said_about(text) == "");
  const SpecResult result = read_spec(text, "archives.json");
  REQUIRE(result.desired);
  CHECK(result.desired->package("arcus")->archive == "arcus.tar.gz");
  CHECK(result.desired->cloud("test-cloud")->nodes.size() == 6);
}

TEST_CASE("quickstart.json: one host, one server, two nodes, in one folder") {
  const std::string text =
      replaced(replaced(example("quickstart.json"), "@FOLDER@", "/tmp/q"), "@ARCUS@", "/opt/arcus");
  CHECK(said_about(text) == "");
  const SpecResult result = read_spec(text, "quickstart.json");
  REQUIRE(result.desired);
  CHECK(connect_string(*result.desired) == "127.0.0.1:2181");
  CHECK(result.desired->hosts[0].ssh.directory == "/tmp/q/arcform");
  CHECK(result.desired->hosts[0].transport == Transport::local);
  CHECK(result.desired->ensemble.data_directory == "/tmp/q/zookeeper");
  CHECK(result.desired->cloud("quickstart")->nodes.size() == 2);
}

}  // namespace arcform
