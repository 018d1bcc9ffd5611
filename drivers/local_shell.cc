// SPDX-License-Identifier: Apache-2.0
#include "drivers/local_shell.h"

#include <utility>

#include <unistd.h>

#include "drivers/child.h"
#include "drivers/shell_limits.h"
#include "drivers/tcp_exchange.h"

namespace arcform {
namespace {

// Free functions: the shell may be destroyed while they run.
Awaitable<Result<ShellOutput>> execute_here(asio::io_context& loop, std::string host,
                                            ChildRequest request, Instant until) {
  Result<ChildOutcome> outcome = co_await run_child(loop, std::move(request), until);
  if (!outcome) {
    co_return outcome.error().with("run a script on " + host);
  }
  co_return std::move(outcome->output);
}

Awaitable<Result<void>> stream_here(asio::io_context& loop, std::string host,
                                    ChildRequest request) {
  Result<ChildOutcome> outcome = co_await run_child(loop, std::move(request), Instant::max());
  if (!outcome) {
    co_return outcome.error().with("follow " + host);
  }
  co_return Result<void>();
}
Awaitable<Result<std::string>> exchange_here(asio::io_context& loop, std::string host, Endpoint at,
                                             std::string question, std::string end, Instant until) {
  Result<std::string> answer = co_await tcp_exchange(loop, at.ip_text(), at.port,
                                                     std::move(question), std::move(end), until);
  co_return std::move(answer).with("ask port " + std::to_string(at.port) + " of " + host);
}

}  // namespace

Awaitable<Result<ShellOutput>> LocalShell::execute(std::string input,
                                                   std::chrono::milliseconds patience) {
  ChildRequest request;
  request.argv = {"/bin/sh", "-s"};
  request.input = std::move(input);
  // As sshd does: whoever has no home folder starts in the root folder.
  request.directory = ::access(home_.c_str(), X_OK) == 0 ? home_ : "/";
  return execute_here(loop_, host_, std::move(request),
                      std::chrono::steady_clock::now() + patience);
}

Awaitable<Result<ShellOutput>> LocalShell::upload(std::string script,
                                                  std::shared_ptr<ByteSource> data,
                                                  std::chrono::milliseconds patience) {
  ChildRequest request;
  request.argv = {"/bin/sh", "-c", run_from_input(script.size())};
  request.input = std::move(script);
  request.more = std::move(data);
  request.stall = patience;
  request.directory = ::access(home_.c_str(), X_OK) == 0 ? home_ : "/";
  return execute_here(loop_, host_, std::move(request),
                      std::chrono::steady_clock::now() + patience);
}

Awaitable<Result<void>> LocalShell::stream(std::string input,
                                           std::function<bool(std::string_view)> on_output,
                                           std::chrono::milliseconds silence) {
  ChildRequest request;
  request.argv = {"/bin/sh", "-s"};
  request.input = std::move(input);
  request.directory = ::access(home_.c_str(), X_OK) == 0 ? home_ : "/";
  request.on_output = std::move(on_output);
  request.silence = silence;
  return stream_here(loop_, host_, std::move(request));
}
Awaitable<Result<std::string>> LocalShell::exchange(Endpoint at, std::string question,
                                                    std::string end,
                                                    std::chrono::milliseconds patience) {
  return exchange_here(loop_, host_, at, std::move(question), std::move(end),
                       std::chrono::steady_clock::now() + patience);
}

}  // namespace arcform
