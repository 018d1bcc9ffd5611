// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tiny_server.h"

#include <string>
#include <system_error>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "drivers/async.h"

namespace arcform {
namespace {

using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
constexpr asio::use_awaitable_t<Executor> kWait;

asio::ip::tcp::endpoint any_port() {
  return {asio::ip::make_address("127.0.0.1"), 0};
}

/// Empty: say nothing and stay.
std::string answer_to(const std::string& line) {
  if (line == "half") {
    return "ha";
  }
  if (line == "bye") {
    return "good bye";
  }
  if (line == "flood") {
    return std::string(2U << 20U, 'f');
  }
  return line == "silent" || line == "close" ? "" : "you said: " + line + "\r\nEND\r\n";
}

Awaitable<void> serve(Socket socket) {
  std::string received;
  std::error_code error;
  while (!error) {
    const std::size_t n = co_await asio::async_read_until(socket, asio::dynamic_buffer(received),
                                                          '\n', asio::redirect_error(kWait, error));
    if (error) {
      co_return;
    }
    const std::string line = received.substr(0, n - 1);
    received.erase(0, n);
    const std::string answer = answer_to(line);
    co_await asio::async_write(socket, asio::buffer(answer), asio::redirect_error(kWait, error));
    if (line == "half" || line == "bye" || line == "close") {
      co_return;
    }
  }
}

}  // namespace

struct TinyServer::State : std::enable_shared_from_this<State> {
  explicit State(asio::io_context& io) : loop(io), acceptor(io, any_port()) {}
  void accept() {
    acceptor.async_accept([self = shared_from_this()](std::error_code error, Socket socket) {
      if (!error) {
        asio::co_spawn(self->loop, serve(std::move(socket)), asio::detached);
        self->accept();
      }
    });
  }
  asio::io_context& loop;
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor;
};

TinyServer::TinyServer(asio::io_context& loop) : state_(std::make_shared<State>(loop)) {
  state_->accept();
}

TinyServer::~TinyServer() {
  state_->acceptor.close();
}

std::uint16_t TinyServer::port() const {
  return state_->acceptor.local_endpoint().port();
}

std::uint16_t unused_port() {
  asio::io_context loop;
  const asio::ip::tcp::acceptor acceptor(loop, any_port());
  return acceptor.local_endpoint().port();
}

}  // namespace arcform
