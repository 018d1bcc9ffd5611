// SPDX-License-Identifier: Apache-2.0
// Hosts that are reached through a program (ProxyCommand), which may also end at any time.
#include <cstdlib>
#include <filesystem>

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

/// Has the system's ssh read a lab's configuration instead of the user's, as long as this lives.
class SshReads {
 public:
  explicit SshReads(const Behind& behind) {
    std::filesystem::create_directory(behind.lab.folder.file("bin"));
    const std::string program = behind.lab.folder.write(
        "bin/ssh", "#!/bin/sh\nexec /usr/bin/ssh -F " + behind.host.ssh.config + " \"$@\"\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    ::setenv("PATH", (behind.lab.folder.file("bin") + ":" + path_).c_str(), 1);
  }
  SshReads(const SshReads&) = delete;
  SshReads& operator=(const SshReads&) = delete;
  ~SshReads() { ::setenv("PATH", path_.c_str(), 1); }

 private:
  const std::string path_ = std::getenv("PATH");
};

TEST_CASE("a host behind another one is never asked straight: its address may be another's here") {
  Behind behind("cat", "AllowTcpForwarding no");
  const SshReads reads(behind);
  behind.host.transport = GENERATE(Transport::ssh, Transport::openssh);
  Controller controller(behind.lab);
  const TinyServer other(controller.loop);
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(behind.host);
  const Result<std::string> answer =
      ask(controller.loop, *shell, other.port(), "shutdown\n", "END\r\n");
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == ErrorCode::unavailable);
  INFO(answer.error().message);
  CHECK(answer.error().message.find("behind ProxyCommand there is no other way to its ports") !=
        std::string::npos);
}

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

TEST_CASE("paths with blanks, quotes and % are read as they are") {
  const ShellLab lab;
  const std::string folder = lab.folder.file("my \"keys\" 100%h");
  std::filesystem::create_directory(folder);
  std::filesystem::copy(lab.key, folder + "/id");
  std::filesystem::copy(lab.known_hosts, folder + "/known");
  DesiredHost host = lab.host(GENERATE(Transport::ssh, Transport::openssh));
  host.ssh.identity_files = {folder + "/id"};
  host.ssh.known_hosts = folder + "/known";
  Controller controller(lab);
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(host);
  CHECK(output_of(controller.loop, *shell, "printf ok").out == "ok");
}

}  // namespace
}  // namespace arcform
