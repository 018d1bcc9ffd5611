// SPDX-License-Identifier: Apache-2.0
// A host that is reached over SSH refuses whoever is late, as one that is reached directly does.
#include <sstream>

#include "drivers/script_host.h"
#include "tests/contract/host_contract.h"
#include "tests/integration/shell/lab.h"
#include "tests/support/on_loop.h"

namespace arcform {
namespace {

class SshFixture final : public HostFixture {
 public:
  SshFixture(const ShellLab& lab, Transport transport)
      : controller_(lab),
        folder_(lab.folder.path() + "/" + std::to_string(++count_)),
        host_("cache1", controller_.shells.make_shell(lab.host(transport)),
              ScriptPlace{folder_ + "/ours", {}, "/bin/sh"}, seeded_nonces(7)) {
    std::filesystem::create_directories(folder_);
  }
  Host& host() override { return host_; }
  void run(Awaitable<void> work) override {
    finish_on(controller_.loop, start_on(controller_.loop, done(std::move(work))));
  }
  std::vector<std::string> argv(Program /*program*/, std::uint16_t /*port*/) override {
    return {"/bin/sleep", "600"};
  }
  std::uint16_t free_port() override { return 1; }
  std::string folder() override { return folder_; }
  void pause() override {}

 private:
  static Awaitable<bool> done(Awaitable<void> work) {
    co_await std::move(work);
    co_return true;
  }
  static inline int count_ = 0;
  Controller controller_;
  std::string folder_;
  ScriptHost host_;
};

TEST_CASE("the fence of a host holds over libssh2") {
  static const ShellLab lab;
  SshFixture fixture(lab, Transport::ssh);
  check_fencing(fixture);
}

TEST_CASE("the fence of a host holds over the system ssh") {
  static const ShellLab lab;
  SshFixture fixture(lab, Transport::openssh);
  check_fencing(fixture);
}

}  // namespace
}  // namespace arcform
