// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csignal>
#include <fstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

using std::chrono::seconds;

constexpr const char* kFolder = "/home/arcus/packages";
constexpr const char* kNodes = "10.0.0.1:11211 10.0.0.2:11211";

/// One server, three hosts, a node on two of them, everything out of archives.
constexpr const char* kSpec = R"({
  "apiVersion": "arcform/v1", "deployment": "packages",
  "ssh": { "user": "arcus", "identityFiles": ["LAB/keys/id_ed25519"],
           "knownHosts": "LAB/known_hosts" },
  "hosts": [{ "name": "cache[001-003].arcus", "address": "10.0.0.[1-3]" }],
  "packages": {
    "arcus": { "archive": "one.tar.gz", "directory": "/home/arcus/packages" },
    "zookeeper": { "archive": "zookeeper.tar.gz" }
  },
  "ensemble": { "package": "zookeeper", "servers": ["cache003.arcus"],
                "dataDirectory": "/home/arcus/zookeeper" },
  "clouds": [{ "serviceCode": "shop", "package": "arcus",
               "config": { "memlimit": 64, "threads": 1, "connections": 100,
                           "sessionTimeout": 10 },
               "nodes": [{ "host": "cache[001-002].arcus", "count": 1, "port": 11211 }] }]
}
)";

void shell(const Deployment& it, const std::string& script) {
  require_status(run_process({"sh", "-euc", "cd " + it.lab().scratch() + "; " + script}), 0);
}

/// Packs the stock node with `marker` in it, and some megabytes that no compressor makes smaller.
/// Returns the first 12 digits of the archive's checksum.
std::string pack(const Deployment& it, const std::string& name, int megabytes) {
  shell(it, fmt::format("rm -rf in; cp -r {} in; echo {} >in/lib/marker; "
                        "head -c {}M /dev/urandom >in/lib/bulk",
                        ARCFORM_STOCK_NODE, name, megabytes));
  const std::string file = it.lab().scratch() + "/" + name + ".tar.gz";
  const ProcessResult packed =
      run_process({ARCFORM_BINARY, "pack", it.lab().scratch() + "/in", "-o", file});
  require_status(packed, 0);
  const std::size_t at = packed.out.find("\nsha256 ");
  REQUIRE(at != std::string::npos);
  require_says(packed, "\"archive\": \"" + file + "\"");
  return packed.out.substr(at + 8, 12);
}

/// Apache's binary layout, out of Debian's jars.
void make_zookeeper(const Deployment& it) {
  shell(it,
        "d=apache-zookeeper-3.8.0-bin; mkdir -p $d/bin $d/conf $d/lib\n"
        "printf '#!/bin/sh\\n' >$d/bin/zkServer.sh; echo tickTime=2000 >$d/conf/zoo_sample.cfg\n"
        "cp -L /usr/share/java/zookeeper.jar $d/lib/zookeeper-3.8.0.jar\n"
        "for jar in zookeeper-jute commons-cli commons-io slf4j-api netty-buffer netty-common "
        "netty-handler netty-transport netty-transport-native-epoll snappy-java metrics-core "
        "jackson-core jackson-databind jackson-annotations; do\n"
        "  cp -L /usr/share/java/$jar.jar $d/lib/; done\n"
        "tar -czf zookeeper.tar.gz $d");
}

/// "arcus-0123456789ab": what lies in the folder, hidden things too.
std::string listed(const Deployment& it, int host, const std::string& folder = kFolder) {
  return it.lab().exec(host, "ls -A " + folder + " 2>/dev/null").out;
}

/// Writes the spec and its archives; returns the name of the release of Arcus.
std::string prepare(Deployment& it) {
  std::string spec = kSpec;
  for (std::size_t at = 0; (at = spec.find("LAB/", at)) != std::string::npos;) {
    spec.replace(at, 3, it.lab().folder());
  }
  it.set_spec(spec);
  make_zookeeper(it);
  return "arcus-" + pack(it, "one", 12);
}

/// The arrival of an archive on the host is slowed down to `rate` ("8mbit"); "": no more.
void slow_down(const Deployment& it, int host, const std::string& rate) {
  const std::string port = fmt::format("v{:03}", host);
  require_status(
      it.lab().run(rate.empty()
                       ? std::vector<std::string>{"tc", "qdisc", "del", "dev", port, "root"}
                       : std::vector<std::string>{"tc", "qdisc", "add", "dev", port, "root", "tbf",
                                                  "rate", rate, "burst", "64kb", "latency",
                                                  "200ms"}),
      0);
}

void upload_is_cut(const Deployment& it, const std::string& release) {
  step("a host is cut off in the middle of the upload, and the operator's machine dies");
  slow_down(it, 2, "8mbit");
  StartedProcess apply(it.command({"apply", "--yes"}));
  const std::string partial = fmt::format("find {} -name archive -size +100k", kFolder);
  const bool arriving =
      eventually([&] { return !it.lab().exec(2, partial).out.empty(); }, seconds(30));
  it.lab().command({"cut", Lab::host(2)});
  apply.signal(SIGKILL);
  apply.finish(seconds(5));
  REQUIRE(arriving);
  const std::string left = listed(it, 2);
  INFO(left);
  CHECK(contains(left, "." + release + ".arcform-"));
  CHECK_FALSE(contains("\n" + left, "\n" + release));
  it.lab().command({"mend", Lab::host(2)});
  slow_down(it, 2, "");
}

void old_releases_go(Deployment& it, const std::string& before) {
  step("a changed archive rolls through; old releases go but for the last two, foreign ones stay");
  for (int i = 1; i <= 3; ++i) {
    const std::string name = fmt::format("arcus-{}{}", i, std::string(11, 'b'));
    require_status(
        it.lab().exec(1,
                      fmt::format("mkdir {0}/{1} && echo 1 {2}{3} {2} >{0}/{1}/.arcform-release",
                                  kFolder, name, i, std::string(63, 'b')),
                      "arcus"),
        0);
  }
  require_status(it.lab().exec(1, fmt::format("mkdir {}/arcus-cccccccccccc", kFolder), "arcus"), 0);
  const std::string first = it.node_pid(1, 11211);
  const std::string release = "arcus-" + pack(it, "two", 1);
  it.edit("one.tar.gz", "two.tar.gz");
  const ProcessResult plan = it.plan();
  require_status(plan, 0);
  require_says(plan, "restart");
  require_says(plan, release);
  const ProcessResult changed = it.converge();
  require_says(changed, "settles for");
  require_says(changed, "remove release arcus-1bbbbbbbbbbb from cache001.arcus: done");
  CHECK(it.node_pid(1, 11211) != first);
  std::vector<std::string> kept{"arcus-3bbbbbbbbbbb", "arcus-cccccccccccc", before, release};
  std::sort(kept.begin(), kept.end());
  CHECK(listed(it, 1) == fmt::format("{}\n", fmt::join(kept, "\n")));
  CHECK(listed(it, 2) == std::min(before, release) + "\n" + std::max(before, release) + "\n");
  CHECK(it.lab().exec(2, fmt::format("cat {}/{}/lib/marker", kFolder, release)).out == "two\n");
  CHECK_FALSE(it.pids(2, release + "/bin/memcached").empty());
  CHECK(it.joined("shop") == kNodes);
}

}  // namespace

TEST_CASE("archives: cut, sent again, run from, changed, pruned") {
  Deployment it(3);
  const std::string release = prepare(it);
  upload_is_cut(it, release);

  step("the same command again: everything is installed and runs; nothing half is left");
  const ProcessResult applied = it.converge();
  require_says(applied, "install package arcus on cache002.arcus: done in");
  require_says(applied, "uploading: ");
  for (int host = 1; host <= 2; ++host) {
    CHECK(listed(it, host) == release + "\n");
    CHECK_FALSE(it.pids(host, release + "/bin/memcached").empty());
  }
  CHECK(listed(it, 3).empty());  // No node of the cloud runs there.
  CHECK(contains(listed(it, 3, "/home/arcus/.arcform/packages/packages"), "zookeeper-"));
  CHECK(contains(it.lab().exec(3, "ps -e -o args").out, "/lib/*"));
  CHECK(it.joined("shop") == kNodes);

  step("a second apply sends nothing");
  const ProcessResult again = it.apply();
  CHECK_FALSE(contains(again.out, "uploading"));
  CHECK_FALSE(contains(again.out, "install"));

  old_releases_go(it, release);
}

TEST_CASE("archives: the other transports and bad files") {
  Deployment it(3);
  const std::string release = prepare(it);
  step("over the system's ssh");
  it.edit("\"address\": \"10.0.0.[1-3]\"",
          "\"address\": \"10.0.0.[1-3]\", \"transport\": \"openssh\"");
  require_says(it.converge(), "install package arcus on cache001.arcus: done in");
  CHECK(listed(it, 1) == release + "\n");

  step("a missing archive, and one with another checksum");
  it.edit("one.tar.gz", "none.tar.gz");
  const ProcessResult missing = it.plan();
  require_status(missing, 4);
  require_says(missing, "none.tar.gz: cannot be read: No such file or directory");
  it.edit("\"none.tar.gz\"", "\"one.tar.gz\", \"sha256\": \"" + std::string(64, 'a') + "\"");
  const ProcessResult differs = it.apply();
  require_status(differs, 4);
  require_says(differs, "and the spec says aaaaaaaa");
}

}  // namespace arcform
