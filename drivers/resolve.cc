// SPDX-License-Identifier: Apache-2.0
#include "drivers/resolve.h"

#include <system_error>

#include <asio/ip/basic_resolver.hpp>
#include <asio/ip/tcp.hpp>

namespace arcform {

Awaitable<Result<asio::ip::address>> resolve(asio::io_context& loop, std::string host) {
  std::error_code error;
  asio::ip::address address = asio::ip::make_address(host, error);
  if (!error) {
    co_return address;
  }
  asio::ip::basic_resolver<asio::ip::tcp, LoopExecutor> resolver(loop);
  const auto results =
      co_await resolver.async_resolve(host, "", asio::redirect_error(kAwait, error));
  if (error || results.empty()) {
    co_return Error{ErrorCode::unavailable,
                    "the name " + host + " is not known: " + error.message()};
  }
  for (const auto& result : results) {
    if (result.endpoint().address().is_v4()) {
      co_return result.endpoint().address();
    }
  }
  co_return results.begin()->endpoint().address();
}

}  // namespace arcform
