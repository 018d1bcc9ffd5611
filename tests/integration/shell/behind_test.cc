// SPDX-License-Identifier: Apache-2.0
// Hosts that are reached through a program (ProxyCommand), which may also end at any time.
#include <fmt/format.h>

#include "tests/integration/shell/lab.h"

namespace arcform {
namespace {

/// A lab's sshd behind a ProxyCommand that passes on what we say through `passes_on`.
struct Behind {
  explicit Behind(const std::string& passes_on, const std::string& config = "") : lab(config) {
    const std::string key = lab.sshd.known_hosts_line();
    host = lab.host();
    host.ssh.known_hosts = lab.folder.write("known", "it" + key.substr(key.find(' ')));
    host.ssh.config = lab.folder.write(
        "config", fmt::format("Host *\n  HostKeyAlias it\n  ProxyCommand bash -c 'exec "
                              "3<>/dev/tcp/127.0.0.1/{}; cat <&3 & {} >&3; kill $!'\n",
                              lab.sshd.port(), passes_on));
  }
  ShellLab lab;
  DesiredHost host;
};

TEST_CASE("a connection that is lost during the login is no refusal") {
  int lost = 0;
  for (int bytes = 700; bytes < 1700; bytes += 80) {
    const Behind behind("dd status=none bs=1 count=" + std::to_string(bytes));
    Controller controller(behind.lab);
    const std::unique_ptr<Shell> shell = controller.shells.make_shell(behind.host);
    const Result<ShellOutput> output = run_script(controller.loop, *shell, "printf ok");
    INFO(bytes << ": " << (output ? output->out : output.error().message));
    CHECK((output || output.error().code == ErrorCode::unavailable));
    lost += !output && output.error().message.find("log in as root") != std::string::npos;
  }
  CHECK(lost > 0);
}

TEST_CASE("a server that takes no more keys has refused ours") {
  const ShellLab lab("MaxAuthTries 1");
  make_key("ed25519", lab.folder.file("wrong"));
  DesiredHost host = lab.host();
  host.ssh.identity_files = {lab.folder.file("wrong"), lab.key};
  Controller controller(lab);
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(host);
  const Result<ShellOutput> output = run_script(controller.loop, *shell, "printf ok");
  REQUIRE_FALSE(output.has_value());
  INFO(output.error().message);
  CHECK(output.error().code == ErrorCode::unauthenticated);
  CHECK(output.error().message.find("wrong: refused, and the server takes no more keys; add") !=
        std::string::npos);
}

}  // namespace
}  // namespace arcform
