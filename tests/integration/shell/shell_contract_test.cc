// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/shell/lab.h"

namespace arcform {
namespace {

TEST_CASE("shells over libssh2 keep the contract of shells") {
  static const ShellLab lab;
  Controller controller(lab);
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(lab.host());
  check_shell_contract(controller.loop, *shell);
}

TEST_CASE("shells over the system ssh keep the contract of shells") {
  static const ShellLab lab;
  Controller controller(lab);
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(lab.host(Transport::openssh));
  check_shell_contract(controller.loop, *shell);
}

TEST_CASE("a shell over SSH may go away at any time") {
  static const ShellLab lab;
  const Transport transport = GENERATE(Transport::ssh, Transport::openssh);
  Secrets secrets(lab.folder.path());
  check_destruction([&](asio::io_context& loop) {
    const Shells shells(loop, Controller::environment(lab.folder.path(), ""), secrets);
    return shells.make_shell(lab.host(transport));
  });
}

}  // namespace
}  // namespace arcform
