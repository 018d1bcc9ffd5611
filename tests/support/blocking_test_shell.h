// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "drivers/shell.h"

namespace arcform {

/// A Shell for tests: spawns `command` (for example {"busybox", "sh", "-s"}) with the input on a
/// pipe and blocks until it has closed both outputs. `input_max` cuts the input, as a lost
/// connection would.
class BlockingTestShell final : public Shell {
 public:
  explicit BlockingTestShell(std::vector<std::string> command) : command_(std::move(command)) {}

  Awaitable<Result<ShellOutput>> execute(std::string input,
                                         std::chrono::milliseconds patience) override;
  Awaitable<Result<ShellOutput>> upload(std::string script, std::shared_ptr<ByteSource> data,
                                        std::chrono::milliseconds patience) override;
  /// Hands over the output once the script has ended.
  Awaitable<Result<void>> stream(std::string input, std::function<bool(std::string_view)> on_output,
                                 std::chrono::milliseconds silence) override;
  Awaitable<Result<std::string>> exchange(Endpoint at, std::string question, std::string end,
                                          std::chrono::milliseconds patience) override;

  /// The same without a coroutine.
  Result<ShellOutput> run(const std::string& input, std::chrono::milliseconds patience) const;

 private:
  std::vector<std::string> command_;
};

}  // namespace arcform
