// SPDX-License-Identifier: Apache-2.0
#include "drivers/tcp_exchange.h"

#include <array>
#include <memory>
#include <system_error>
#include <utility>

#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include "drivers/resolve.h"
#include "drivers/shell_limits.h"
#include "drivers/timed_socket.h"

namespace arcform {
namespace {

using Timed = TimedSocket<asio::ip::tcp>;

Error error_of(const Timed& timed, const std::error_code& error, const std::string& what) {
  if (timed.expired) {
    return Error{ErrorCode::deadline_exceeded, "no answer in time"};
  }
  if (error == asio::error::connection_refused) {
    return Error{ErrorCode::not_found, "connection refused"};
  }
  return Error{ErrorCode::unavailable, what + ": " + error.message()};
}

Awaitable<Result<std::string>> read_answer(Timed& timed, std::string end) {
  std::string answer;
  std::array<char, 16384> buffer;
  while (answer.size() <= kShellOutputMax) {
    std::error_code error;
    const std::size_t n = co_await timed.socket.async_read_some(
        asio::buffer(buffer), asio::redirect_error(kAwait, error));
    const std::size_t searched = answer.size();
    answer.append(buffer.data(), n);
    if (error == asio::error::eof && end.empty()) {
      co_return answer;
    }
    if (error == asio::error::eof) {
      co_return Error{ErrorCode::unavailable, "closed the connection before the answer's end"};
    }
    if (error) {
      co_return error_of(timed, error, "read");
    }
    if (!end.empty()) {
      if (const std::size_t at = find_end(answer, end, searched); at != std::string::npos) {
        answer.resize(at);
        co_return answer;
      }
    }
  }
  co_return too_much_output();
}

}  // namespace

Awaitable<Result<std::string>> tcp_exchange(asio::io_context& loop, std::string address,
                                            std::uint16_t port, std::string question,
                                            std::string end, Instant until) {
  std::error_code error;
  const asio::ip::address ip = asio::ip::make_address(address, error);
  if (error) {
    co_return Error{ErrorCode::invalid_argument, "not a numeric address: " + address};
  }
  const auto timed = std::make_shared<Timed>(loop, until);
  const TimeSocket guard(timed);
  const asio::ip::tcp::endpoint there(ip, port);
  co_await timed->socket.async_connect(there, asio::redirect_error(kAwait, error));
  if (error) {
    co_return error_of(*timed, error, "connect");
  }
  if (std::chrono::steady_clock::now() >= until) {  // We were stopped: it is not ours to say now.
    co_return Error{ErrorCode::deadline_exceeded, "no answer in time"};
  }
  timed->socket.set_option(asio::ip::tcp::no_delay(true), error);
  co_await asio::async_write(timed->socket, asio::buffer(question),
                             asio::redirect_error(kAwait, error));
  if (error) {
    co_return error_of(*timed, error, "write");
  }
  co_return co_await read_answer(*timed, std::move(end));
}

Awaitable<Result<std::string>> exchange_straight(asio::io_context& loop, std::string host,
                                                 std::uint16_t port, std::string question,
                                                 std::string end, Instant until) {
  const Result<asio::ip::address> address = co_await resolve(loop, host, until);
  if (!address) {
    co_return address.error();
  }
  Result<std::string> answer = co_await tcp_exchange(loop, address->to_string(), port,
                                                     std::move(question), std::move(end), until);
  if (!answer) {
    Error error = answer.error();
    if (error.code == ErrorCode::not_found) {
      error.code = ErrorCode::unavailable;
    }
    error.message = "sshd does not forward connections (AllowTcpForwarding), and straight to " +
                    address->to_string() + ": " + error.message;
    co_return error;
  }
  co_return answer;
}

Awaitable<Result<std::string>> exchange_straight(asio::io_context& loop, std::string host,
                                                 std::uint16_t port, std::string question,
                                                 std::chrono::milliseconds patience) {
  return exchange_straight(loop, std::move(host), port, std::move(question), "",
                           std::chrono::steady_clock::now() + patience);
}

}  // namespace arcform
