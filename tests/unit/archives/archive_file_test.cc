// SPDX-License-Identifier: Apache-2.0
#include "drivers/archive_file.h"

#include "drivers/pack.h"
#include "tests/unit/archives/scratch.h"

namespace arcform {
namespace {

/// A spec with one package out of `archive`.
DesiredState with_archive(const std::string& archive, const std::string& sum = "") {
  DesiredState desired;
  desired.packages.emplace_back();
  desired.packages[0].name = "arcus";
  desired.packages[0].archive = archive;
  desired.packages[0].sha256 = sum;
  return desired;
}

void make(const Scratch& scratch, const std::string& name) {
  scratch.write("in/bin/memcached", std::string(5000, 'x'), true);
  REQUIRE(pack(scratch.at("in"), scratch.at(name)).has_value());
}

}  // namespace

TEST_CASE("an archive's size, checksum and kind") {
  const Scratch scratch;
  const auto [name, compressor] = GENERATE(table<std::string, std::string>(
      {{"a.tar.gz", "gzip"}, {"a.tar.xz", "xz"}, {"a.tar.zst", "zstd"}, {"a.tar", ""}}));
  make(scratch, name);
  const Result<ArchiveFile> file = inspect_archive(scratch.at(name));
  REQUIRE(file.has_value());
  CHECK(file->compressor == compressor);
  CHECK(file->size == std::filesystem::file_size(scratch.at(name)));
  CHECK(file->sha256.size() == 64);
  CHECK((compressor != "gzip" || file->unpacked > 5000));
}

TEST_CASE("files that are no archives") {
  const Scratch scratch;
  scratch.write("text", "hello");
  scratch.write("empty", "");
  CHECK(says(failure(inspect_archive(scratch.at("text"))), "is no tar"));
  CHECK(says(failure(inspect_archive(scratch.at("empty"))), "is empty"));
  CHECK(failure(inspect_archive(scratch.at("nowhere"))).code == ErrorCode::not_found);
  CHECK(failure(inspect_archive(scratch.at("."))).code == ErrorCode::not_found);
}

TEST_CASE("a spec's archive is looked for beside the spec") {
  const Scratch scratch;
  make(scratch, "a.tar.gz");
  const std::string sum = inspect_archive(scratch.at("a.tar.gz"))->sha256;
  const std::string folder = scratch.at("in/..");
  SECTION("its checksum is computed") {
    DesiredState desired = with_archive("a.tar.gz");
    REQUIRE(inspect_archives(desired, folder, "").has_value());
    CHECK(desired.packages[0].sha256 == sum);
    CHECK(desired.packages[0].archive == folder + "/a.tar.gz");
    CHECK(desired.packages[0].unreadable.empty());
    CHECK(desired.packages[0].size > 0);
  }
  SECTION("below the home folder") {
    DesiredState desired = with_archive("~/a.tar.gz", sum);
    REQUIRE(inspect_archives(desired, "/nowhere", scratch.at("in/..")).has_value());
    CHECK(desired.packages[0].size > 0);
  }
  SECTION("another checksum than the spec's") {
    DesiredState desired = with_archive("a.tar.gz", std::string(64, '0'));
    const Error error = failure(inspect_archives(desired, folder, ""));
    CHECK(error.code == ErrorCode::invalid_argument);
    CHECK(says(error, "its sha256 is " + sum + ", and the spec says 0000"));
  }
  SECTION("a missing file is borne only when the spec has its checksum") {
    DesiredState desired = with_archive("b.tar.gz", sum);
    REQUIRE(inspect_archives(desired, folder, "").has_value());
    CHECK(desired.packages[0].unreadable.find("b.tar.gz: cannot be read") != std::string::npos);
    desired = with_archive("b.tar.gz");
    CHECK(says(failure(inspect_archives(desired, folder, "")), "packages.arcus: archive "));
  }
}

TEST_CASE("an archive is handed over in pieces, whole") {
  const Scratch scratch;
  scratch.write("file", std::string(600'000, 'y'));
  std::uint64_t sent = 0;
  auto source = open_archive(scratch.at("file"), 600'000, [&](std::uint64_t n) { sent += n; });
  REQUIRE(source.has_value());
  std::string all;
  while (true) {
    const Result<std::string_view> piece = (*source)->next();
    REQUIRE(piece.has_value());
    if (piece->empty()) {
      break;
    }
    CHECK(piece->size() <= 262'144);
    all += *piece;
  }
  CHECK(all == std::string(600'000, 'y'));
  CHECK(sent == 600'000);
  CHECK(failure(open_archive(scratch.at("file"), 7, {})).code == ErrorCode::aborted);
}

TEST_CASE("an archive that shrinks while it is sent is an error") {
  const Scratch scratch;
  scratch.write("file", std::string(600'000, 'y'));
  auto source = open_archive(scratch.at("file"), 600'000, {});
  REQUIRE(source.has_value());
  REQUIRE((*source)->next().has_value());
  std::filesystem::resize_file(scratch.at("file"), 300'000);
  REQUIRE((*source)->next().has_value());
  CHECK(failure((*source)->next()).code == ErrorCode::aborted);
}

}  // namespace arcform
