// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "drivers/shell.h"
#include "drivers/ssh_tools.h"

namespace arcform {

/// Scripts on a host over libssh2: one connection, made on first use, kept, shared by overlapping
/// calls. A call on a connection that was lost makes a new one, once. After a refused login the
/// same answer is given for ten seconds without asking again: servers count such attempts.
class SshShell : public Shell {
 public:
  SshShell(std::shared_ptr<SshTools> tools, SshTarget target);
  ~SshShell() override;
  Awaitable<Result<ShellOutput>> execute(std::string input,
                                         std::chrono::milliseconds patience) override;
  Awaitable<Result<ShellOutput>> upload(std::string script, std::shared_ptr<ByteSource> data,
                                        std::chrono::milliseconds patience) override;
  Awaitable<Result<void>> stream(std::string input, std::function<bool(std::string_view)> on_output,
                                 std::chrono::milliseconds silence) override;
  Awaitable<Result<std::string>> exchange(Endpoint at, std::string question, std::string end,
                                          std::chrono::milliseconds patience) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace arcform
