// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/packages.h"
#include "tests/contract/host_contract.h"

/// What every Host must do with archives, real or simulated.
namespace arcform {

/// An archive with bin/memcached in it, and what is known of it.
struct TestArchive {
  std::string path;
  std::string sha256;
  std::string compressor;
  std::uint64_t size = 0;
};

inline ReleasePlace place_of(HostFixture& fixture, const TestArchive& archive) {
  return {"arcus", fixture.folder() + "/packages", "arcus-" + archive.sha256.substr(0, 12)};
}

inline InstallRequest install_of(HostFixture& fixture, const TestArchive& archive) {
  const ReleasePlace place = place_of(fixture, archive);
  InstallRequest request;
  request.package = place.package;
  request.folder = place.folder;
  request.release = place.release;
  request.archive = archive.path;
  request.sha256 = archive.sha256;
  request.compressor = archive.compressor;
  request.size = archive.size;
  return request;
}

inline HostFacts probed_release(HostFixture& fixture, const TestArchive& archive) {
  ProbeRequest request;
  request.releases.push_back(place_of(fixture, archive));
  return probed(fixture, request);
}

inline Result<void> removed(HostFixture& fixture, const TestArchive& archive) {
  const ReleasePlace place = place_of(fixture, archive);
  return await(fixture,
               fixture.host().remove_release({place.package, place.folder, place.release}));
}

inline void check_installed(HostFixture& fixture, const TestArchive& archive) {
  std::uint64_t sent = 0;
  InstallRequest request = install_of(fixture, archive);
  request.sent = [&sent](std::uint64_t bytes) { sent += bytes; };
  expect(await(fixture, fixture.host().install(request)));
  CHECK(sent > 0);
  const HostFacts facts = probed_release(fixture, archive);
  CHECK(facts.tools.contains("tar"));
  REQUIRE(facts.releases.size() == 1);
  const ObservedReleases& found = facts.releases.at("arcus");
  CHECK(found.folder == request.folder);
  CHECK(found.free_kb > 0);
  REQUIRE(found.all.size() == 1);
  CHECK(found.all[0].name == request.release);
  CHECK(found.all[0].sha256 == archive.sha256);
  CHECK(facts.packages.at(request.folder + "/" + request.release).cache_node);
  SECTION("twice is once") {
    expect(await(fixture, fixture.host().install(request)));
    CHECK(probed_release(fixture, archive).releases.at("arcus").all == found.all);
  }
  SECTION("it goes, and is gone") {
    expect(removed(fixture, archive));
    CHECK(probed_release(fixture, archive).releases.at("arcus").all.empty());
    expect(removed(fixture, archive));
  }
}

inline void check_refusals(HostFixture& fixture, const TestArchive& archive) {
  InstallRequest request = install_of(fixture, archive);
  SECTION("names that are none of ours") {
    for (const char* const name : {"arcus", "arcus-0123", "other-0123456789ab",
                                   "arcus-0123456789aX", "../us-0123456789ab"}) {
      request.release = name;
      const auto result = await(fixture, fixture.host().install(request));
      REQUIRE_FALSE(result.has_value());
      CHECK(result.error().code == ErrorCode::invalid_argument);
      const auto gone =
          await(fixture, fixture.host().remove_release({request.package, request.folder, name}));
      REQUIRE_FALSE(gone.has_value());
      CHECK(gone.error().code == ErrorCode::invalid_argument);
    }
  }
  SECTION("a folder of that name that is not ours is neither taken nor removed") {
    const std::string file = request.folder + "/" + request.release + "/bin/memcached";
    expect(await(fixture, fixture.host().write_files({{file, "half", 0755}})));
    const HostFacts facts = probed_release(fixture, archive);
    REQUIRE(facts.releases.at("arcus").all.size() == 1);
    CHECK(facts.releases.at("arcus").all[0].sha256.empty());
    const auto result = await(fixture, fixture.host().install(request));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::already_exists);
    const auto gone = removed(fixture, archive);
    REQUIRE_FALSE(gone.has_value());
    CHECK(gone.error().code == ErrorCode::failed_precondition);
  }
  SECTION("no room") {
    request.room = std::uint64_t{1} << 60U;
    const auto result = await(fixture, fixture.host().install(request));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::resource_exhausted);
    CHECK(probed_release(fixture, archive).releases.at("arcus").all.empty());
  }
}

inline void check_install_contract(HostFixture& fixture, const TestArchive& archive) {
  SECTION("an archive becomes a release") {
    check_installed(fixture, archive);
  }
  check_refusals(fixture, archive);
}

}  // namespace arcform
