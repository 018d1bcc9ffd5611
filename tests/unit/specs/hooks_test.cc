// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "model/watch_hook.h"
#include "tests/unit/specs/spec_text.h"

namespace arcform {
namespace {

/// A small spec with these hooks.
std::string spec_with(const std::string& hooks) {
  return R"({"apiVersion": "arcform/v1", "deployment": "t", "hosts": [],
"ensemble": {"external": "10.0.0.9:2181"}, "clouds": [], "watch": {"hooks": )" +
         hooks + "}}";
}

std::string said(const std::string& hooks) {
  return said_about(spec_with(hooks));
}

TEST_CASE("a hook of a spec: a URL with a token, a program, what is left out") {
  const SpecResult read = read_spec(
      spec_with(R"([{"name": "pager", "url": "https://p.example/v1", "token": {"file": "~/t"},
                     "events": ["converged", "alarm", "alarm"], "timeout": "5s", "repeat": "2h"},
                    {"name": "tell", "exec": ["/bin/tell", "ops team"]}])"),
      "s");
  REQUIRE(read.desired);
  const std::vector<WatchHook>& hooks = read.desired->watch.hooks;
  REQUIRE(hooks.size() == 2);
  CHECK(hooks[0] == WatchHook{"pager",
                              "https://p.example/v1",
                              {},
                              SecretSource{"~/t", ""},
                              {"alarm", "converged"},
                              5,
                              7200});
  CHECK(hooks[1] ==
        WatchHook{
            "tell", "", {"/bin/tell", "ops team"}, std::nullopt, default_hook_events(), 10, 3600});
  // Whom a controller tells is not what should be: plans stay as they are.
  CHECK(read.desired->digest == read_spec(spec_with("[]"), "s").desired->digest);
}

TEST_CASE("what is wrong with a hook is said without its secrets") {
  CHECK(said(R"([{"name": "a", "url": "https://me:s3cret@p/"}])") ==
        "s:2:99: watch.hooks[0].url: this is no URL that can be posted to; write "
        "\"http://HOST:PORT/PATH\" or https, visible ASCII, without user");
  CHECK(said(R"([{"name": "a", "url": "http://p/", "events": ["alarms"]}])") ==
        "s:2:123: watch.hooks[0].events[0]: \"alarms\" is no kind of event; did you mean "
        "\"alarm\"?");
  CHECK(said(R"([{"name": "a", "url": "http://p/", "token": "s3cret"}])").find("s3cret") ==
        std::string::npos);
  CHECK(said(R"([{"name": "a", "exec": ["tell"]}])") ==
        "s:2:100: watch.hooks[0].exec: this is no program; write its absolute path and its "
        "arguments: [\"/usr/local/bin/tell\", \"ops\"]");
}

TEST_CASE("URLs that can be posted to, and what may be shown of them") {
  CHECK(parse_url("http://a") == Url{false, "a", 80, "/"});
  CHECK(parse_url("https://a.b:8443/x/y?z=1") == Url{true, "a.b", 8443, "/x/y?z=1"});
  CHECK(parse_url("https://a?z") == Url{true, "a", 443, "/?z"});
  CHECK(parse_url("http://[::1]:81/") == Url{false, "::1", 81, "/"});
  CHECK(parse_url("https://a/secret")->origin() == "https://a:443");
  CHECK(parse_url("http://[::1]:81/secret")->origin() == "http://[::1]:81");
  const auto* const wrong = GENERATE(
      "", "http://", "http:///x", "ftp://a/", "http://a:0/", "http://a:65536/", "http://a:/",
      "http://a:1x/", "http://me@a/", "http://me:pw@a/", "http://a/#x", "http://a/ b",
      "http://a/\r\nX: y", "http://[::1", "http://[::1]x/", "http://a_b/", "http://-a/");
  CAPTURE(wrong);
  CHECK_FALSE(parse_url(wrong));
}

}  // namespace
}  // namespace arcform
