// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <asio/io_context.hpp>

#include "drivers/http_message.h"
#include "model/result.h"

namespace arcform {

/// Answers requests, on the loop's thread. It must not block.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Only requests that refusal() lets pass.
  virtual HttpAnswer answer(const HttpRequest& request) = 0;
};

struct HttpLimits {
  std::size_t connections = 64;             ///< more are answered 503 at once
  std::size_t streams = 16;                 ///< of these; more are answered 503
  std::chrono::milliseconds head{5'000};    ///< for a request to arrive in whole
  std::chrono::milliseconds write{10'000};  ///< for a client to take what it is sent
  std::chrono::milliseconds beat{5'000};    ///< between two signs of life of a stream
};

/// Where to listen.
struct ListenPlace {
  std::string address;     ///< numeric IPv4
  std::uint16_t port = 0;  ///< 0: any that is free
  std::string name;        ///< that clients may call it by, besides addresses and localhost
};

/// A small HTTP/1.1 server in the loop: no threads, one request per connection, and whoever is slow
/// or one too many is sent away. Messages are parsed by http_parser. Debian's cpp-httplib (0.11) is
/// no use here: it gives every read its own time but a request none, so that as many clients as it
/// has threads, sending a byte now and then, shut all others out (two threads and two such clients:
/// /healthz did not answer within 8 s); one connection too many waits instead of being told so;
/// each follower of events holds a thread; and its library brings OpenSSL, zlib and brotli along,
/// 1.6 ms more at the start of every command.
class HttpServer {
 public:
  /// `handler` must live until close(). Errors: unavailable (the port is taken, or the address is
  /// none of this machine), permission_denied.
  static Result<std::unique_ptr<HttpServer>> listen(asio::io_context& loop, ListenPlace place,
                                                    HttpHandler& handler, HttpLimits limits);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  /// There may be news for streams.
  void wake();
  /// Ends every connection; the handler is not called any more.
  void close();

  struct Core;

 private:
  explicit HttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  std::shared_ptr<Core> core_;
};

}  // namespace arcform
