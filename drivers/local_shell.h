// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <asio/io_context.hpp>

#include "drivers/shell.h"

namespace arcform {

/// Scripts on this machine, each in a /bin/sh of its own process group, in the home folder as over
/// SSH, with our environment and none of our descriptors.
class LocalShell : public Shell {
 public:
  /// `host` is for messages. The loop must outlive this.
  LocalShell(asio::io_context& loop, std::string host, std::string home)
      : loop_(loop), host_(std::move(host)), home_(std::move(home)) {}
  Awaitable<Result<ShellOutput>> execute(std::string input,
                                         std::chrono::milliseconds patience) override;
  Awaitable<Result<ShellOutput>> upload(std::string script, std::shared_ptr<ByteSource> data,
                                        std::chrono::milliseconds patience) override;
  Awaitable<Result<void>> stream(std::string input, std::function<bool(std::string_view)> on_output,
                                 std::chrono::milliseconds silence) override;
  Awaitable<Result<std::string>> exchange(Endpoint at, std::string question, std::string end,
                                          std::chrono::milliseconds patience) override;

 private:
  asio::io_context& loop_;
  std::string host_;
  std::string home_;
};

}  // namespace arcform
