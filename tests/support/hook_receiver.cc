// SPDX-License-Identifier: Apache-2.0
#include "tests/support/hook_receiver.h"

#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "drivers/async.h"

namespace arcform {
namespace {

using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
constexpr asio::use_awaitable_t<Executor> kWait;

std::size_t length_in(const std::string& head) {
  constexpr std::string_view kName = "Content-Length: ";
  const std::size_t at = head.find(kName);
  std::size_t length = 0;
  if (at != std::string::npos) {
    std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), length);
  }
  return length;
}

/// Until the other side has gone.
template <class Stream>
Awaitable<void> converse(Stream& stream, const HookReceiver::Handler& handler) {
  std::string received;
  std::error_code error;
  const std::size_t head_size = co_await asio::async_read_until(
      stream, asio::dynamic_buffer(received), "\r\n\r\n", asio::redirect_error(kWait, error));
  if (error) {
    co_return;
  }
  ReceivedPost post{received.substr(0, head_size), received.substr(head_size)};
  const std::size_t length = length_in(post.head);
  while (!error && post.body.size() < length) {
    co_await asio::async_read(stream, asio::dynamic_buffer(post.body),
                              asio::transfer_exactly(length - post.body.size()),
                              asio::redirect_error(kWait, error));
  }
  const HookReceiver::Answer answer = handler(post);
  co_await asio::async_write(stream, asio::buffer(answer.bytes),
                             asio::redirect_error(kWait, error));
  while (answer.hangs && !error) {
    std::string rest;
    co_await asio::async_read(stream, asio::dynamic_buffer(rest), asio::transfer_at_least(1),
                              asio::redirect_error(kWait, error));
  }
}

}  // namespace

struct HookReceiver::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io, const asio::ip::tcp::endpoint& where, Handler its_handler)
      : loop(io), acceptor(io, where), handler(std::move(its_handler)) {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](std::error_code error, Socket socket) {
      if (!error) {
        asio::co_spawn(self->loop, serve(self, std::move(socket)), asio::detached);
        self->accept();
      }
    });
  }

  static Awaitable<void> serve(std::shared_ptr<State> self, Socket socket) {
    if (!self->tls) {
      co_await converse(socket, self->handler);
      co_return;
    }
    asio::ssl::stream<Socket&> stream(socket, *self->tls);
    std::error_code error;
    co_await stream.async_handshake(asio::ssl::stream_base::server,
                                    asio::redirect_error(kWait, error));
    if (!error) {
      co_await converse(stream, self->handler);
    }
  }

  asio::io_context& loop;
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor;
  Handler handler;
  std::optional<asio::ssl::context> tls;
};

HookReceiver::HookReceiver(asio::io_context& loop, const std::string& address, std::uint16_t port,
                           Handler handler, const Tls* tls)
    : state_(std::make_shared<State>(loop,
                                     asio::ip::tcp::endpoint(asio::ip::make_address(address), port),
                                     std::move(handler))) {
  if (tls != nullptr) {
    state_->tls.emplace(asio::ssl::context::tls_server);
    state_->tls->use_certificate_file(tls->certificate, asio::ssl::context::pem);
    state_->tls->use_private_key_file(tls->key, asio::ssl::context::pem);
  }
  state_->accept();
}

HookReceiver::~HookReceiver() {
  state_->acceptor.close();
}

std::uint16_t HookReceiver::port() const {
  return state_->acceptor.local_endpoint().port();
}

}  // namespace arcform
