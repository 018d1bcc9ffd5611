// SPDX-License-Identifier: Apache-2.0
#include "drivers/pack.h"

#include <sys/stat.h>

#include "drivers/archive_file.h"
#include "tests/unit/archives/scratch.h"

namespace arcform {
namespace {

namespace fs = std::filesystem;

std::string sum_of(const std::string& path) {
  const Result<ArchiveFile> file = inspect_archive(path);
  REQUIRE(file.has_value());
  return file->sha256;
}

void fill(const Scratch& scratch, const std::string& folder) {
  scratch.write(folder + "/bin/memcached", "program", true);
  scratch.write(folder + "/lib/default_engine.so", std::string(300'000, 'e'));
  scratch.write(folder + "/lib/libx.so.1", "x");
  fs::create_symlink("libx.so.1", scratch.at(folder + "/lib/libx.so"));
  fs::create_directories(scratch.at(folder + "/empty"));
}

}  // namespace

TEST_CASE("the same content gives the same archive") {
  const std::string name = GENERATE("a.tar", "a.tar.gz", "a.tgz", "a.tar.xz", "a.tar.zst");
  const Scratch scratch;
  fill(scratch, "one");
  fs::create_directories(scratch.at("elsewhere"));
  fill(scratch, "elsewhere/two");
  ::chmod(scratch.at("elsewhere/two/bin/memcached").c_str(), 0700);
  ::chmod(scratch.at("elsewhere/two/lib/libx.so.1").c_str(), 0600);
  const Result<Packed> packed = pack(scratch.at("one"), scratch.at(name));
  REQUIRE(packed.has_value());
  CHECK(packed->files == 3);
  CHECK(packed->folders == 3);
  CHECK(packed->links == 1);
  REQUIRE(pack(scratch.at("elsewhere/two"), scratch.at("elsewhere/" + name)).has_value());
  CHECK(sum_of(scratch.at(name)) == sum_of(scratch.at("elsewhere/" + name)));
  scratch.write("elsewhere/two/bin/memcached", "another");
  REQUIRE(pack(scratch.at("elsewhere/two"), scratch.at("elsewhere/" + name)).has_value());
  CHECK(sum_of(scratch.at(name)) != sum_of(scratch.at("elsewhere/" + name)));
}

TEST_CASE("what would not be the same elsewhere is refused, and no archive is left") {
  const Scratch scratch;
  fill(scratch, "in");
  std::string archive = scratch.at("a.tar.gz");
  std::string expected;
  SECTION("an absolute link") {
    fs::create_symlink("/etc/passwd", scratch.at("in/lib/link"));
    expected = "is a link to /etc/passwd; make it relative";
  }
  SECTION("a link that leads out") {
    scratch.write("outside", "x");
    fs::create_symlink("../../outside", scratch.at("in/lib/link"));
    expected = "which lies outside of the folder";
  }
  SECTION("a link that leads nowhere") {
    fs::create_symlink("nowhere", scratch.at("in/lib/link"));
    expected = "is a link to nowhere: No such file";
  }
  SECTION("a pipe") {
    REQUIRE(::mkfifo(scratch.at("in/lib/pipe").c_str(), 0600) == 0);
    expected = "is neither a file, a folder nor a link";
  }
  SECTION("an archive in the folder itself") {
    archive = scratch.at("in/a.tar.gz");
    expected = "lies in the folder that is packed";
  }
  SECTION("another kind of archive") {
    archive = scratch.at("a.zip");
    expected = "let it end in .tar.gz";
  }
  const Error error = failure(pack(scratch.at("in"), archive));
  CHECK(error.code == ErrorCode::invalid_argument);
  CHECK(says(error, expected));
  CHECK_FALSE(fs::exists(archive));
}

TEST_CASE("nothing to pack, nowhere to write") {
  const Scratch scratch;
  fs::create_directories(scratch.at("empty"));
  fill(scratch, "in");
  CHECK(says(failure(pack(scratch.at("empty"), scratch.at("a.tar"))), "is empty"));
  CHECK(failure(pack(scratch.at("nowhere"), scratch.at("a.tar"))).code == ErrorCode::not_found);
  CHECK(failure(pack(scratch.at("in/bin/memcached"), scratch.at("a.tar"))).code ==
        ErrorCode::invalid_argument);
  CHECK(says(failure(pack(scratch.at("in"), scratch.at("nowhere/a.tar"))), "nowhere/a.tar"));
}

}  // namespace arcform
