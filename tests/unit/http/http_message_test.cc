// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_message.h"

#include <catch2/catch.hpp>

namespace arcform {
namespace {

using State = HttpRequestReader::State;

HttpRequest get(const std::string& host) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/";
  request.host = host;
  return request;
}

int refused_with(const HttpRequest& request) {
  const auto answer = refusal(request, "ops1");
  return answer ? answer->status : 0;
}

TEST_CASE("a request is read, however its bytes come") {
  const std::string text =
      "GET /metrics?x=1 HTTP/1.1\r\nhost: Ops1:9464\r\nORIGIN: http://evil.example\r\n"
      "Last-Event-ID: 5a-17\r\n\r\n";
  const std::size_t piece = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{1000});
  HttpRequestReader reader;
  State state = State::more;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    REQUIRE(state == State::more);
    state = reader.feed(text.substr(at, piece));
  }
  REQUIRE(state == State::done);
  CHECK(reader.request().method == "GET");
  CHECK(reader.request().path == "/metrics");
  CHECK(reader.request().host == "Ops1:9464");
  CHECK(reader.request().origin == "http://evil.example");
  CHECK(reader.request().last_event == "5a-17");
}

TEST_CASE("what is no request is refused") {
  HttpRequestReader reader;
  SECTION("another protocol") {
    CHECK(reader.feed("SSH-2.0-OpenSSH_9.2\r\n") == State::refused);
    CHECK(reader.status() == 400);
  }
  SECTION("two hosts") {
    CHECK(reader.feed("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == State::refused);
    CHECK(reader.status() == 400);
  }
  SECTION("as for a proxy") {
    CHECK(reader.feed("GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n") == State::refused);
    CHECK(reader.status() == 400);
  }
  SECTION("a head without end") {
    State state = reader.feed("GET / HTTP/1.1\r\n");
    for (int i = 0; i < 1000 && state == State::more; ++i) {
      state = reader.feed("x-much: of nothing\r\n");
    }
    CHECK(state == State::refused);
    CHECK(reader.status() == 431);
  }
}

TEST_CASE("only GET and HEAD are answered") {
  HttpRequest request = get("localhost:9464");
  CHECK(refused_with(request) == 0);
  request.method = "HEAD";
  CHECK(refused_with(request) == 0);
  request.method = GENERATE("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE");
  CHECK(refused_with(request) == 405);
  CHECK(head_of(*refusal(request, "ops1")).find("Allow: GET, HEAD\r\n") != std::string::npos);
}

TEST_CASE("a name that was pointed here by another site is refused") {
  CHECK(refused_with(get("127.0.0.1:9464")) == 0);
  CHECK(refused_with(get("[::1]:9464")) == 0);
  CHECK(refused_with(get("LOCALHOST")) == 0);
  CHECK(refused_with(get("ops1:9464")) == 0);
  CHECK(refused_with(get("evil.example:9464")) == 421);
  CHECK(refused_with(get("ops1.evil.example")) == 421);
  CHECK(refused_with(get("127.0.0.1.evil.example")) == 421);
  CHECK(refused_with(get("")) == 421);
}

TEST_CASE("pages of other origins are refused") {
  HttpRequest request = get("ops1:9464");
  request.origin = "http://ops1:9464";
  CHECK(refused_with(request) == 0);
  request.origin = GENERATE("http://evil.example", "null", "http://ops1:80", "http://ops1:9464.x");
  CHECK(refused_with(request) == 403);
}

TEST_CASE("every answer forbids what a page could be made to load or run") {
  const std::string head = head_of(plain_answer(404, "no"));
  for (const char* const line :
       {"HTTP/1.1 404 Not Found\r\n",
        "Content-Security-Policy: default-src 'none'; script-src 'self'", "frame-ancestors 'none'",
        "X-Content-Type-Options: nosniff\r\n", "Cache-Control: no-store\r\n",
        "Connection: close\r\n", "Content-Length: 3\r\n"}) {
    INFO(line);
    CHECK(head.find(line) != std::string::npos);
  }
  CHECK(head.find("unsafe") == std::string::npos);
}

}  // namespace
}  // namespace arcform
