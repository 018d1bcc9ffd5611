// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tcp_proxy.h"

#include <set>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <fmt/format.h>

#include "drivers/async.h"
#include "tests/support/real_zookeeper.h"

namespace arcform {

namespace {

using LoopExecutor = asio::io_context::executor_type;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, LoopExecutor>;
using Acceptor = asio::basic_socket_acceptor<Tcp, LoopExecutor>;

Tcp::endpoint here(std::uint16_t port) {
  return {asio::ip::address_v4::loopback(), port};
}

struct Connection {
  explicit Connection(asio::io_context& loop)
      : client(loop.get_executor()), server(loop.get_executor()) {}
  void close() {
    asio::error_code ignored;
    client.close(ignored);
    server.close(ignored);
  }
  Socket client;
  Socket server;
};

}  // namespace

struct TcpProxy::State {
  State(asio::io_context& its_loop, std::uint16_t its_target)
      : loop(its_loop),
        target(its_target),
        port(free_port()),
        acceptor(its_loop.get_executor(), here(port)) {}

  asio::io_context& loop;
  std::uint16_t target;
  std::uint16_t port;
  Acceptor acceptor;
  bool is_cut = false;
  bool is_losing = false;
  std::set<std::shared_ptr<Connection>> connections;

  static Awaitable<void> serve(std::shared_ptr<State> self);
  static Awaitable<void> open(std::shared_ptr<State> self, std::shared_ptr<Connection> connection);
  static Awaitable<void> pump(std::shared_ptr<State> self, std::shared_ptr<Connection> connection,
                              bool replies);
};

Awaitable<void> TcpProxy::State::serve(std::shared_ptr<State> self) {
  const asio::use_awaitable_t<LoopExecutor> token{};
  for (;;) {
    asio::error_code error;
    const auto connection = std::make_shared<Connection>(self->loop);
    co_await self->acceptor.async_accept(connection->client, asio::redirect_error(token, error));
    if (error) {
      co_return;
    }
    if (!self->is_cut) {
      self->connections.insert(connection);
      asio::co_spawn(self->loop.get_executor(), open(self, connection), asio::detached);
    }
  }
}

Awaitable<void> TcpProxy::State::open(std::shared_ptr<State> self,
                                      std::shared_ptr<Connection> connection) {
  const asio::use_awaitable_t<LoopExecutor> token{};
  asio::error_code error;
  co_await connection->server.async_connect(here(self->target), asio::redirect_error(token, error));
  if (error) {
    connection->close();
    co_return;
  }
  asio::co_spawn(self->loop.get_executor(), pump(self, connection, true), asio::detached);
  co_await pump(self, connection, false);
}

Awaitable<void> TcpProxy::State::pump(std::shared_ptr<State> self,
                                      std::shared_ptr<Connection> connection, bool replies) {
  const asio::use_awaitable_t<LoopExecutor> token{};
  Socket& from = replies ? connection->server : connection->client;
  Socket& to = replies ? connection->client : connection->server;
  std::string buffer(64 * 1024, '\0');
  for (;;) {
    asio::error_code error;
    const std::size_t size =
        co_await from.async_read_some(asio::buffer(buffer), asio::redirect_error(token, error));
    if (!error && !(replies && self->is_losing)) {
      const auto piece = asio::buffer(buffer.data(), size);
      co_await asio::async_write(to, piece, asio::redirect_error(token, error));
    }
    if (error) {
      connection->close();
      self->connections.erase(connection);
      co_return;
    }
  }
}

TcpProxy::TcpProxy(asio::io_context& loop, std::uint16_t port)
    : state_(std::make_shared<State>(loop, port)) {
  asio::co_spawn(loop.get_executor(), State::serve(state_), asio::detached);
}

TcpProxy::~TcpProxy() {
  cut();
  asio::error_code ignored;
  state_->acceptor.close(ignored);
}

std::string TcpProxy::address() const {
  return fmt::format("127.0.0.1:{}", state_->port);
}

void TcpProxy::cut() {
  state_->is_cut = true;
  state_->is_losing = false;
  for (const auto& connection : state_->connections) {
    connection->close();
  }
}

void TcpProxy::restore() {
  state_->is_cut = false;
}

void TcpProxy::lose_replies() {
  state_->is_losing = true;
}

}  // namespace arcform
