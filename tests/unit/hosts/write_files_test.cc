// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/hosts/shell_fixture.h"

namespace arcform {
namespace {

Result<void> write(ShellFixture& fixture, std::vector<FileWrite> files) {
  return await(fixture, fixture.host().write_files(std::move(files)));
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

}  // namespace

TEST_CASE("files are written whole, with folder and mode", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  std::string nasty = "a'b\"c$HOME`id`\\n\t%s\n\n";
  for (int c = 1; c < 256; ++c) {
    nasty += static_cast<char>(c);
  }
  const std::string outside = fixture.folder() + "/data dir/it's/myid";
  expect(write(fixture, {{"server-1/zoo.cfg", nasty, 0600},
                         {"server-1/empty", "", 0644},
                         {outside, "1\n", 0644},
                         {"server-1/large", std::string(200'000, 'x'), 0644}}));
  CHECK(read_text(fixture.directory() + "/server-1/zoo.cfg") == nasty);
  CHECK((status_of(fixture.directory() + "/server-1/zoo.cfg").st_mode & 0777U) == 0600U);
  CHECK(read_text(outside) == "1\n");
  CHECK((status_of(outside).st_mode & 0777U) == 0644U);
  CHECK(status_of(fixture.directory() + "/server-1/empty").st_size == 0);
  CHECK(status_of(fixture.directory() + "/server-1/large").st_size == 200'000);
  CHECK(names_in(fixture.directory() + "/server-1").size() == 3);
}

TEST_CASE("a file that has the content is left, one that has not is replaced", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  const std::string path = fixture.directory() + "/server-1/zoo.cfg";
  expect(write(fixture, {{"server-1/zoo.cfg", "one\n", 0644}}));
  const auto first = status_of(path).st_ino;
  expect(write(fixture, {{"server-1/zoo.cfg", "one\n", 0644}}));
  CHECK(status_of(path).st_ino == first);
  for (const std::string content : {"one", "one\n\n", "two\n", ""}) {
    expect(write(fixture, {{"server-1/zoo.cfg", content, 0644}}));
    CHECK(read_text(path) == content);
  }
}

TEST_CASE("what a killed writer left is cleared, a living writer's is not", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  const std::string folder = fixture.directory() + "/server-1/";
  write_text(folder + ".zoo.cfg.arcform-999999999", "stale");
  write_text(folder + ".zoo.cfg.arcform-" + std::to_string(::getpid()), "live");
  write_text(folder + ".other.arcform-999999999", "other");
  expect(write(fixture, {{"server-1/zoo.cfg", "one\n", 0644}}));
  CHECK_FALSE(std::filesystem::exists(folder + ".zoo.cfg.arcform-999999999"));
  CHECK(names_in(folder).size() == 3);
}

TEST_CASE("folders and strange paths are refused", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  std::filesystem::create_directories(fixture.directory() + "/server-1/zoo.cfg");
  const auto folder = write(fixture, {{"server-1/zoo.cfg", "x", 0644}});
  REQUIRE_FALSE(folder.has_value());
  CHECK(folder.error().code == ErrorCode::failed_precondition);
  CHECK(folder.error().message == "write server-1/zoo.cfg on host testhost: it is a directory");
  for (const std::string path : {"", "../x", "a/../../x", "/a/../b", "a/", "~/x", "a\nb"}) {
    INFO(path);
    const auto result = write(fixture, {{path, "x", 0644}});
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a failure names the file and leaves nothing half done", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  write_text(fixture.folder() + "/file", "");
  const auto result = write(fixture, {{"server-1/first", "1", 0644},
                                      {fixture.folder() + "/file/below", "2", 0644},
                                      {"server-1/third", "3", 0644}});
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("/file/below on host testhost: ") != std::string::npos);
  CHECK(names_in(fixture.directory() + "/server-1") == std::vector<std::string>{"first"});
}

TEST_CASE("no permission to write", "[hosts][integration]") {
  REQUIRE(::geteuid() == 0);
  FOR_EACH_SHELL(fixture);
  std::vector<std::string> command{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  for (const std::string& word : shell_command(shell_name)) {
    command.push_back(word);
  }
  std::filesystem::create_directories("/run/arcform-test-closed");
  ScriptPlace place;
  place.directory = "/run/arcform-test-closed/ours";
  ScriptHost host("testhost", std::make_unique<BlockingTestShell>(command), place,
                  seeded_nonces(1));
  const auto result = await(fixture, host.write_files({{"server-1/zoo.cfg", "x", 0644}}));
  std::filesystem::remove_all("/run/arcform-test-closed");
  REQUIRE_FALSE(result.has_value());
  INFO(result.error().message);
  CHECK(result.error().code == ErrorCode::permission_denied);
  CHECK(result.error().message.find("server-1/zoo.cfg on host testhost") != std::string::npos);
}

TEST_CASE("a full or read-only disk", "[hosts][integration]") {
  REQUIRE(::geteuid() == 0);
  FOR_EACH_SHELL(fixture);
  const std::string disk = fixture.folder() + "/disk";
  std::filesystem::create_directories(disk);
  REQUIRE(::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=128k") == 0);
  expect(write(fixture, {{disk + "/old", "old\n", 0644}}));
  const auto full = write(fixture, {{disk + "/old", std::string(300'000, 'x'), 0644}});
  const auto names = names_in(disk);
  const std::string old = read_text(disk + "/old");
  const int remounted = ::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "");
  const auto closed = write(fixture, {{disk + "/old", "new\n", 0644}});
  REQUIRE(::umount(disk.c_str()) == 0);
  REQUIRE_FALSE(full.has_value());
  INFO(full.error().message);
  CHECK(full.error().code == ErrorCode::resource_exhausted);
  CHECK(full.error().message.find("disk full: ") != std::string::npos);
  CHECK(names == std::vector<std::string>{"old"});
  CHECK(old == "old\n");
  REQUIRE(remounted == 0);
  REQUIRE_FALSE(closed.has_value());
  INFO(closed.error().message);
  CHECK(closed.error().code == ErrorCode::permission_denied);
  CHECK(closed.error().message.find("Read-only file system") != std::string::npos);
}

TEST_CASE("nothing is started on a full disk", "[hosts][integration]") {
  REQUIRE(::geteuid() == 0);
  FOR_EACH_SHELL(fixture);
  const std::string disk = fixture.directory();
  std::filesystem::create_directories(disk);
  REQUIRE(::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k") == 0);
  write_text(disk + "/filler", std::string(100'000, 'x'));
  const auto result =
      await(fixture, fixture.host().start(request_for(fixture, HostFixture::Program::waits)));
  const HostFacts facts = probed(fixture);
  std::filesystem::remove(disk + "/filler");
  const auto retried =
      await(fixture, fixture.host().start(request_for(fixture, HostFixture::Program::waits)));
  if (retried) {
    stopped(fixture, "node-1", *retried);
  }
  REQUIRE(::umount(disk.c_str()) == 0);
  REQUIRE_FALSE(result.has_value());
  INFO(result.error().message);
  CHECK(result.error().code == ErrorCode::resource_exhausted);
  CHECK(result.error().message.find("disk full: ") != std::string::npos);
  CHECK_FALSE(facts.slots.at("node-1").identity.has_value());
  CHECK(retried.has_value());
}

}  // namespace arcform
