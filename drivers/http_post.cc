// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_post.h"

#include <charconv>
#include <memory>
#include <system_error>

#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>
#include <fmt/format.h>

#include "drivers/resolve.h"
#include "drivers/timed_socket.h"

namespace arcform {
namespace {

using Connection = TimedSocket<asio::ip::tcp>;
using TlsStream = asio::ssl::stream<decltype(Connection::socket)&>;

constexpr std::size_t kHeadMax = 16384;

Error error_of(const Connection& connection, const std::error_code& error, const char* what) {
  if (connection.expired) {
    return Error{ErrorCode::deadline_exceeded, "no answer in time"};
  }
  return Error{ErrorCode::unavailable, fmt::format("{}: {}", what, error.message())};
}

std::string text_of(const HttpPost& post) {
  const bool usual = post.url.port == (post.url.tls ? 443 : 80);
  const bool v6 = post.url.host.find(':') != std::string::npos;
  std::string text =
      fmt::format("POST {} HTTP/1.1\r\nHost: {}{}{}{}\r\n", post.url.target, v6 ? "[" : "",
                  post.url.host, v6 ? "]" : "", usual ? "" : fmt::format(":{}", post.url.port));
  for (const auto& [name, value] : post.headers) {
    text += fmt::format("{}: {}\r\n", name, value);
  }
  text += fmt::format("Connection: close\r\nContent-Length: {}\r\n\r\n", post.body.size());
  return text + post.body;
}

/// "HTTP/1.1 204 No Content": 204; 0: it is none.
unsigned status_in(const std::string& head) {
  unsigned status = 0;
  if (head.starts_with("HTTP/1.") && head.size() > 12) {
    std::from_chars(head.data() + 9, head.data() + 12, status);
  }
  return status >= 100 && status < 600 ? status : 0;
}

template <class Stream>
Awaitable<Result<unsigned>> converse(std::shared_ptr<Connection> connection, Stream& stream,
                                     std::string question) {
  std::error_code error;
  co_await asio::async_write(stream, asio::buffer(question), asio::redirect_error(kAwait, error));
  if (error) {
    co_return error_of(*connection, error, "write");
  }
  std::string answer;
  while (true) {
    const std::size_t size =
        co_await asio::async_read_until(stream, asio::dynamic_buffer(answer, kHeadMax), "\r\n\r\n",
                                        asio::redirect_error(kAwait, error));
    if (error) {
      co_return error_of(*connection, error, "read");
    }
    const unsigned status = status_in(answer);
    if (status == 0) {
      co_return Error{ErrorCode::unavailable, "what answers does not speak HTTP"};
    }
    if (status >= 200) {
      co_return status;
    }
    answer.erase(0, size);
  }
}

Awaitable<Result<unsigned>> converse_tls(std::shared_ptr<Connection> connection, Url url,
                                         std::string question) {
  std::error_code error;
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_default_verify_paths(error);
  TlsStream stream(connection->socket, context);
  stream.set_verify_mode(asio::ssl::verify_peer, error);
  stream.set_verify_callback(asio::ssl::host_name_verification(url.host), error);
  std::error_code is_name;
  asio::ip::make_address(url.host, is_name);
  if (is_name) {
    SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             url.host.data());
  }
  co_await stream.async_handshake(asio::ssl::stream_base::client,
                                  asio::redirect_error(kAwait, error));
  if (error && !connection->expired && error.category() == asio::error::get_ssl_category()) {
    co_return Error{ErrorCode::unauthenticated, "TLS: " + error.message()};
  }
  if (error) {
    co_return error_of(*connection, error, "TLS");
  }
  Result<unsigned> status = co_await converse(connection, stream, std::move(question));
  co_return status;
}

}  // namespace

Awaitable<Result<unsigned>> http_post(asio::io_context& loop, HttpPost post, Instant until) {
  const auto connection = std::make_shared<Connection>(loop, until);
  const TimeSocket guard(connection);
  const Result<asio::ip::address> address = co_await resolve(loop, post.url.host, until);
  if (!address) {
    co_return address.error();
  }
  const asio::ip::tcp::endpoint there(*address, post.url.port);
  std::error_code error;
  if (!connection->expired) {
    co_await connection->socket.async_connect(there, asio::redirect_error(kAwait, error));
  }
  if (error || connection->expired) {
    co_return error_of(*connection, error, "connect");
  }
  std::string question = text_of(post);
  if (post.url.tls) {
    Result<unsigned> status = co_await converse_tls(connection, post.url, std::move(question));
    co_return status;
  }
  Result<unsigned> status = co_await converse(connection, connection->socket, std::move(question));
  co_return status;
}

}  // namespace arcform
