// SPDX-License-Identifier: Apache-2.0
// Goal: what is written as a spec reads back as what was meant, and Arcus' own files are read as
// they are. Method: generated drafts, and the samples of arcus.sh.
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <rapidcheck.h>

#include "specs/import_live.h"
#include "specs/ranges.h"
#include "specs/reader.h"
#include "tests/unit/specs/positions.h"

namespace arcform {
namespace {

constexpr const char* kSample = R"({
  "serviceCode": "test-cloud",
  "servers": [
    { "hostname": "cache001.arcus", "ip": "10.0.0.1", "config": { "port": "11211" } },
    { "hostname": "cache002.arcus", "ip": "10.0.0.2",
      "config": { "port": 11212, "threads": "4", "verbose": "1" } } ],
  "config": { "threads": "6", "memlimit": "100", "connections": "1000" } })";

DesiredCloud some_cloud(const DesiredState& desired, int number, std::mt19937& random) {
  const auto below = [&random](unsigned n) { return static_cast<unsigned>(random() % n); };
  DesiredCloud cloud;
  cloud.service_code = fmt::format("cloud-{}", number);
  cloud.package = "arcus";
  cloud.state = below(4) == 0 ? RunState::stopped : RunState::running;
  cloud.protect = below(4) == 0;
  for (std::uint32_t host = 0; host < desired.hosts.size(); ++host) {
    for (unsigned port = 0; port < below(5); ++port) {
      DesiredNode node;
      node.host = host;
      node.endpoint = {*parse_ipv4(desired.hosts[host].address),
                       static_cast<std::uint16_t>(11000U + 100U * static_cast<unsigned>(number) +
                                                  port * (1U + below(2)))};
      node.config.memlimit_mb = below(3) == 0 ? 200 : 100;
      node.config.threads = below(5) == 0 ? 2 : 6;
      node.config.session_timeout_s = below(6) == 0 ? 20 : 30;
      if (cloud.nodes.empty() || cloud.nodes.back().endpoint < node.endpoint) {
        cloud.nodes.push_back(node);
      }
    }
  }
  return cloud;
}

/// A state as an import makes it, from a seed.
SpecDraft some_draft(unsigned seed) {
  std::mt19937 random(seed);
  SpecDraft draft;
  draft.remarks = {"a \"remark\"\nwith */ everything"};
  DesiredState& desired = draft.desired;
  desired.deployment = "seoul";
  const auto hosts = static_cast<unsigned>(1 + random() % 12);
  SshAccess ssh;
  ssh.user = "arcus";
  ssh.identity_files = {"~/.ssh/id \"x\""};
  HostNames names(desired, ssh);
  for (unsigned i = 1; i <= hosts; ++i) {
    const auto kind = static_cast<unsigned>(random() % 4);
    names.add(fmt::format("10.0.0.{}", 7 + i), kind == 0   ? ""
                                               : kind == 1 ? fmt::format("odd{}", random() % 1000)
                                                           : fmt::format("cache{:03}.arcus", i));
  }
  names.finish();
  desired.packages = {DesiredPackage::at_prefix("arcus", "/opt/arcus"),
                      DesiredPackage::at_prefix("zookeeper", "/opt/zookeeper")};
  if (random() % 3 == 0) {
    desired.ensemble.external = "10.0.0.250:2181";
  } else {
    desired.ensemble.package = "zookeeper";
    desired.ensemble.data_directory = "/data/zk";
    desired.ensemble.config = {{"tickTime", "2000"}, {"skipACL", "yes"}};
    const int first = random() % 2 == 0 ? 1 : 5;
    for (unsigned i = 0; i < std::min(hosts, 3U); ++i) {
      desired.ensemble.servers.push_back({desired.hosts[i].name, first + static_cast<int>(i), {}});
    }
  }
  for (int number = 0; number < static_cast<int>(random() % 4); ++number) {
    desired.clouds.push_back(some_cloud(desired, number, random));
    draft.about["cloud " + desired.clouds.back().service_code] = {"a // remark", "and another"};
  }
  return draft;
}

}  // namespace

TEST_CASE("what the writer writes the reader reads") {
  const auto held = rc::check("read(write(d)) == d", [](unsigned seed) {
    const SpecDraft draft = some_draft(seed);
    const std::string text = write_spec(draft);
    const SpecResult read = read_spec(text, "x");
    RC_LOG() << text;
    for (const Diagnostic& diagnostic : read.diagnostics) {
      RC_LOG() << format(diagnostic, "x");
    }
    RC_ASSERT(read.desired.has_value());
    DesiredState meant = without_positions(*read.desired);
    meant.source.clear();
    meant.digest.clear();
    RC_ASSERT(meant == draft.desired);
  });
  CHECK(held);
}

TEST_CASE("names become ranges that expand again") {
  using Names = std::vector<std::string>;
  const auto names =
      GENERATE(Names{"a1", "a2", "a3"}, Names{"c08.x", "c09.x", "c10.x"}, Names{"h9", "h10", "k"},
               Names{"a", "b"}, Names{"n1.z1", "n1.z2"}, Names{"a01", "a2"}, Names{"a99", "a100"});
  Names expanded;
  for (const std::string& range : compress_names(names)) {
    const auto part = expand_range(range);
    REQUIRE(part);
    expanded.insert(expanded.end(), part->begin(), part->end());
  }
  CHECK(expanded == names);
  CHECK(compress_names({"c08.x", "c09.x", "c10.x"}) == Names{"c[08-10].x"});
  CHECK(compress_names({"a", "b"}) == Names{"a", "b"});
}

TEST_CASE("an Arcus file is read as it is") {
  const ArcusResult read = read_arcus_file(kSample);
  REQUIRE(read.file);
  CHECK(read.file->service_code == "test-cloud");
  REQUIRE(read.file->nodes.size() == 2);
  CHECK(read.file->nodes[1].config.at("threads") == "4");
  CHECK(read.file->nodes[1].config.at("memlimit") == "100");
  const auto zookeeper = parse_zookeeper_list("10.0.0.1:2182,cache002.arcus:2182");
  REQUIRE(zookeeper);
  const auto draft = draft_of_file(*read.file, *zookeeper, {});
  REQUIRE(draft);
  const SpecResult spec = read_spec(write_spec(*draft), "x");
  REQUIRE(spec.desired);
  REQUIRE(spec.desired->clouds.size() == 1);
  const auto& nodes = spec.desired->clouds[0].nodes;
  REQUIRE(nodes.size() == 2);
  CHECK(nodes[0].config == NodeConfig{100, 1000, 6, 30});
  CHECK(nodes[1].config == NodeConfig{100, 1000, 4, 30});
  CHECK(nodes[1].endpoint.text() == "10.0.0.2:11212");
  CHECK(spec.desired->ensemble.client_port == 2182);
  CHECK(write_spec(*draft).find("verbose") != std::string::npos);
}

TEST_CASE("what is no Arcus file is told with its place") {
  const auto [text, path] = GENERATE(table<std::string, std::string>({
      {"[]", ""},
      {R"({"servers": []})", "serviceCode"},
      {R"({"serviceCode": "a"})", "servers"},
      {R"({"serviceCode": "a", "servers": [{"ip": "x", "config": {"port": 1}}]})", "servers[0].ip"},
      {R"({"serviceCode": "a", "servers": [{"ip": "10.0.0.1"}]})", "servers[0].config.port"},
  }));
  const ArcusResult read = read_arcus_file(text);
  CHECK_FALSE(read.file);
  REQUIRE(read.problems.size() == 1);
  CHECK(read.problems[0].path == path);
}

TEST_CASE("what was tuned at run time is imported, not what the start line says") {
  const Endpoint node = *Endpoint::parse("10.0.0.1:11211");
  LiveFacts facts;
  facts.zookeeper = {{*parse_ipv4("10.0.0.9"), 2181}};
  facts.clouds = {{"shop", kSample, {"10.0.0.1:11211-cache001.arcus"}, ""}};
  facts.mappings = {{node, {"shop"}, R"({"memlimit": "100"})"}};
  LiveHost& host = facts.hosts["10.0.0.1"];
  ObservedProcess process;
  process.pid = 7;
  process.comm = "memcached";
  process.argv = {"/opt/arcus/bin/memcached",
                  "-E",
                  "/opt/arcus/lib/default_engine.so",
                  "-z",
                  "10.0.0.9:2181",
                  "-p",
                  "11211",
                  "-m",
                  "100",
                  "-c",
                  "1000",
                  "-t",
                  "6"};
  host.facts.emplace();
  host.facts->processes = {process};
  NodeAnswer answer;
  answer.admin = AdminProtocol::config;
  answer.settings.set(NodeSetting::memlimit, 150);
  answer.settings.set(NodeSetting::connections, 2000);
  const auto imported = [&] {
    const SpecResult spec = read_spec(write_spec(draft_of_live(facts, {})), "x");
    REQUIRE(spec.desired);
    REQUIRE(spec.desired->clouds.at(0).nodes.size() == 1);
    return spec.desired->clouds[0].nodes[0].config;
  };
  CHECK(imported() == NodeConfig{100, 1000, 6, 30});  // It was not asked.
  host.nodes[11211] = answer;
  CHECK(imported() == NodeConfig{150, 2000, 6, 30});
  host.nodes[11211].admin = AdminProtocol::cache_memlimit;  // Its connections cannot have changed.
  CHECK(imported() == NodeConfig{150, 1000, 6, 30});
}

TEST_CASE("without hosts ZooKeeper alone says what there is") {
  LiveFacts facts;
  facts.logged_in = false;
  facts.zookeeper = {{*parse_ipv4("10.0.0.9"), 2181}};
  facts.clouds = {{"shop", kSample, {"10.0.0.1:11211-cache001.arcus", "foo"}, ""},
                  {"taken", "", {}, "others"}};
  facts.mappings = {{*Endpoint::parse("10.0.0.1:11211"), {"shop"}, R"({"memlimit": "70"})"},
                    {*Endpoint::parse("10.0.0.2:11212"), {"shop"}, "0"}};
  const std::string text = write_spec(draft_of_live(facts, {}));
  INFO(text);
  const SpecResult spec = read_spec(text, "x");
  REQUIRE(spec.desired);
  CHECK(spec.desired->ensemble.external == "10.0.0.9:2181");
  REQUIRE(spec.desired->clouds.size() == 1);
  CHECK(spec.desired->clouds[0].nodes.size() == 2);
  CHECK(spec.desired->clouds[0].state == RunState::running);
  for (const char* const told : {"belongs to arcform's deployment others", "foo stands in",
                                 "not joined now", "TODO", "Not managed"}) {
    INFO(told);
    CHECK(text.find(told) != std::string::npos);
  }
}

}  // namespace arcform
