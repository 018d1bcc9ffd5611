// SPDX-License-Identifier: Apache-2.0
#include "drivers/ssh_agent.h"

#include <array>
#include <memory>
#include <system_error>
#include <utility>

#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include "drivers/ssh_wire.h"
#include "drivers/timed_socket.h"

namespace arcform::ssh_agent {
namespace {

using Connection = TimedSocket<asio::local::stream_protocol>;

constexpr char kRequestIdentities = 11;
constexpr std::uint8_t kIdentitiesAnswer = 12;
constexpr char kSignRequest = 13;
constexpr std::uint8_t kSignResponse = 14;
constexpr std::uint32_t kRsaSha2_512 = 4;
constexpr std::uint32_t kAnswerMax = 256 * 1024;

Error failed(const Connection& connection, const std::error_code& error) {
  if (connection.expired) {
    return Error{ErrorCode::deadline_exceeded, "ssh agent: no answer in time"};
  }
  return Error{ErrorCode::unavailable, "ssh agent: " + error.message()};
}

/// One request, one answer, without the length in front.
Awaitable<Result<std::string>> request(asio::io_context& loop, std::string path, std::string body,
                                       Instant until) {
  const auto connection = std::make_shared<Connection>(loop, until);
  const TimeSocket guard(connection);
  std::error_code error;
  if (path.size() >= 108) {
    co_return Error{ErrorCode::unavailable, "ssh agent: the socket's path is too long"};
  }
  const asio::local::stream_protocol::endpoint there(path);
  co_await connection->socket.async_connect(there, asio::redirect_error(kAwait, error));
  if (error) {
    co_return failed(*connection, error);
  }
  std::string framed;
  ssh_wire::put_string(framed, body);
  co_await asio::async_write(connection->socket, asio::buffer(framed),
                             asio::redirect_error(kAwait, error));
  if (error) {
    co_return failed(*connection, error);
  }
  std::string answer(4, '\0');
  co_await asio::async_read(connection->socket, asio::buffer(answer),
                            asio::redirect_error(kAwait, error));
  const std::uint32_t size = ssh_wire::Reader(answer).u32().value_or(0);
  if (error || size > kAnswerMax) {
    co_return failed(*connection, error);
  }
  answer.resize(size);
  co_await asio::async_read(connection->socket, asio::buffer(answer),
                            asio::redirect_error(kAwait, error));
  if (error) {
    co_return failed(*connection, error);
  }
  co_return answer;
}

}  // namespace

Awaitable<Result<std::vector<AgentKey>>> list_keys(asio::io_context& loop, std::string socket,
                                                   Instant until) {
  std::string question(1, kRequestIdentities);
  const Result<std::string> answer =
      co_await request(loop, std::move(socket), std::move(question), until);
  if (!answer) {
    co_return answer.error();
  }
  ssh_wire::Reader reader(*answer);
  std::vector<AgentKey> keys;
  if (reader.u8() != kIdentitiesAnswer) {
    co_return keys;
  }
  const std::uint32_t count = reader.u32().value_or(0);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto blob = reader.string();
    const auto comment = reader.string();
    if (!comment) {
      break;
    }
    keys.push_back(AgentKey{std::string(*blob), std::string(*comment)});
  }
  co_return keys;
}

Awaitable<Result<std::string>> sign(asio::io_context& loop, std::string socket, std::string blob,
                                    std::string data, Instant until) {
  std::string question(1, kSignRequest);
  ssh_wire::put_string(question, blob);
  ssh_wire::put_string(question, data);
  ssh_wire::put_u32(question, ssh_wire::key_type(blob) == "ssh-rsa" ? kRsaSha2_512 : 0);
  const Result<std::string> answer =
      co_await request(loop, std::move(socket), std::move(question), until);
  if (!answer) {
    co_return answer.error();
  }
  ssh_wire::Reader reader(*answer);
  const bool signed_it = reader.u8() == kSignResponse;
  const std::string_view wrapped = reader.string().value_or(std::string_view());
  ssh_wire::Reader signature(wrapped);
  signature.string();
  const auto raw = signature.string();
  if (!signed_it || !raw) {
    co_return Error{ErrorCode::permission_denied, "ssh agent: it refused to sign"};
  }
  co_return std::string(*raw);
}

}  // namespace arcform::ssh_agent
