// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <asio/io_context.hpp>

namespace arcform {

/// One request that an HTTP server got.
struct ReceivedPost {
  std::string head;  ///< from "POST" to the empty line
  std::string body;
};

/// An HTTP server on the given loop that answers what it is told to, byte for byte: also nothing at
/// all. One request per connection.
class HookReceiver {
 public:
  struct Answer {
    std::string bytes;   ///< empty: none
    bool hangs = false;  ///< the connection stays open
  };
  using Handler = std::function<Answer(const ReceivedPost& post)>;
  struct Tls {
    std::string certificate;  ///< PEM file
    std::string key;          ///< PEM file
  };

  /// Port 0: any. `tls`: nullptr for plain HTTP.
  HookReceiver(asio::io_context& loop, const std::string& address, std::uint16_t port,
               Handler handler, const Tls* tls = nullptr);
  ~HookReceiver();
  HookReceiver(const HookReceiver&) = delete;
  HookReceiver& operator=(const HookReceiver&) = delete;
  std::uint16_t port() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace arcform
