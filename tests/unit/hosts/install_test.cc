// SPDX-License-Identifier: Apache-2.0
// Releases on this machine, under every shell.
#include <csignal>
#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/archive_file.h"
#include "tests/contract/install_contract.h"
#include "tests/unit/hosts/shell_fixture.h"

namespace arcform {
namespace {

namespace fs = std::filesystem;

TestArchive inspected(const std::string& path) {
  const ArchiveFile file = expect(inspect_archive(path));
  return {path, file.sha256, file.compressor, file.size};
}

/// A tar of a folder with bin/memcached (a copy of `true`) and lib, below `top` ("" or "x/").
TestArchive make_archive(ShellFixture& fixture, const std::string& name, const std::string& top,
                         const std::string& pack) {
  const std::string in = fixture.folder() + "/in";
  fixture.script(
      fmt::format("rm -rf '{0}' && mkdir -p '{0}/{1}bin' '{0}/{1}lib' && cp /bin/sleep "
                  "'{0}/{1}bin/memcached' && printf x >'{0}/{1}lib/default_engine.so' "
                  "&& cd '{0}' && tar -cf - * | {2} >'{3}/{4}'\n",
                  in, top, pack, fixture.folder(), name));
  return inspected(fixture.folder() + "/" + name);
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

Error refused(ShellFixture& fixture, const InstallRequest& request) {
  const auto result = await(fixture, fixture.host().install(request));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("testhost") != std::string::npos);
  return result.error();
}

bool says(const Error& error, const std::string& text) {
  INFO(error.message);
  CHECK(error.message.find(text) != std::string::npos);
  return error.message.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("the contract of archives", "[hosts]") {
  const std::string shell = GENERATE(from_range(shells_to_test()));
  INFO(shell);
  ShellFixture fixture(shell);
  check_install_contract(fixture, make_archive(fixture, "a.tar.gz", "", "gzip"));
}

TEST_CASE("every kind of archive, and one below a folder", "[hosts]") {
  ShellFixture fixture("dash");
  const auto [name, pack, top] = GENERATE(table<std::string, std::string, std::string>(
      {{"a.tar", "cat", ""}, {"a.tar.xz", "xz", "arcus-1.16/"}, {"a.tar.zst", "zstd -q", ""}}));
  const TestArchive archive = make_archive(fixture, name, top, pack);
  expect(await(fixture, fixture.host().install(install_of(fixture, archive))));
  const HostFacts facts = probed_release(fixture, archive);
  const ObservedPackage& package = facts.packages.begin()->second;
  CHECK(package.cache_node);
  CHECK(package.engine.ends_with("/lib/default_engine.so"));
  CHECK(names_in(fixture.folder() + "/packages").size() == 1);
}

TEST_CASE("an archive that does not arrive as it should leaves nothing", "[hosts]") {
  const std::string shell = GENERATE(from_range(shells_to_test()));
  ShellFixture fixture(shell);
  const TestArchive archive = make_archive(fixture, "a.tar.gz", "", "gzip");
  InstallRequest request = install_of(fixture, archive);
  SECTION("another checksum") {
    request.sha256 = std::string(64, 'b');
    CHECK(says(refused(fixture, request), "wrong checksum: " + archive.sha256));
  }
  SECTION("another file by now") {
    write_text(archive.path, "short");
    const Error error = refused(fixture, request);
    CHECK(error.code == ErrorCode::aborted);
    CHECK(says(error, "has 5 bytes by now"));
  }
  SECTION("no file") {
    fs::remove(archive.path);
    CHECK(refused(fixture, request).code == ErrorCode::not_found);
  }
  SECTION("no tar in it") {
    fixture.script(fmt::format("printf rubbish | gzip >'{}'\n", archive.path));
    request = install_of(fixture, inspected(archive.path));
    CHECK(refused(fixture, request).code == ErrorCode::failed_precondition);
  }
  SECTION("the decompressor is not there") {
    request.compressor = "no-such-tool";
    const Error error = refused(fixture, request);
    CHECK(error.code == ErrorCode::unsupported);
    CHECK(says(error, "not on the PATH there: no-such-tool"));
  }
  const std::string folder = fixture.folder() + "/packages";
  CHECK((!fs::exists(folder) || names_in(folder).empty()));
}

TEST_CASE("a full disk is told, and nothing stays", "[hosts]") {
  if (::getuid() != 0) {
    FAIL("this test mounts a small file system, so it needs root");
  }
  ShellFixture fixture("dash");
  const TestArchive archive = make_archive(fixture, "a.tar", "", "cat");
  const std::string folder = fixture.folder() + "/packages";
  fixture.script(fmt::format("mkdir '{0}' && mount -t tmpfs -o size=64k tmpfs '{0}'\n", folder));
  const Error error = refused(fixture, install_of(fixture, archive));
  const auto left = names_in(folder);
  fixture.script(fmt::format("umount '{}'\n", folder));
  CHECK(error.code == ErrorCode::resource_exhausted);
  CHECK(says(error, "disk full"));
  CHECK(left.empty());
}

TEST_CASE("what a dead upload left is removed by the next one", "[hosts]") {
  const std::string shell = GENERATE(from_range(shells_to_test()));
  ShellFixture fixture(shell);
  const TestArchive archive = make_archive(fixture, "a.tar.gz", "", "gzip");
  const InstallRequest request = install_of(fixture, archive);
  const std::string stale = fmt::format("{}/.{}.arcform-{}-4194300-1", request.folder,
                                        request.release, probed(fixture).boot_id);
  const std::string other = request.folder + "/.other-0123456789ab.arcform-1-2-3";
  write_text(stale + "/tree/bin/memcached", "half");
  write_text(other + "/archive", "not of this package");
  ::chmod((stale + "/tree/bin").c_str(), 0500);
  expect(await(fixture, fixture.host().install(request)));
  CHECK_FALSE(fs::exists(stale));
  CHECK(fs::exists(other));
}

TEST_CASE("an upload whose connection is gone is ended by the next one", "[hosts]") {
  const std::string shell = GENERATE(from_range(shells_to_test()));
  ShellFixture fixture(shell);
  const TestArchive archive = make_archive(fixture, "a.tar.gz", "", "gzip");
  const InstallRequest request = install_of(fixture, archive);
  // As the install script does: a shell of that name that waits for its `cat`.
  const std::string hang = fixture.script(fmt::format(
      "mkdir -p '{0}'; mkfifo '{0}/pipe'\n"
      "( sh -c 'read -r s </proc/$$/stat; set -- ${{s##*) }}; shift 19\n"
      "  mine={0}/.{1}.arcform-$(cat /proc/sys/kernel/random/boot_id)-$$-$1; mkdir \"$mine\"\n"
      "  exec 4<>{0}/pipe; cat <&4 >\"$mine/archive\"; rm -r \"$mine\"' >/dev/null 2>&1 & )\n"
      "until [ -e '{0}'/.*arcform-*/archive ]; do sleep 0.05; done\n"
      "cd '{0}' && echo .*arcform-*\n",
      request.folder, request.release));
  REQUIRE(hang.starts_with("." + request.release));
  expect(await(fixture, fixture.host().install(request)));
  fs::remove(request.folder + "/pipe");
  CHECK(names_in(request.folder) == std::vector<std::string>{request.release});
}

TEST_CASE("a release that a process runs from stays", "[hosts]") {
  const std::string shell = GENERATE(from_range(shells_to_test()));
  ShellFixture fixture(shell);
  Cleaner cleaner(fixture);
  const TestArchive archive = make_archive(fixture, "a.tar.gz", "", "gzip");
  const InstallRequest install = install_of(fixture, archive);
  expect(await(fixture, fixture.host().install(install)));
  StartRequest request;
  request.slot = "node-1";
  request.argv = {install.folder + "/" + install.release + "/bin/memcached", "1000"};
  const ProcessIdentity process = cleaner(started(fixture, request));
  const auto refused = removed(fixture, archive);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::failed_precondition);
  CHECK(says(refused.error(), "a process runs from"));
  stopped(fixture, "node-1", process);
  expect(removed(fixture, archive));
  CHECK(names_in(install.folder).empty());
}

}  // namespace arcform
