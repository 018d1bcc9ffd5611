// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "drivers/shell.h"
#include "drivers/ssh_tools.h"

namespace arcform {

/// Scripts on a host through the system's `ssh` and the user's ~/.ssh/config: for what libssh2
/// cannot speak. One master connection per host, in a private folder, ended with the shell. As with
/// the other transports a script's exit status is nobody's business, but 255 is ssh's own.
class OpensshShell : public Shell {
 public:
  OpensshShell(std::shared_ptr<SshTools> tools, SshTarget target);
  ~OpensshShell() override;
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

/// What `ssh` said on its way out, as an error of ours (without a subject).
Error error_of_ssh(const std::string& said);

}  // namespace arcform
