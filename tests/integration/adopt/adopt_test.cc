// SPDX-License-Identifier: Apache-2.0
// A deployment by arcus.sh on real servers: import live, a plan without changes, an apply that
// takes it over and restarts nothing, and edits of what was taken over.
#include <algorithm>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "specs/arcus_file.h"
#include "tests/integration/adopt/arcus_deployment.h"

namespace arcform {
namespace {

using Words = std::vector<std::string>;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string replaced(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  INFO("replace: " << from << "\nin: " << text);
  REQUIRE(at != std::string::npos);
  return text.substr(0, at) + to + text.substr(at + from.size());
}

void require(const ProcessResult& result, int status, const Words& says) {
  INFO("exit status " << result.status << "\n" << result.out << result.err);
  REQUIRE(result.status == status);
  for (const std::string& words : says) {
    INFO("looked for: " << words);
    REQUIRE(contains(result.out + result.err, words));
  }
}

std::size_t lines_in_both(const std::string& before, const std::string& after) {
  std::istringstream lines(before);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    count += contains("\n" + after, "\n" + line + "\n") ? 1U : 0U;
  }
  return count;
}

void import_live(const ArcusDeployment& it) {
  Words words{"import", "live", "-z", ArcusDeployment::kServers, "-o", it.file("spec.json")};
  const Words access = it.access();
  words.insert(words.end(), access.begin(), access.end());
  require(it.arcform(words), 0, {"3 hosts, 1 cloud, 6 cache nodes"});
  require(it.arcform(words), 3, {"is there already", "--force"});
  require(it.arcform({"validate", it.file("spec.json")}), 0, {"valid"});
  const std::string spec = it.read("spec.json");
  INFO(spec);
  CHECK_FALSE(contains(spec, "TODO"));
  CHECK(contains(spec, R"({ "name": "cache[001-003].arcus", "address": "10.0.0.[1-3]" })"));
  CHECK(contains(spec, R"("servers": ["cache[001-003].arcus"])"));
  CHECK(contains(spec, R"({ "host": "cache[001-003].arcus", "port": 11211, "count": 2 })"));
}

/// Sets the memory limit of a node while it runs.
void tune(const ArcusDeployment& it, int megabytes) {
  const std::string script = fmt::format(
      "bash <<'END'\nexec 3<>/dev/tcp/127.0.0.1/11211\n"
      "printf 'cache_memlimit {}\\r\\n' >&3; head -n 1 <&3\nEND",
      megabytes);
  const ProcessResult told = it.lab().exec(1, script);
  require(told, 0, {"OK"});
}

/// What runs is imported, not what it was started with.
void import_tuned(const ArcusDeployment& it) {
  tune(it, 120);
  Words words{"import", "live", "-z", ArcusDeployment::kServers, "-o", it.file("tuned.json")};
  const Words access = it.access();
  words.insert(words.end(), access.begin(), access.end());
  require(it.arcform(words), 0, {"6 cache nodes"});
  CHECK(contains(it.read("tuned.json"), R"("memlimit": 120)"));
  require(it.arcform({"plan", "--exit-code", it.file("tuned.json")}), 0,
          {"No changes.", "memlimit 120 MB (started with 100)"});
  tune(it, 100);
}

/// Nobody but the spec's own nodes may be in a cloud that is taken over.
void refuses_unlisted(const ArcusDeployment& it) {
  it.write("less.json", replaced(it.read("spec.json"), R"("host": "cache[001-003].arcus", "port")",
                                 R"("host": "cache[001-002].arcus", "port")"));
  const Words named{"does not list 2 of its nodes: 10.0.0.3:11211, 10.0.0.3:11212",
                    "--adopt test-cloud --allow-removal test-cloud"};
  require(it.arcform({"plan", it.file("less.json")}), 3, named);
  require(it.arcform({"plan", "--adopt", "test-cloud", it.file("less.json")}), 3, named);
  const ProcessResult asked = it.arcform(
      {"plan", "--adopt", "test-cloud", "--allow-removal", "test-cloud", it.file("less.json")});
  require(asked, 0, {"stop", "10.0.0.3:11212", "unmap"});
}

void adopts(const ArcusDeployment& it) {
  const std::string before = it.processes();
  const std::string joined = it.joined();
  require(it.arcform({"status", it.file("spec.json")}), 0,
          {"runs as the spec says, not adopted yet: 3 servers, cloud test-cloud, 6 nodes",
           "up: joined and answering; in the spec, not adopted yet"});
  const std::string document = it.zk("get", "/arcus/cache_list/test-cloud").out;
  const ProcessResult plan = it.arcform({"plan", "--exit-code", it.file("spec.json")});
  require(plan, 0,
          {"No changes.",
           "The next apply adopts what runs already: 3 servers, cloud test-cloud, 6 nodes"});
  require(it.arcform({"apply", "--yes", it.file("spec.json")}), 0, {"Converged"});
  CHECK(it.processes() == before);
  CHECK(it.joined() == joined);
  CHECK(it.zk("get", "/arcus/cache_list/test-cloud").out == document);
  const ProcessResult again = it.arcform({"plan", "--exit-code", it.file("spec.json")});
  require(again, 0, {"No changes."});
  CHECK_FALSE(contains(again.out, "adopts"));
  require(it.arcform({"status", it.file("spec.json")}), 0, {"converged"});
}

/// Another deployment is told whose the cloud is.
void is_owned(const ArcusDeployment& it) {
  it.write("other.json",
           replaced(it.read("spec.json"), R"("deployment": "arcus")", R"("deployment": "other")"));
  require(it.arcform({"plan", it.file("other.json")}), 3, {"belongs to deployment arcus"});
}

void edits_work(const ArcusDeployment& it) {
  const std::string before = it.processes();
  const std::string nodes = R"({ "host": "cache[001-003].arcus", "port": 11211, "count": 2 })";
  const std::string spec = it.read("spec.json");
  it.write("spec.json", replaced(spec, nodes,
                                 R"({ "host": "cache[001-002].arcus", "port": 11211, "count": 2 },
        { "host": "cache003.arcus", "port": 11211, "config": { "threads": 2 } },
        { "host": "cache003.arcus", "port": 11212 })"));
  require(it.arcform({"apply", "--yes", it.file("spec.json")}), 0, {"Converged"});
  const std::string restarted = it.processes();
  CHECK(contains(restarted, "-p 11211 -c 1000 -t 2 "));
  // One node is two processes here; three lines name the hosts.
  CHECK(lines_in_both(before, restarted) + 2 == lines_in_both(before, before));

  it.write("spec.json", replaced(spec, nodes,
                                 R"({ "host": "cache[001-002].arcus", "port": 11211, "count": 2 },
        { "host": "cache003.arcus", "port": 11211, "config": { "threads": 2 } },
        { "host": "cache003.arcus", "port": 11212, "count": 2 })"));
  require(it.arcform({"apply", "--yes", it.file("spec.json")}), 0, {"Converged"});
  CHECK(lines_in_both(restarted, it.processes()) == lines_in_both(restarted, restarted));
  CHECK(contains(it.joined(), "10.0.0.3:11213-"));
}

/// What arcform writes of a node is what arcus.sh writes: a flat object of strings.
void stays_readable(const ArcusDeployment& it) {
  const auto config =
      read_mapping_config(it.zk("get", "/arcus/cache_server_mapping/10.0.0.3:11213").out);
  const std::map<std::string, std::string> expected{
      {"connections", "1000"}, {"memlimit", "100"}, {"port", "11213"}, {"threads", "3"}};
  CHECK(config == expected);
  const ArcusResult document = read_arcus_file(it.zk("get", "/arcus/cache_list/test-cloud").out);
  REQUIRE(document.file);
  CHECK(document.file->service_code == "test-cloud");
}

void ensemble_moves(const ArcusDeployment& it) {
  it.write("spec.json", replaced(it.read("spec.json"), R"("syncLimit": 5)", R"("syncLimit": 6)"));
  require(it.arcform({"apply", "--yes", it.file("spec.json")}), 0,
          {"restart ZooKeeper server 1", "Converged"});
  const std::string now = it.processes();
  CHECK(contains(now, ".arcform/arcus/server-1/zoo.cfg"));
  CHECK_FALSE(contains(now, "/conf/zoo.cfg"));
  require(it.arcform({"plan", "--exit-code", it.file("spec.json")}), 0, {"No changes."});
}

}  // namespace

TEST_CASE("what arcus.sh set up is imported, adopted and operated") {
  const ArcusDeployment it;
  import_live(it);
  import_tuned(it);
  refuses_unlisted(it);
  adopts(it);
  is_owned(it);
  edits_work(it);
  stays_readable(it);
  ensemble_moves(it);
}

}  // namespace arcform
