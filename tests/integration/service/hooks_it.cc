// SPDX-License-Identifier: Apache-2.0
// Goal: a webhook and a program hear what the log says, once, and neither holds up the loop,
// whatever it does. Method: the real binary, a real HTTP server and a real program.
#include <csignal>
#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/service/watch_service.h"

namespace arcform {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kPort = "8099";

std::unique_ptr<StartedProcess> start_receiver(const WatchService& it) {
  auto receiver = std::make_unique<StartedProcess>(it.deployment().lab().at_operator(
      {ARCFORM_HOOK_RECEIVER, "10.0.0.254", kPort, it.file("posted")}));
  REQUIRE(receiver->await_output("listens", seconds(10)));
  return receiver;
}

/// A webhook with a token, and a program that keeps what it gets and the environment it has.
std::string hooks(const WatchService& it) {
  it.write("token", "t0ken-of-the-pager\n");
  std::filesystem::permissions(it.file("token"), std::filesystem::perms::owner_read);
  it.write("tell", fmt::format("#!/bin/sh\n[ ! -e {0}/hang ] || sleep 60\ncat >>{0}/told\n"
                               "env >{0}/environment\n",
                               it.deployment().lab().scratch()));
  std::filesystem::permissions(it.file("tell"), std::filesystem::perms::owner_all);
  return fmt::format(
      R"({{ "hooks": [
  {{ "name": "pager", "url": "http://10.0.0.254:{}/s3cret-path", "token": {{ "file": "{}" }},
    "events": ["node gone", "spec refused", "action failed"], "timeout": "1s" }},
  {{ "name": "tell", "exec": ["{}"], "events": ["node gone"], "timeout": "1s" }}] }})",
      kPort, it.file("token"), it.file("tell"));
}

void say_the_same(WatchService& it) {
  step("both hear what the log says, byte for byte");
  it.mark();
  it.kill_node(11211);
  it.must_say("\"event\":\"action done\"", seconds(10));
  const std::vector<std::string> gone = it.lines("\"event\":\"node gone\"");
  REQUIRE(gone.size() == 1);
  CHECK(eventually([&] { return it.read("told") == gone[0] + "\n"; }, seconds(3)));
  CHECK(eventually([&] { return contains(it.read("posted"), gone[0] + "\n"); }, seconds(3)));
  const std::string posted = it.read("posted");
  CHECK(contains(posted, "POST /s3cret-path HTTP/1.1\r\n"));
  CHECK(contains(posted, "Authorization: Bearer t0ken-of-the-pager\r\n"));
  CHECK(contains(posted,
                 fmt::format("Idempotency-Key: \"{}-{}\"\r\n",
                             replaced(replaced(" " + member(gone[0], "run"), " \"", ""), "\"", ""),
                             member(gone[0], "id"))));
  CHECK_FALSE(contains(it.read("environment"), "NOTIFY_SOCKET"));
}

void hang(WatchService& it) {
  step("both hang: the loop does not notice, and each is told of once");
  it.write("posted.status", "silent");
  it.write("hang", "");
  it.mark();
  it.kill_node(11212);
  const auto begun = std::chrono::steady_clock::now();
  it.must_say("\"event\":\"node gone\"", seconds(10));
  it.must_say("\"event\":\"action done\"", seconds(10));
  CHECK(std::chrono::steady_clock::now() - begun < seconds(4));
  it.must_say("hook pager: http://10.0.0.254:8099: no answer in time", seconds(5));
  it.must_say("hook tell: " + it.file("tell") + ": no end in time", seconds(5));
  it.write("posted.status", "503");
  it.kill_node(11211);
  // Both attempts are repeated, under the same key, and said once.
  CHECK(eventually([&] { return lines_with(it.read("posted"), "Idempotency-Key").size() >= 4; },
                   seconds(10)));
  CHECK(it.lines("\"event\":\"hook failed\"").size() == 2);

  step("they work again, and what they missed is told");
  std::filesystem::remove(it.file("posted.status"));
  std::filesystem::remove(it.file("hang"));
  it.must_say("hook pager takes events again", seconds(20));
  it.must_say("hook tell takes events again", seconds(20));
  for (const std::string& line : it.lines("\"event\":\"node gone\"")) {
    CHECK(eventually([&] { return contains(it.read("posted"), line); }, seconds(3)));
    CHECK(eventually([&] { return contains(it.read("told"), line); }, seconds(3)));
  }
}

void tell_trouble_once(WatchService& it) {
  step("the same trouble is posted once");
  it.mark();
  for (int i = 1; i <= 2; ++i) {
    it.break_spec();
    it.signal(SIGHUP);
    CHECK(
        eventually([&] { return it.lines("spec refused").size() == std::size_t(i); }, seconds(5)));
    it.write("real/spec.json", it.deployment().spec());
    it.signal(SIGHUP);
    CHECK(it.manager().await("READY=1", std::size_t(1 + 2 * i), seconds(5)));
  }
  CHECK(eventually([&] { return contains(it.read("posted"), "spec refused"); }, seconds(3)));
  it.kill_node(11212);  // Comes after it, so what is not there by then does not come.
  it.must_say("\"event\":\"node gone\"", seconds(10));
  const std::string gone = it.lines("\"event\":\"node gone\"").front();
  CHECK(eventually([&] { return contains(it.read("posted"), gone); }, seconds(3)));
  CHECK(lines_with(it.read("posted"), "spec refused").size() == 1);
}

TEST_CASE("a webhook and a program hear what happens, and hold up nobody") {
  WatchService it;
  const auto receiver = start_receiver(it);
  it.set_spec(hooks(it), 2);
  it.start();
  REQUIRE(it.manager().await("READY=1", 1, seconds(10)));
  say_the_same(it);
  hang(it);
  tell_trouble_once(it);
  step("the end");
  const auto begun = std::chrono::steady_clock::now();
  it.signal(SIGTERM);
  it.must_end(begun);
  for (const char* const secret : {"t0ken", "s3cret"}) {
    CHECK_FALSE(contains(it.log(), secret));
    CHECK_FALSE(contains(it.read("told"), secret));
  }
}

}  // namespace
}  // namespace arcform
