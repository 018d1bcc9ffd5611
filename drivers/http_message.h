// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Requests and answers of HTTP/1.1 as values: nothing here touches a socket.
namespace arcform {

/// Of a request, what is looked at here.
struct HttpRequest {
  std::string method;                 ///< "GET"
  std::string path;                   ///< "/metrics": as sent, without the query
  std::string host;                   ///< of the header Host; empty: none
  std::optional<std::string> origin;  ///< of the header Origin; nullopt: none
  std::string last_event;             ///< of the header Last-Event-ID
};

/// What goes on for as long as its client stays. Pulled from, so that a client that reads slowly
/// gets less and nothing piles up for it.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  /// The next bytes; empty: nothing is new. `idle`: nothing was sent for a while, so something
  /// should be, if only to show that this side lives.
  virtual std::string next(bool idle) = 0;
};

struct HttpAnswer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::shared_ptr<const std::string> body;  ///< shared: many clients may be sent the same one
  std::string header{};                     ///< one more line, "Allow: GET"; or empty
  std::unique_ptr<HttpStream> stream{};     ///< goes on instead of the body
};
/// A text with a newline behind it.
HttpAnswer plain_answer(int status, std::string text);

/// The head of a request, piece by piece as it arrives. A body is not looked at.
class HttpRequestReader {
 public:
  static constexpr std::size_t kHeadMax = 8192;

  HttpRequestReader();
  ~HttpRequestReader();
  HttpRequestReader(const HttpRequestReader&) = delete;
  HttpRequestReader& operator=(const HttpRequestReader&) = delete;

  enum class State { more, done, refused };
  State feed(std::string_view bytes);
  /// Once done.
  const HttpRequest& request() const;
  /// Once refused: 400 or 431.
  int status() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Why a request is not answered: another method than GET and HEAD; a name in Host that is neither
/// `own_name`, nor localhost, nor an address (a page of another site whose name has been pointed
/// here would send its own); an Origin that is not the place that was asked. nullopt: it is.
std::optional<HttpAnswer> refusal(const HttpRequest& request, std::string_view own_name);

/// Status line and headers. Every answer forbids scripts, styles and frames
/// of other origins, and closes the connection.
std::string head_of(const HttpAnswer& answer);

}  // namespace arcform
