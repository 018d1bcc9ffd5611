// SPDX-License-Identifier: Apache-2.0
#include "model/packages.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"
#include "tests/unit/model/drift.h"
#include "tests/unit/model/steps.h"

namespace arcform {
namespace {

using Lines = std::vector<std::string>;
constexpr const char* kFolder = "/home/arcus/packages";

/// The sum that begins with this digit.
std::string sum(char digit) {
  return std::string(64, digit);
}

/// Three hosts whose Arcus is out of the archive of this sum.
DesiredState archived(char digit) {
  DesiredState desired = three_hosts();
  DesiredPackage& package = desired.packages[0];
  package.installed = "";
  package.archive = "arcus.tar.gz";
  package.sha256 = sum(digit);
  package.directory = kFolder;
  package.size = 20'000'000;
  package.compressor = "gzip";
  return desired;
}

/// The host has room and tools, and these whole releases, the oldest first.
void give(HostFacts& facts, const std::string& digits) {
  ObservedReleases& releases = facts.releases["arcus"];
  releases.folder = kFolder;
  releases.free_kb = 1'000'000;
  facts.tools = {"gzip", "sha256sum", "tar"};
  std::uint64_t at = 1000;
  for (const char digit : digits) {
    const std::string name = "arcus-" + std::string(12, digit);
    const std::string prefix = std::string(kFolder) + "/" + name;
    releases.all.push_back({name, sum(digit), ++at});
    facts.packages[prefix] = {true, prefix + "/lib/default_engine.so", {}, ""};
  }
}

/// Everything is as desired with `runs`, and these releases are there.
ObservedState observed_with(char runs, const std::string& digits) {
  DesiredState desired = archived(runs);
  desired.packages[0].installed =
      std::string(kFolder) + "/arcus-" + std::string(12, runs);  // For where its nodes run.
  ObservedState observed = ideal(desired);
  for (auto& [name, facts] : observed.hosts) {
    give(facts.value(), digits);
  }
  return observed;
}

}  // namespace

TEST_CASE("names of releases") {
  DesiredState desired = archived('a');
  CHECK(release_name(desired.packages[0]) == "arcus-aaaaaaaaaaaa");
  CHECK(release_name(desired.packages[1]).empty());
  CHECK(is_release_name("arcus-0123456789ab", "arcus"));
  for (const char* const name :
       {"arcus-0123456789a", "arcus-0123456789abc", "arcus-0123456789aB", "arcus_0123456789ab",
        "arcus-x-0123456789ab", "other-0123456789ab", "arcus-../456789ab"}) {
    CHECK_FALSE(is_release_name(name, "arcus"));
  }
  HostFacts facts;
  facts.directory = "/home/ann/.arcform/d";
  CHECK(prefix_of(desired.packages[0], facts) == "/home/arcus/packages/arcus-aaaaaaaaaaaa");
  desired.packages[0].directory = "";
  CHECK(prefix_of(desired.packages[0], facts) ==
        "/home/ann/.arcform/d/packages/arcus-aaaaaaaaaaaa");
  CHECK(prefix_of(desired.packages[1], facts) == "/usr/share/zookeeper");
}

TEST_CASE("a release that is there and runs is nothing to do") {
  CHECK(kinds(archived('a'), observed_with('a', "a")).empty());
}

TEST_CASE("what runs from a package comes after its installation, host by host") {
  const DesiredState desired = archived('a');
  ObservedState observed = bare(desired);
  for (auto& [name, facts] : observed.hosts) {
    give(facts.value(), "");
  }
  const Plan plan = planned(desired, observed);
  const auto installs = steps_of<InstallPackage>(plan);
  const auto starts = steps_of<StartNode>(plan);
  REQUIRE(installs.size() == 3);
  REQUIRE(starts.size() == 6);
  CHECK(plan.held.empty());
  for (const StepId start : starts) {
    for (const StepId install : installs) {
      const bool same = host_of(plan.steps[start].action) == host_of(plan.steps[install].action);
      CHECK(waits_for(plan, start, install) == same);
    }
  }
  const auto& install = std::get<InstallPackage>(plan.steps[installs[0]].action);
  CHECK(install.prefix == std::string(kFolder) + "/arcus-aaaaaaaaaaaa");
  REQUIRE(plan.launches.size() == 1);
  CHECK(plan.launches[0].engine == "/home/arcus/packages/arcus-aaaaaaaaaaaa/lib/default_engine.so");
}

TEST_CASE("a changed archive rolls through a cloud, each node after its host's installation") {
  const DesiredState desired = archived('b');
  const Plan plan = planned(desired, observed_with('a', "a"));
  CHECK(steps_of<InstallPackage>(plan).size() == 3);
  const auto restarts = steps_of<RestartNode>(plan);
  REQUIRE(restarts.size() == 6);
  for (std::size_t i = 1; i < restarts.size(); ++i) {
    CHECK(waits_for(plan, restarts[i], restarts[i - 1]));
  }
  CHECK(steps_of<RemoveRelease>(plan).empty());
}

TEST_CASE("old releases go but for the last two, and none that a process runs from") {
  SECTION("the newest two old ones stay") {
    const Plan plan = planned(archived('e'), observed_with('e', "abcde"));
    CHECK(lines(plan) == Lines{"remove release arcus-aaaaaaaaaaaa from cache001.arcus",
                               "remove release arcus-bbbbbbbbbbbb from cache001.arcus",
                               "remove release arcus-aaaaaaaaaaaa from cache002.arcus",
                               "remove release arcus-bbbbbbbbbbbb from cache002.arcus",
                               "remove release arcus-aaaaaaaaaaaa from cache003.arcus",
                               "remove release arcus-bbbbbbbbbbbb from cache003.arcus"});
  }
  SECTION("three are not too many") {
    CHECK(kinds(archived('c'), observed_with('c', "abc")).empty());
  }
  SECTION("what runs stays, whatever its age") {
    const Plan plan = planned(archived('e'), observed_with('a', "abcde"));
    for (const StepId id : steps_of<RemoveRelease>(plan)) {
      CHECK(std::get<RemoveRelease>(plan.steps[id].action).release == "arcus-bbbbbbbbbbbb");
    }
    CHECK(steps_of<RemoveRelease>(plan).size() == 3);
  }
  SECTION("what has the name and not our mark is not ours") {
    ObservedState observed = observed_with('e', "abcde");
    for (auto& [name, facts] : observed.hosts) {
      facts.value().releases["arcus"].all[0].sha256.clear();
      facts.value().releases["arcus"].all[1].sha256.clear();
    }
    CHECK(kinds(archived('e'), observed).empty());
  }
  SECTION("going back to an old one is no installation") {
    const Plan plan = planned(archived('a'), observed_with('b', "ab"));
    CHECK(steps_of<InstallPackage>(plan).empty());
    CHECK(steps_of<RestartNode>(plan).size() == 6);
  }
}

TEST_CASE("what keeps a package from being installed is said, and nothing starts from it") {
  DesiredState desired = archived('a');
  ObservedState observed = bare(desired);
  for (auto& [name, facts] : observed.hosts) {
    give(facts.value(), "");
  }
  HostFacts& facts = host_in(observed, "cache001.arcus");
  std::string expected;
  SECTION("no room") {
    facts.releases["arcus"].free_kb = 30'000;
    expected =
        "30.7 MB are free in /home/arcus/packages, and arcus takes at least 40.0 MB; free some "
        "space there, or set the package's \"directory\"";
  }
  SECTION("no tools") {
    facts.tools = {"sha256sum"};
    expected = "arcus cannot be unpacked: no tar and gzip on the PATH; install it there";
  }
  SECTION("something else has its name") {
    give(facts, "a");
    facts.releases["arcus"].all[0].sha256.clear();
    expected =
        "/home/arcus/packages/arcus-aaaaaaaaaaaa stands there and is no whole release of ours (its "
        ".arcform-release is missing or of another archive); move it away";
  }
  SECTION("it lacks what is run from it") {
    give(facts, "a");
    facts.packages.at("/home/arcus/packages/arcus-aaaaaaaaaaaa").cache_node = false;
    expected =
        "/home/arcus/packages/arcus-aaaaaaaaaaaa: no bin/memcached; make an "
        "archive that holds it, with its bin and lib at the top or below one folder";
  }
  const Plan plan = planned(desired, observed);
  REQUIRE(plan.held.size() == 1);
  CHECK(plan.held[0].subject == "cache001.arcus");
  CHECK(plan.held[0].reason == expected);
  for (const StepId id : steps_of<StartNode>(plan)) {
    CHECK(host_of(plan.steps[id].action) != "cache001.arcus");
  }
  CHECK(steps_of<StartNode>(plan).size() == 4);
}

TEST_CASE("an archive that cannot be read holds only the hosts that need it") {
  DesiredState desired = archived('a');
  desired.packages[0].unreadable = "archive arcus.tar.gz: cannot be read";
  desired.packages[0].size = 0;
  CHECK(planned(desired, observed_with('a', "a")).converged());
  const Plan plan = planned(desired, observed_with('b', "b"));
  CHECK(held(plan) ==
        Lines{"refused: cache001.arcus", "refused: cache002.arcus", "refused: cache003.arcus"});
  CHECK(plan.held[0].reason == "archive arcus.tar.gz: cannot be read");
  CHECK(plan.steps.empty());
}

TEST_CASE("ZooKeeper out of an archive: installed first, and a changed one restarts the servers") {
  DesiredState desired = three_hosts();
  const ObservedState running = ideal(desired);
  DesiredPackage& package = desired.packages[1];
  package.installed = "";
  package.archive = "zookeeper.tar.gz";
  package.sha256 = sum('c');
  package.directory = kFolder;
  ObservedState observed = running;
  for (auto& [name, facts] : observed.hosts) {
    facts.value().releases["zookeeper"] = {kFolder, 1'000'000, {}};
    facts.value().tools = {"sha256sum", "tar"};
  }
  const Plan plan = planned(desired, observed);
  const auto installs = steps_of<InstallPackage>(plan);
  const auto restarts = steps_of<RestartServer>(plan);
  REQUIRE(installs.size() == 3);
  REQUIRE(restarts.size() == 3);
  CHECK(waits_for(plan, restarts[0], installs[0]));
  CHECK(waits_for(plan, restarts[2], installs[2]));
  CHECK(std::get<RestartServer>(plan.steps[restarts[2]].action).leader);
  const std::vector<std::string>& argv =
      std::get<RestartServer>(plan.steps[restarts[0]].action).start->argv;
  CHECK(std::count(argv.begin(), argv.end(),
                   "/home/arcus/packages/zookeeper-cccccccccccc/conf:/home/arcus/packages/"
                   "zookeeper-cccccccccccc/*:/home/arcus/packages/zookeeper-cccccccccccc/lib/*") ==
        1);
}

}  // namespace arcform
