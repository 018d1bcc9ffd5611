// SPDX-License-Identifier: Apache-2.0
#include "drivers/resolve.h"

#include <memory>
#include <system_error>
#include <utility>

#include <asio/ip/basic_resolver.hpp>
#include <asio/ip/tcp.hpp>

namespace arcform {
namespace {

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, LoopExecutor>;

/// A look-up; it goes on in Asio's thread when nobody waits for it any more.
struct LookUp {
  explicit LookUp(asio::io_context& loop) : resolver(loop), changed(loop) {}
  Resolver resolver;
  TimedSignal changed;
  bool done = false;
  std::error_code error;
  Resolver::results_type results;
};

}  // namespace

Awaitable<Result<asio::ip::address>> resolve(asio::io_context& loop, std::string host,
                                             Instant until) {
  std::error_code error;
  asio::ip::address address = asio::ip::make_address(host, error);
  if (!error) {
    co_return address;
  }
  const auto look_up = std::make_shared<LookUp>(loop);
  look_up->resolver.async_resolve(
      host, "", [look_up](std::error_code failure, Resolver::results_type results) {
        look_up->done = true;
        look_up->error = failure;
        look_up->results = std::move(results);
        look_up->changed.notify_all();
      });
  while (!look_up->done) {
    const bool woken = co_await look_up->changed.wait(until);
    if (!woken) {
      look_up->resolver.cancel();
      co_return Error{ErrorCode::deadline_exceeded,
                      "no answer about the name " + host + " in time; do the name servers answer?"};
    }
  }
  if (look_up->error || look_up->results.empty()) {
    co_return Error{ErrorCode::unavailable,
                    "the name " + host + " is not known: " + look_up->error.message()};
  }
  for (const auto& result : look_up->results) {
    if (result.endpoint().address().is_v4()) {
      co_return result.endpoint().address();
    }
  }
  co_return look_up->results.begin()->endpoint().address();
}

}  // namespace arcform
