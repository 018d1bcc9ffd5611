// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include <asio/io_context.hpp>

namespace arcform {

/// A server on 127.0.0.1 and the given loop that answers one line at a time: "close": closes at
/// once; "half": says "ha" and closes; "silent": says nothing; "bye": says "good bye" and closes;
/// "flood": says 2 MB and stays; anything else: "you said: <line>\r\nEND\r\n" and stays.
class TinyServer {
 public:
  explicit TinyServer(asio::io_context& loop);
  ~TinyServer();
  std::uint16_t port() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// A port of 127.0.0.1 where nobody listens.
std::uint16_t unused_port();

}  // namespace arcform
