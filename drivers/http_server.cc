// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_server.h"

#include <array>
#include <set>
#include <system_error>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <fmt/format.h>

#include "drivers/waiting.h"

namespace arcform {
namespace {

using Socket = asio::basic_stream_socket<asio::ip::tcp, LoopExecutor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, LoopExecutor>;

/// How long a client may still send after its answer: closing at once would reset the connection
/// under an answer that is not read yet.
constexpr std::chrono::milliseconds kLinger{1000};
/// After an accept that failed (no descriptor is left).
constexpr std::chrono::milliseconds kAcceptPause{500};

struct Connection {
  explicit Connection(asio::io_context& loop) : socket(loop), deadline(loop), pace(loop) {}

  void close() {
    closed = true;
    std::error_code ignored;
    socket.close(ignored);
    deadline.cancel();
    pace.cancel();
  }

  Socket socket;
  LoopTimer deadline;
  LoopTimer pace;  ///< of a stream
  bool news = false;
  bool closed = false;
  std::array<char, 4096> buffer{};
};

}  // namespace

struct HttpServer::Core {
  Core(asio::io_context& its_loop, HttpHandler& its_handler, HttpLimits its_limits)
      : loop(its_loop),
        acceptor(its_loop),
        pause(its_loop),
        handler(its_handler),
        limits(its_limits) {}

  asio::io_context& loop;
  Acceptor acceptor;
  LoopTimer pause;
  HttpHandler& handler;
  HttpLimits limits;
  std::string name;
  std::set<std::shared_ptr<Connection>> connections;
  std::size_t streams = 0;
  bool closed = false;
};

namespace {

/// Closes the connection unless the time is set anew before it is over.
void give(const std::shared_ptr<Connection>& connection, std::chrono::milliseconds time) {
  connection->deadline.expires_after(time);
  connection->deadline.async_wait([connection](std::error_code cancelled) {
    if (!cancelled) {
      connection->close();
    }
  });
}

Awaitable<bool> send(std::shared_ptr<Connection> connection, std::string bytes,
                     std::chrono::milliseconds time) {
  give(connection, time);
  std::error_code error;
  co_await asio::async_write(connection->socket, asio::buffer(bytes),
                             asio::redirect_error(kAwait, error));
  co_return !error && !connection->closed;
}

/// The request's head; otherwise the answer to what was no request, or nothing to a client that
/// left or took too long.
Awaitable<bool> read_head(std::shared_ptr<Connection> connection, HttpRequestReader& reader) {
  while (true) {
    std::error_code error;
    const std::size_t size = co_await connection->socket.async_read_some(
        asio::buffer(connection->buffer), asio::redirect_error(kAwait, error));
    if (error || connection->closed) {
      co_return false;
    }
    if (reader.feed({connection->buffer.data(), size}) != HttpRequestReader::State::more) {
      co_return true;
    }
  }
}

/// Reads what else the client sends until it closes.
Awaitable<void> linger(std::shared_ptr<Connection> connection) {
  give(connection, kLinger);
  std::error_code error;
  connection->socket.shutdown(asio::socket_base::shutdown_send, error);
  while (!error && !connection->closed) {
    co_await connection->socket.async_read_some(asio::buffer(connection->buffer),
                                                asio::redirect_error(kAwait, error));
  }
}

/// A stream's client says nothing more: whatever comes is its end.
void await_end(const std::shared_ptr<Connection>& connection) {
  connection->socket.async_read_some(
      asio::buffer(connection->buffer),
      [connection](std::error_code, std::size_t) { connection->close(); });
}

Awaitable<void> feed(std::shared_ptr<HttpServer::Core> core, std::shared_ptr<Connection> connection,
                     std::unique_ptr<HttpStream> stream) {
  await_end(connection);
  bool idle = false;
  while (!connection->closed && !core->closed) {
    connection->news = false;
    std::string bytes = stream->next(idle);
    if (!bytes.empty()) {
      const bool sent = co_await send(connection, std::move(bytes), core->limits.write);
      connection->deadline.cancel();
      if (!sent) {
        break;
      }
    }
    idle = false;
    if (!connection->news && !connection->closed) {
      std::error_code woken;
      connection->pace.expires_after(core->limits.beat);
      co_await connection->pace.async_wait(asio::redirect_error(kAwait, woken));
      idle = !woken;
    }
  }
}

/// The answer to what was read.
HttpAnswer answer_to(HttpServer::Core& core, const HttpRequestReader& reader) {
  if (reader.status() != 0) {
    return plain_answer(reader.status(), "this is not a request that is understood");
  }
  if (auto refused = refusal(reader.request(), core.name)) {
    return std::move(*refused);
  }
  HttpAnswer answer = core.handler.answer(reader.request());
  if (answer.stream != nullptr && core.streams >= core.limits.streams) {
    return plain_answer(503, "too many clients follow events already; try again later");
  }
  return answer;
}

Awaitable<void> serve(std::shared_ptr<HttpServer::Core> core,
                      std::shared_ptr<Connection> connection) {
  give(connection, core->limits.head);
  HttpRequestReader reader;
  const bool read = co_await read_head(connection, reader);
  if (read && !core->closed) {
    HttpAnswer answer = answer_to(*core, reader);
    std::string bytes = head_of(answer);
    const bool whole = reader.request().method != "HEAD";
    if (whole && answer.body != nullptr) {
      bytes += *answer.body;
    }
    const bool follows = whole && answer.stream != nullptr;
    core->streams += follows ? 1 : 0;
    const bool sent = co_await send(connection, std::move(bytes), core->limits.write);
    if (sent && follows) {
      co_await feed(core, connection, std::move(answer.stream));
    } else if (sent) {
      co_await linger(connection);
    }
    core->streams -= follows ? 1 : 0;
  }
  connection->close();
  core->connections.erase(connection);
}

Error listen_error(const ListenPlace& place, const std::error_code& error) {
  const bool denied = error == asio::error::access_denied;
  const bool taken = error == asio::error::address_in_use;
  return Error{denied ? ErrorCode::permission_denied : ErrorCode::unavailable,
               fmt::format("listen on {}:{}: {}; {}", place.address, place.port,
                           taken ? "the port is taken" : error.message(),
                           taken ? "see who has it with `ss -ltnp`, or name another with --listen"
                                 : "name another address with --listen, or none")};
}

void take(const std::shared_ptr<HttpServer::Core>& core, std::shared_ptr<Connection> connection) {
  std::error_code ignored;
  connection->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (core->connections.size() >= core->limits.connections) {
    const HttpAnswer answer = plain_answer(503, "too many connections; try again later");
    const std::string bytes = head_of(answer) + *answer.body;
    connection->socket.non_blocking(true, ignored);
    connection->socket.read_some(asio::buffer(connection->buffer), ignored);
    connection->socket.write_some(asio::buffer(bytes), ignored);
    connection->close();
    return;
  }
  core->connections.insert(connection);
  asio::co_spawn(core->loop, serve(core, std::move(connection)), asio::detached);
}

void accept_next(const std::shared_ptr<HttpServer::Core>& core) {
  const auto connection = std::make_shared<Connection>(core->loop);
  core->acceptor.async_accept(connection->socket, [core, connection](std::error_code error) {
    if (core->closed) {
      return;
    }
    if (!error) {
      take(core, connection);
      accept_next(core);
      return;
    }
    core->pause.expires_after(kAcceptPause);
    core->pause.async_wait([core](std::error_code) {
      if (!core->closed) {
        accept_next(core);
      }
    });
  });
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::io_context& loop, ListenPlace place,
                                                       HttpHandler& handler, HttpLimits limits) {
  std::error_code error;
  const asio::ip::address_v4 ip = asio::ip::make_address_v4(place.address, error);
  if (error) {
    return Error{ErrorCode::invalid_argument, "not a numeric IPv4 address: " + place.address};
  }
  const auto core = std::make_shared<Core>(loop, handler, limits);
  core->name = place.name;
  const asio::ip::tcp::endpoint here(ip, place.port);
  core->acceptor.open(here.protocol(), error);
  if (!error) {
    core->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  }
  if (!error) {
    core->acceptor.bind(here, error);
  }
  if (!error) {
    core->acceptor.listen(asio::socket_base::max_listen_connections, error);
  }
  if (error) {
    return listen_error(place, error);
  }
  accept_next(core);
  return std::unique_ptr<HttpServer>(new HttpServer(core));
}

HttpServer::~HttpServer() {
  close();
}

std::uint16_t HttpServer::port() const {
  std::error_code ignored;
  return core_->acceptor.local_endpoint(ignored).port();
}

void HttpServer::wake() {
  for (const std::shared_ptr<Connection>& connection : core_->connections) {
    connection->news = true;
    connection->pace.cancel();
  }
}

void HttpServer::close() {
  core_->closed = true;
  std::error_code ignored;
  core_->acceptor.close(ignored);
  core_->pause.cancel();
  for (const std::shared_ptr<Connection>& connection : core_->connections) {
    connection->close();
  }
}

}  // namespace arcform
