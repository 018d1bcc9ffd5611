// SPDX-License-Identifier: Apache-2.0
// The user's OpenSSH configuration: who logs in with what, on which port, and through whom.
#include <fstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

/// Hosts whose spec says nothing about logging in but where the configuration is.
class Configured {
 public:
  Configured() : lab(3) {
    common = fmt::format(
        "  User arcus\n  IdentityFile {0}/keys/id_ed25519\n"
        "  UserKnownHostsFile {0}/known_hosts\n",
        lab.folder());
  }

  ProcessResult ping(const std::string& config, const std::string& ssh = "") const {
    std::ofstream(lab.scratch() + "/config") << config;
    std::ofstream(lab.scratch() + "/spec.json") << fmt::format(
        R"({{"apiVersion": "arcform/v1", "deployment": "d",
             "ssh": {{"config": "{}/config"{}}},
             "hosts": [{{"name": "cache00[1-3].arcus", "address": "10.0.0.[1-3]"}}],
             "ensemble": {{"package": "z", "servers": ["cache001.arcus"], "dataDirectory": "/data",
                          "state": "stopped"}},
             "packages": {{"z": {{"installed": "/usr/share/zookeeper"}}}},
             "clouds": []}})",
        lab.scratch(), ssh);
    return lab.run({ARCFORM_BINARY, "ping", lab.scratch() + "/spec.json"});
  }
  std::string sshd_log(int host) const {
    std::ifstream file(fmt::format("{}/hosts/{}/etc/sshd.log", lab.folder(), Lab::host(host)));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Lab lab;
  std::string common;
};

}  // namespace

TEST_CASE("the user's OpenSSH configuration fills in what the spec leaves open") {
  const Configured it;
  step("user, key and known hosts");
  const ProcessResult all = it.ping("Host cache*\n" + it.common);
  require_status(all, 0);
  require_says(all, "3 of 3 hosts");

  step("what the spec says wins");
  const ProcessResult other = it.ping("Host cache*\n" + it.common, R"(, "user": "nobody-there")");
  require_status(other, 9);
  require_says(other, "nobody-there");
  const ProcessResult off = it.ping("Host cache*\n  Port 1\n" + it.common, R"(, "port": 22)");
  require_status(off, 0);

  step("another port");
  const ProcessResult port = it.ping("Host cache002*\n  Port 2222\nHost cache*\n" + it.common);
  require_status(port, 5);
  require_says(port, "10.0.0.2:2222");
  require_says(port, "2 of 3 hosts");

  step("a mistake in it is told, with the file");
  const ProcessResult broken = it.ping("Host *\n  NoSuchThing yes\n");
  require_status(broken, 9);
  require_says(broken, "/config");
}

TEST_CASE("a host behind another one is reached through it, and its key is checked") {
  const Configured it;
  const std::string jump = "Host cache003*\n  ProxyJump cache001.arcus\n";
  const ProcessResult through = it.ping(jump + "Host cache*\n" + it.common);
  require_status(through, 0);
  CHECK(contains(it.sshd_log(3), "Accepted publickey for arcus from 10.0.0.1 "));
  CHECK_FALSE(contains(it.sshd_log(3), "Accepted publickey for arcus from 10.0.0.254 "));

  step("the key of the host behind is not known");
  const ProcessResult unknown =
      it.ping(jump + "Host cache003*\n  UserKnownHostsFile /dev/null\nHost cache*\n" + it.common);
  require_status(unknown, 9);
  require_says(unknown, "through cache001.arcus");

  step("the key of the one between is not known");
  const ProcessResult between =
      it.ping(jump + "Host cache001*\n  UserKnownHostsFile /dev/null\nHost cache*\n" + it.common);
  require_says(between, "Host key verification failed");
  CHECK(between.status == 5);
}

}  // namespace arcform
