// SPDX-License-Identifier: Apache-2.0
// Hosts that are not as they should be: one machine, the local transport.
#include "tests/integration/bad_input/here.h"

#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/support/golden.h"

namespace arcform {
namespace {

namespace fs = std::filesystem;

/// The cause is gone: the same command goes on to the end, and leaves nothing behind.
void check_converges(const Here& here) {
  const ProcessResult result = here.apply();
  INFO(result.out << result.err);
  CHECK(result.status == 0);
  CHECK(result.out.find("Converged: observed equals desired.") != std::string::npos);
  CHECK(here.leftovers() == std::vector<std::string>{});
  const ProcessResult again = here.arcform({"plan", "--exit-code", "spec.json"});
  CHECK(again.status == 0);
}

void check_refused(const Here& here, const ProcessResult& result, const char* golden) {
  INFO(result.out << result.err);
  CHECK(compare_golden(golden, here.essence(result)) == "");
  CHECK(here.leftovers() == std::vector<std::string>{});
}

TEST_CASE("a cache node's port is taken by a foreign process") {
  const Here here;
  {
    const ForeignListener foreign(here.node_port(0));
    check_refused(here, here.apply(), "bad_input/node_port_taken.txt");
  }
  check_converges(here);
}

TEST_CASE("the ZooKeeper client port is taken by a foreign process") {
  const Here here;
  {
    const ForeignListener foreign(here.client_port());
    check_refused(here, here.apply(), "bad_input/client_port_taken.txt");
  }
  check_converges(here);
}

TEST_CASE("no ZooKeeper, no Arcus, no engine where the packages should be") {
  Here here;
  const std::string arcus = here.arcus;
  here.zookeeper = here.folder() + "/no-zookeeper";
  check_refused(here, here.apply(), "bad_input/no_zookeeper.txt");
  here.zookeeper = "/usr/share/zookeeper";
  here.arcus = here.folder() + "/no-arcus";
  check_refused(here, here.apply(), "bad_input/no_arcus.txt");
  here.write_file("no-arcus/bin/memcached", "#!/bin/sh\n", 0755);
  check_refused(here, here.apply(), "bad_input/no_engine.txt");
  here.arcus = arcus;
  check_converges(here);
}

TEST_CASE("no Java on the host") {
  const Here here;
  here.write_spec();
  check_refused(here,
                here.arcform({"apply", "--yes", "spec.json"},
                             {"unshare", "-m", "sh", "-c",
                              "mount --bind /dev/null /usr/bin/java && exec \"$@\"", "sh"}),
                "bad_input/no_java.txt");
  check_converges(here);
}

TEST_CASE("a node that exits at once says why, and the others go on") {
  Here here;
  const std::string good = here.arcus;
  // The first node cannot live; whoever is asked to be the second is the real one.
  here.arcus = here.folder() + "/arcus";
  here.write_file("arcus/bin/memcached",
                  fmt::format("#!/bin/sh\ncase \" $* \" in *' -p {} '*)\n"
                              "  echo starting >&2\n"
                              "  printf 'cannot allocate the \\033[31mmoon\\033[0m\\n' >&2\n"
                              "  exit 1 ;;\nesac\n"
                              "exec '{}/bin/memcached' \"$@\"\n",
                              here.node_port(0), good),
                  0755);
  fs::create_symlink(good + "/lib", here.folder() + "/arcus/lib");
  const ProcessResult result = here.apply();
  check_refused(here, result, "bad_input/node_exits.txt");
  CHECK(result.out.find(fmt::format("start cache node 127.0.0.1:{} on here: done",
                                    here.node_port(1))) != std::string::npos);
  here.arcus = good;
  check_converges(here);
}

TEST_CASE("our folder on the host cannot be written") {
  Here here;
  here.directory = "/proc/arcform";
  check_refused(here, here.apply(), "bad_input/not_writable.txt");
  here.directory = here.folder() + "/file";
  here.write_file("file", "not a folder\n");
  check_refused(here, here.apply(), "bad_input/not_a_folder.txt");
  here.directory = here.folder() + "/arcform";
  check_converges(here);
}

TEST_CASE("as a user who may not do what the spec asks for") {
  const Here here;
  here.write_spec();
  const std::vector<std::string> nobody{"setpriv",        "--reuid=65534", "--regid=65534",
                                        "--clear-groups", "env",           "HOME=/nonexistent"};
  check_refused(here, here.arcform({"apply", "--yes", "spec.json"}, nobody),
                "bad_input/no_home.txt");
  std::vector<std::string> homely = nobody;
  homely.back() = "HOME=/";
  check_refused(here, here.arcform({"apply", "--yes", "spec.json"}, homely),
                "bad_input/not_permitted.txt");
  fs::create_directory(here.folder() + "/arcform");
  run_or_throw({"chown", "65534", here.folder() + "/arcform"});
  check_refused(here, here.arcform({"apply", "--yes", "spec.json"}, homely),
                "bad_input/data_not_permitted.txt");
  check_converges(here);
}

/// A small file system on a folder; gone at the end, with what runs in it.
class SmallDisk {
 public:
  SmallDisk(const Here& here, std::string folder) : here_(here), folder_(std::move(folder)) {
    fs::create_directories(folder_);
    run_or_throw({"mount", "-t", "tmpfs", "-o", "size=16k", "none", folder_});
  }
  ~SmallDisk() {
    here_.end_processes();
    run_process({"umount", "-l", folder_});
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  void grow() const { run_or_throw({"mount", "-o", "remount,size=16m", folder_}); }

 private:
  const Here& here_;
  std::string folder_;
};

TEST_CASE("the disk is full") {
  const Here here;
  const SmallDisk disk(here, here.directory);
  here.write_file("arcform/filler", std::string(16384, 'x'));
  check_refused(here, here.apply(), "bad_input/disk_full.txt");
  disk.grow();
  check_converges(here);
}

TEST_CASE("the disk is full when a node starts") {
  Here here;
  const std::string clouds = here.clouds;
  here.clouds = "[]";
  check_converges(here);
  here.clouds = clouds;
  {
    const SmallDisk disk(here, here.directory + "/node-" + std::to_string(here.node_port(0)));
    here.write_file(fmt::format("arcform/node-{}/filler", here.node_port(0)),
                    std::string(16384, 'x'));
    check_refused(here, here.apply(), "bad_input/disk_full_node.txt");
    disk.grow();
    check_converges(here);
  }
}

}  // namespace
}  // namespace arcform
