// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_server.h"

#include <array>
#include <chrono>
#include <functional>
#include <vector>

#include <asio/ip/tcp.hpp>
#include <catch2/catch.hpp>

namespace arcform {
namespace {

using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// More than the buffers of both sides of a connection hold.
constexpr std::size_t kMuch = 32U << 20U;

class Endless final : public HttpStream {
 public:
  explicit Endless(std::size_t& pulled) : pulled_(pulled) {}
  std::string next(bool idle) override {
    ++pulled_;
    return idle ? "beat\n" : std::string(kMuch, 'x');
  }

 private:
  std::size_t& pulled_;
};

class Once final : public HttpStream {
 public:
  std::string next(bool idle) override { return idle ? "beat\n" : ""; }
};

class Handler final : public HttpHandler {
 public:
  HttpAnswer answer(const HttpRequest& request) override {
    if (request.path == "/much") {
      HttpAnswer much = plain_answer(200, std::string(kMuch, 'x'));
      return much;
    }
    HttpAnswer answer = plain_answer(200, "hello");
    if (request.path == "/endless") {
      answer.stream = std::make_unique<Endless>(pulled);
    } else if (request.path == "/stream") {
      answer.stream = std::make_unique<Once>();
    }
    return answer;
  }
  std::size_t pulled = 0;
};

struct Stage {
  explicit Stage(HttpLimits limits) {
    auto listening = HttpServer::listen(loop, {"127.0.0.1", 0, "localhost"}, handler, limits);
    REQUIRE(listening);
    server = std::move(*listening);
  }

  /// Runs the loop until `done`; false: it was not within five seconds.
  bool until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + seconds(5);
    while (!done()) {
      if (std::chrono::steady_clock::now() > limit) {
        return false;
      }
      loop.restart();
      loop.run_one_for(milliseconds(20));
    }
    return true;
  }

  tcp::socket connect(const std::string& say) {
    tcp::socket socket(loop);
    socket.connect({asio::ip::make_address("127.0.0.1"), server->port()});
    socket.write_some(asio::buffer(say));
    socket.non_blocking(true);
    return socket;
  }
  /// Reads what is there; true: the other side has closed.
  static bool read(tcp::socket& socket, std::string& into) {
    std::array<char, 65536> buffer{};
    std::error_code error;
    const std::size_t size = socket.read_some(asio::buffer(buffer), error);
    into.append(buffer.data(), size);
    return error && error != asio::error::would_block;
  }
  /// Everything until the other side closes.
  std::string ask(const std::string& say) {
    tcp::socket socket = connect(say);
    std::string text;
    CHECK(until([&] { return read(socket, text); }));
    return text;
  }

  asio::io_context loop;
  Handler handler;
  std::unique_ptr<HttpServer> server;
};

std::string get_request(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

HttpLimits quick() {
  HttpLimits limits;
  limits.head = milliseconds(300);
  limits.write = milliseconds(300);
  limits.beat = milliseconds(50);
  return limits;
}

TEST_CASE("a request is answered and its connection closed") {
  Stage stage(quick());
  CHECK(stage.ask(get_request("/")).ends_with("\r\n\r\nhello\n"));
  CHECK(stage.ask("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n").ends_with("\r\n\r\n"));
  CHECK(stage.ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")
            .starts_with("HTTP/1.1 405 "));
  CHECK(stage.ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").starts_with("HTTP/1.1 421 "));
  CHECK(stage.ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  CHECK(stage.ask(get_request("/much")).size() > kMuch);
}

TEST_CASE("one connection too many is told so, and the next one is served again") {
  HttpLimits limits = quick();
  limits.head = seconds(30);
  limits.connections = 3;
  Stage stage(limits);
  {
    std::vector<tcp::socket> idle;
    for (int i = 0; i < 3; ++i) {
      idle.push_back(stage.connect("GET / HT"));
    }
    CHECK(stage.ask(get_request("/")).starts_with("HTTP/1.1 503 "));
  }
  CHECK(stage.until([&stage] { return stage.ask(get_request("/")).starts_with("HTTP/1.1 200 "); }));
}

TEST_CASE("streams are bounded and leave room for requests") {
  HttpLimits limits = quick();
  limits.streams = 2;
  Stage stage(limits);
  std::vector<tcp::socket> followers;
  for (int i = 0; i < 2; ++i) {
    followers.push_back(stage.connect(get_request("/stream")));
    std::string text;
    CHECK(stage.until([&] {
      Stage::read(followers.back(), text);
      return text.ends_with("beat\n");
    }));
  }
  CHECK(stage.ask(get_request("/stream")).starts_with("HTTP/1.1 503 "));
  CHECK(stage.ask(get_request("/")).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("who sends its request byte by byte is sent away in time") {
  Stage stage(quick());
  tcp::socket slow = stage.connect("G");
  const auto begun = std::chrono::steady_clock::now();
  std::string text;
  std::error_code error;
  CHECK(stage.until([&] {
    slow.write_some(asio::buffer("x", 1), error);
    return Stage::read(slow, text);
  }));
  CHECK(std::chrono::steady_clock::now() - begun < seconds(2));
  CHECK(stage.ask(get_request("/")).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("who reads nothing holds nobody up, and is sent away in time") {
  HttpLimits limits = quick();
  limits.write = seconds(1);
  Stage stage(limits);
  const std::string path = GENERATE("/much", "/endless");
  tcp::socket slow = stage.connect(get_request(path));
  const auto begun = std::chrono::steady_clock::now();
  CHECK(stage.ask(get_request("/")).starts_with("HTTP/1.1 200 "));
  CHECK(std::chrono::steady_clock::now() - begun < limits.write);
  CHECK(stage.until([&] { return std::chrono::steady_clock::now() - begun > 2 * limits.write; }));
  std::string text;
  CHECK(stage.until([&] { return Stage::read(slow, text); }));
  CHECK(text.size() < kMuch);
  CHECK(stage.handler.pulled <= 1);  // Nothing piles up for it.
}

TEST_CASE("closing ends every connection") {
  Stage stage(quick());
  tcp::socket follower = stage.connect(get_request("/stream"));
  std::string text;
  CHECK(stage.until([&] {
    Stage::read(follower, text);
    return text.ends_with("beat\n");
  }));
  stage.server->close();
  CHECK(stage.until([&] { return Stage::read(follower, text); }));
}

TEST_CASE("a port that is taken is told") {
  Stage stage(quick());
  const auto second = HttpServer::listen(
      stage.loop, {"127.0.0.1", stage.server->port(), "localhost"}, stage.handler, quick());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::unavailable);
  INFO(second.error().message);
  CHECK(second.error().message.find("the port is taken; see who has it") != std::string::npos);
}

}  // namespace
}  // namespace arcform
