// SPDX-License-Identifier: Apache-2.0
#include "model/names.h"

#include <catch2/catch.hpp>

using namespace arcform;

TEST_CASE("an endpoint is exactly ip:port") {
  const auto [text, valid] = GENERATE(table<std::string, bool>({
      {"10.0.0.1:11211", true},
      {"0.0.0.0:1", true},
      {"255.255.255.255:65535", true},
      {"10.0.0.1:0", false},
      {"10.0.0.1:65536", false},
      {"10.0.0.1:011211", false},
      {"10.0.0.01:11211", false},
      {"10.0.0.256:11211", false},
      {"10.0.0:11211", false},
      {"10.0.0.1.2:11211", false},
      {"10.0.0.1", false},
      {"10.0.0.1:", false},
      {":11211", false},
      {"10.0.0.1:1 ", false},
      {" 10.0.0.1:1", false},
      {"10.0.0.1:-1", false},
      {"10.0.0.1:+1", false},
      {"::1:11211", false},
      {"host:11211", false},
      {"", false},
  }));
  CAPTURE(text);
  const auto endpoint = Endpoint::parse(text);
  CHECK(endpoint.has_value() == valid);
  if (endpoint) {
    CHECK(endpoint->text() == text);
  }
}

TEST_CASE("endpoints sort by address, then port") {
  CHECK(*Endpoint::parse("9.0.0.1:2") < *Endpoint::parse("10.0.0.1:1"));
  CHECK(*Endpoint::parse("10.0.0.1:2") < *Endpoint::parse("10.0.0.1:11"));
  CHECK(Endpoint::parse("10.0.0.1:2")->ip_text() == "10.0.0.1");
}

TEST_CASE("a service code is one that every Arcus tool can live with") {
  const auto [text, valid] = GENERATE(table<std::string, bool>({
      {"test-cloud", true},
      {"A.b_c-9", true},
      {"-x", true},
      {std::string(128, 'a'), true},
      {std::string(129, 'a'), false},
      {"", false},
      {".", false},
      {"..", false},
      {"a/b", false},
      {"a^b", false},
      {"a b", false},
      {"a,b", false},
      {"a=b", false},
      {"a\nb", false},
      {"클라우드", false},
  }));
  CAPTURE(text);
  CHECK(is_service_code(text) == valid);
}

TEST_CASE("host and deployment names can never be read as an option") {
  CHECK(is_host_name("cache001.arcus"));
  CHECK(is_host_name("1host"));
  CHECK_FALSE(is_host_name("-oProxyCommand=x"));
  CHECK_FALSE(is_host_name(".hidden"));
  CHECK_FALSE(is_host_name("a;b"));
  CHECK_FALSE(is_host_name(std::string(254, 'a')));
  CHECK(is_deployment_name("seoul-prod"));
  CHECK_FALSE(is_deployment_name("-x"));
  CHECK_FALSE(is_deployment_name(std::string(65, 'a')));
  CHECK_FALSE(is_deployment_name(""));
}

TEST_CASE("printable text is harmless to a terminal") {
  const auto [text, shown] = GENERATE(table<std::string, std::string>({
      {"plain", "plain"},
      {"아르커스 → 200", "아르커스 → 200"},
      {"a\nb\tc\r", "a\\x0Ab\\x09c\\x0D"},
      {"\x1b[2J", "\\x1B[2J"},
      {"\x7f", "\\x7F"},
      {"\xc2\x9b", "\\xC2\\x9B"},           // a control sequence introducer in one byte
      {"\xe2\x80\xae", "\\xE2\\x80\\xAE"},  // right-to-left override
      {"\xff", "\\xFF"},
      {"\xc0\xaf", "\\xC0\\xAF"},           // overlong
      {"\xe2\x82", "\\xE2\\x82"},           // cut short
      {"\xed\xa0\x80", "\\xED\\xA0\\x80"},  // surrogate
  }));
  CHECK(printable(text) == shown);
}

TEST_CASE("printable text is bounded") {
  CHECK(printable(std::string(600, 'a')) == std::string(512, 'a') + "...");
  CHECK(printable("abc", 3) == "abc");
  CHECK(printable("abcd", 3) == "abc...");
}
