// SPDX-License-Identifier: Apache-2.0
// The text of plans that change packages or the ensemble's members.
#include <catch2/catch.hpp>

#include "model/membership.h"
#include "model/packages.h"
#include "model/render.h"
#include "tests/support/builders.h"
#include "tests/support/golden.h"

using namespace arcform;

namespace {

std::string changes_text(const DesiredState& desired, const ObservedState& observed,
                         std::uint32_t width = 0) {
  RenderOptions options{"0.2 s", false, false};
  options.width = width;
  return render_plan(plan(desired, observed, {}), desired, observed, options);
}

constexpr const char* kFolder = "/home/arcus/packages";

std::string release(char digit) {
  return "arcus-" + std::string(12, digit);
}

/// Three hosts whose Arcus is out of the archive with this sum.
DesiredState archived(char digit) {
  DesiredState desired = three_hosts();
  DesiredPackage& package = desired.packages[0];
  package.installed = "";
  package.archive = "arcus.tar.gz";
  package.sha256 = std::string(64, digit);
  package.directory = kFolder;
  package.size = 20'300'000;
  package.compressor = "gzip";
  return desired;
}

/// The host has room and tools, and these whole releases, the oldest first.
void give(HostFacts& facts, const std::string& digits, std::uint64_t free_kb = 1'000'000) {
  ObservedReleases& releases = facts.releases["arcus"];
  releases = {};
  releases.folder = kFolder;
  releases.free_kb = free_kb;
  facts.tools = {"gzip", "sha256sum", "tar"};
  std::uint64_t at = 1000;
  for (const char digit : digits) {
    const std::string prefix = std::string(kFolder) + "/" + release(digit);
    releases.all.push_back({release(digit), std::string(64, digit), ++at});
    facts.packages[prefix] = {true, prefix + "/lib/default_engine.so", {}, ""};
  }
}

/// All is as the spec with `runs` wants it, and these releases are there.
ObservedState running_from(char runs, const std::string& digits) {
  DesiredState desired = archived(runs);
  desired.packages[0].installed = std::string(kFolder) + "/" + release(runs);
  ObservedState observed = ideal(desired, 2);
  for (auto& [name, facts] : observed.hosts) {
    give(facts.value(), digits);
  }
  return observed;
}

/// Five hosts, servers on those of `ids`.
DesiredState servers_on(std::vector<int> ids, bool reconfigures) {
  DesiredState desired = a_spec()
                             .with_hosts(5)
                             .with_ensemble(5)
                             .with_cloud("shop")
                             .with_node("cache001.arcus", 11211)
                             .with_node("cache002.arcus", 11211)
                             .build();
  std::erase_if(desired.ensemble.servers, [&ids](const DesiredServer& server) {
    return std::find(ids.begin(), ids.end(), server.id) == ids.end();
  });
  if (reconfigures) {
    desired.ensemble.config["reconfigEnabled"] = "true";
  }
  return desired;
}

/// Everything as desired, and every server says which list it runs with.
ObservedState serving(const DesiredState& desired, int leader) {
  ObservedState observed = ideal(desired, leader);
  for (auto& [id, answer] : observed.servers) {
    answer.value().members = wanted_members(desired);
    answer.value().members_version =
        desired.ensemble.config.contains("reconfigEnabled") ? 7 : 0;  // 0: out of its file.
  }
  for (const DesiredHost& host : desired.hosts) {
    if (!observed.hosts.contains(host.name)) {
      observed.hosts[host.name] = Observation<HostFacts>::present(bare_host(desired, host.name));
    }
  }
  return observed;
}

}  // namespace

TEST_CASE("the plan of a first installation") {
  const DesiredState desired = archived('a');
  ObservedState observed = bare(desired);
  for (auto& [name, facts] : observed.hosts) {
    give(facts.value(), "");
  }
  CHECK(compare_golden("render/plan_install.txt", changes_text(desired, observed)) == "");
}

TEST_CASE("the plan of an archive that changed, and of old releases") {
  const DesiredState desired = archived('f');
  ObservedState observed = running_from('e', "abcde");
  CHECK(compare_golden("render/plan_roll.txt", changes_text(desired, observed)) == "");
  CHECK(compare_golden("render/plan_roll_80.txt", changes_text(desired, observed, 80)) == "");
}

TEST_CASE("the plan where packages cannot be installed") {
  const DesiredState desired = archived('f');
  ObservedState observed = running_from('e', "e");
  give(host_in(observed, "cache001.arcus"), "e", 10'000);
  host_in(observed, "cache002.arcus").tools = {"sha256sum", "tar"};
  host_in(observed, "cache003.arcus").releases["arcus"].all.push_back({release('f'), "", 5});
  CHECK(compare_golden("render/plan_no_install.txt", changes_text(desired, observed)) == "");
}

TEST_CASE("the plan of a member that is replaced, live and by restarts") {
  CHECK(compare_golden("render/plan_members_live.txt",
                       changes_text(servers_on({1, 2, 4}, true),
                                    serving(servers_on({1, 2, 3}, true), 3))) == "");
  CHECK(compare_golden("render/plan_members_restarts.txt",
                       changes_text(servers_on({1, 2, 4}, false),
                                    serving(servers_on({1, 2, 3}, false), 3))) == "");
}

TEST_CASE("the plan of an ensemble that grows, and of one that shrinks") {
  CHECK(compare_golden("render/plan_members_grow.txt",
                       changes_text(servers_on({1, 2, 3, 4, 5}, true),
                                    serving(servers_on({1, 2, 3}, true), 2))) == "");
  CHECK(compare_golden("render/plan_members_shrink.txt",
                       changes_text(servers_on({1, 2, 3}, true),
                                    serving(servers_on({1, 2, 3, 4, 5}, true), 5))) == "");
}

TEST_CASE("the plan of members that may not change") {
  ObservedState observed = serving(servers_on({1}, false), 1);
  CHECK(compare_golden("render/plan_members_two.txt",
                       changes_text(servers_on({1, 2, 3}, false), observed)) == "");
  ObservedState shaky = serving(servers_on({1, 2, 3}, true), 2);
  kill_server(shaky, "cache001.arcus", 1);
  kill_server(shaky, "cache003.arcus", 3);
  lose_host(shaky, servers_on({1, 2, 3}, true), "cache003.arcus");
  CHECK(compare_golden("render/plan_members_no_quorum.txt",
                       changes_text(servers_on({1, 2, 4}, true), shaky)) == "");
}
