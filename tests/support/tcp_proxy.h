// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <asio/io_context.hpp>

namespace arcform {

/// A way to a TCP server on loopback that a test can cut; it runs on the test's own loop.
class TcpProxy {
 public:
  /// Listens on a free port of 127.0.0.1 and forwards to `port` of 127.0.0.1.
  TcpProxy(asio::io_context& loop, std::uint16_t port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  /// "127.0.0.1:20011"
  std::string address() const;
  /// Drops every connection, and new ones at once, until restore().
  void cut();
  void restore();
  /// Swallows what the server says, on connections open now and later, until cut().
  void lose_replies();

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace arcform
