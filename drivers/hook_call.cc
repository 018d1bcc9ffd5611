// SPDX-License-Identifier: Apache-2.0
#include "drivers/hook_call.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "drivers/child.h"
#include "drivers/http_post.h"
#include "model/names.h"

namespace arcform {
namespace {

constexpr std::size_t kSaidMax = 200;

/// What a program said on its way out, as one line.
std::string last_words(const ChildOutcome& outcome) {
  const std::string& said = outcome.output.err;
  const std::size_t end = std::min(said.find('\n'), said.size());
  return end == 0 ? "" : ": " + printable(said.substr(0, end), kSaidMax);
}

Awaitable<Result<void>> run_program(asio::io_context& loop, HookCall call, Instant until) {
  ChildRequest request;
  request.argv = call.hook.program;
  request.input = call.document;
  const std::string subject = call.hook.program.front();
  const Result<ChildOutcome> outcome = co_await run_child(loop, std::move(request), until);
  if (!outcome) {
    co_return outcome.error().with(subject);
  }
  if (outcome->exit_status != 0) {
    co_return Error{
        ErrorCode::unavailable,
        fmt::format("{}: exit status {}{}", subject, outcome->exit_status, last_words(*outcome))};
  }
  co_return Result<void>{};
}

Result<void> judge(unsigned status) {
  if (status >= 200 && status < 300) {
    return {};
  }
  const bool again = status >= 500 || status == 408 || status == 425 || status == 429;
  const ErrorCode code = status == 401 || status == 403 ? ErrorCode::unauthenticated
                         : again                        ? ErrorCode::unavailable
                                                        : ErrorCode::invalid_argument;
  return Error{code, fmt::format("answers with status {}", status)};
}

Result<std::string> authorization(Secrets& secrets, const WatchHook& hook) {
  const Result<std::string_view> token = secrets.resolve(*hook.token, "token of hook " + hook.name);
  if (!token) {
    return token.error();
  }
  const bool fits =
      std::all_of(token->begin(), token->end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!fits) {
    return Error{ErrorCode::not_found, "its token is not one word of visible ASCII"};
  }
  return fmt::format("Bearer {}", *token);
}

Awaitable<Result<void>> post_event(asio::io_context& loop, Secrets& secrets, HookCall call,
                                   Instant until) {
  const std::optional<Url> url = parse_url(call.hook.url);
  if (!url) {
    co_return Error{ErrorCode::invalid_argument, "its URL is none"};
  }
  HttpPost post{*url,
                {{"Content-Type", "application/json"},
                 {"User-Agent", "arcform"},
                 {"Idempotency-Key", fmt::format("\"{}\"", call.key)}},
                call.document};
  if (call.hook.token) {
    const Result<std::string> header = authorization(secrets, call.hook);
    if (!header) {
      co_return header.error();
    }
    post.headers.emplace_back("Authorization", *header);
  }
  const Result<unsigned> status = co_await http_post(loop, std::move(post), until);
  if (!status) {
    co_return status.error().with(url->origin());
  }
  Result<void> judged = judge(*status).with(url->origin());
  if (!judged && judged.error().code == ErrorCode::unauthenticated && call.hook.token) {
    secrets.forget(*call.hook.token, "");  // It may have been replaced in its file.
  }
  co_return judged;
}

}  // namespace

Awaitable<Result<void>> call_hook(asio::io_context& loop, Secrets& secrets, HookCall call) {
  const Instant until =
      std::chrono::steady_clock::now() + std::chrono::seconds(call.hook.timeout_s);
  const std::string subject = "hook " + call.hook.name;
  const bool posts = !call.hook.url.empty();
  Result<void> done;
  if (posts) {
    done = co_await post_event(loop, secrets, std::move(call), until);
  } else {
    done = co_await run_program(loop, std::move(call), until);
  }
  co_return std::move(done).with(subject);
}

}  // namespace arcform
