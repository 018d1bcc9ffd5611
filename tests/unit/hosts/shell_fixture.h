// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "drivers/script_host.h"
#include "tests/contract/host_contract.h"
#include "tests/support/blocking_test_shell.h"

namespace arcform {

/// The shells that the scripts must run under: "dash", "bash", "bash --posix", "busybox sh".
const std::vector<std::string>& shells_to_test();

/// A ScriptHost on this machine with a fresh folder, under one of those shells.
class ShellFixture final : public HostFixture {
 public:
  explicit ShellFixture(const std::string& shell);
  ~ShellFixture() override;
  ShellFixture(const ShellFixture&) = delete;
  ShellFixture& operator=(const ShellFixture&) = delete;

  Host& host() override { return *host_; }
  void run(Awaitable<void> work) override;
  std::vector<std::string> argv(Program program, std::uint16_t port) override;
  std::uint16_t free_port() override;
  std::string folder() override { return folder_; }
  void pause() override;

  /// Our folder on the "host".
  std::string directory() const { return folder_ + "/ours"; }
  /// Runs `body` as a script and gives its output.
  std::string script(const std::string& body);
  BlockingTestShell shell() const { return BlockingTestShell(command_); }

 private:
  std::vector<std::string> command_;
  std::string folder_;
  std::unique_ptr<ScriptHost> host_;
};

/// What follows is run once under each of the shells, on the host `fixture`.
#define FOR_EACH_SHELL(fixture)                                          \
  const std::string shell_name = GENERATE(from_range(shells_to_test())); \
  INFO(shell_name);                                                      \
  ShellFixture fixture(shell_name)

/// The words of "busybox sh -s".
std::vector<std::string> shell_command(const std::string& shell);
void write_text(const std::string& path, const std::string& text);
std::string read_text(const std::string& path);

}  // namespace arcform
