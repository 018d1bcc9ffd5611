// SPDX-License-Identifier: Apache-2.0
// The program itself, on this machine alone: nothing serves where its specs say.
#include <csignal>
#include <memory>

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "controller/terminal.h"
#include "drivers/pack.h"
#include "tests/support/run_process.h"
#include "tests/unit/archives/scratch.h"

namespace arcform {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Input = StartedProcess::Input;

/// A folder with a spec of one node on this machine, whose package is an archive beside it.
struct Desk {
  Scratch scratch;
  std::string spec = scratch.at("spec.json");

  Desk() {
    write_archive("one");
    write_spec("");
  }
  void write_archive(const std::string& content) const {
    scratch.write("in/bin/memcached", content, true);
    REQUIRE(pack(scratch.at("in"), scratch.at("arcus.tar.gz")).has_value());
  }
  void write_spec(const std::string& more) const {
    scratch.write("spec.json", fmt::format(R"({{"apiVersion": "arcform/v1", "deployment": "desk",
      "ssh": {{"directory": "{}"}},
      "hosts": [{{"name": "here", "address": "127.0.0.1", "transport": "local"}}],
      "packages": {{"arcus": {{"archive": "arcus.tar.gz"}}}},
      "ensemble": {{"external": "127.0.0.1:9"}}{},
      "clouds": [{{"serviceCode": "shop", "package": "arcus",
                   "nodes": [{{"host": "here", "count": 1, "port": 31211}}]}}]}})",
                                           scratch.at("there"), more));
  }
  std::vector<std::string> command(std::vector<std::string> words) const {
    words.insert(words.begin(), ARCFORM_BINARY);
    words.push_back(spec);
    return words;
  }
};

TEST_CASE("watch reads a spec again with its archives") {
  const Desk desk;
  StartedProcess watch(desk.command({"watch", "--listen", "none", "--log", "text"}));
  REQUIRE(watch.await_output("observing", seconds(20)));
  SECTION("what is the same is the same") {
    watch.signal(SIGHUP);
    CHECK_FALSE(watch.await_output("spec changed", seconds(2)));
  }
  SECTION("an archive that changed changes the spec") {
    desk.write_archive("two");
    watch.signal(SIGHUP);
    CHECK(watch.await_output("spec changed", seconds(10)));
  }
  SECTION("an archive that is no good is refused as a bad spec is") {
    std::filesystem::remove(desk.scratch.at("arcus.tar.gz"));
    watch.signal(SIGHUP);
    CHECK(watch.await_output("spec.json: packages.arcus: archive ", seconds(10)));
    CHECK(watch.await_output("the last good spec is kept", seconds(1)));
  }
  watch.signal(SIGTERM);
  CHECK(watch.finish(seconds(60)).status == 0);
}

bool says(const std::string& text, const std::string& what) {
  INFO(text);
  CHECK(text.find(what) != std::string::npos);
  return text.find(what) != std::string::npos;
}

TEST_CASE("a saved plan takes none of what a plan is made with") {
  const Desk desk;
  const std::string plan = desk.scratch.at("plan");
  run_process(desk.command({"plan", "--out", plan}));
  const auto [option, value] = GENERATE(table<std::string, std::string>(
      {{"--allow-removal", "shop"}, {"--only", "cloud:shop"}, {"--adopt", "shop"}}));
  const ProcessResult result = run_process({ARCFORM_BINARY, "apply", "--yes", option, value, plan});
  CHECK(result.status == 4);
  says(result.err, "a plan says itself");
  says(result.err, "give " + option + " to plan");
}

/// An apply that has asked for its yes. Processes of others that come and go can keep one look from
/// seeing this machine: then there is nothing to ask.
std::unique_ptr<StartedProcess> asking(const Desk& desk) {
  std::string said;
  for (int attempt = 0; attempt < 5; ++attempt) {
    auto apply = std::make_unique<StartedProcess>(desk.command({"apply"}), Input::terminal);
    if (apply->await_output("is taken as a yes: ", seconds(15))) {
      return apply;
    }
    said = apply->out();
  }
  FAIL(said);
  return nullptr;
}

TEST_CASE("Ctrl-C and SIGTERM end a question") {
  const Desk desk;
  const std::unique_ptr<StartedProcess> started = asking(desk);
  StartedProcess& apply = *started;
  SECTION("Ctrl-C") {
    apply.type("\x03");
    CHECK(apply.finish(seconds(60)).status == 130);
  }
  SECTION("SIGTERM") {
    apply.signal(SIGTERM);
    CHECK(apply.finish(seconds(60)).status == 143);
  }
  says(apply.out(), "Interrupted: nothing was done");
}

volatile std::sig_atomic_t signalled = 0;

TEST_CASE("(run by the next one) asks for a secret", "[.]") {
  std::signal(SIGINT, [](int number) { signalled = number; });
  const Result<std::string> answer = ask_secret("passphrase of key");
  termios terminal{};
  ::tcgetattr(STDIN_FILENO, &terminal);
  fmt::print("{}, echo {}, signal {}\n", answer ? *answer : answer.error().message,
             (terminal.c_lflag & ECHO) != 0 ? "on" : "off", signalled);
  std::fflush(stdout);
}

TEST_CASE("Ctrl-C ends the question for a secret, and what is typed is seen again") {
  StartedProcess asks({"/proc/self/exe", "(run by the next one) asks for a secret"},
                      Input::terminal);
  REQUIRE(asks.await_output("passphrase of key: ", seconds(10)));
  SECTION("Ctrl-C") {
    asks.type("half\x03");
    CHECK(asks.await_output("passphrase of key: interrupted, echo on, signal 2", seconds(5)));
  }
  SECTION("an answer") {
    asks.type("open sesame\n");
    CHECK(asks.await_output("open sesame, echo on, signal 0", seconds(5)));
  }
}

TEST_CASE("nobody to say yes is a refusal, whatever else is unknown") {
  const Desk desk;
  ProcessResult result;
  for (int attempt = 0; attempt < 5 && result.err.empty(); ++attempt) {  // See asking().
    result = run_process(desk.command({"apply"}));
  }
  says(result.err, "refused: nobody is there to say yes");
  CHECK(result.status == 3);
}

TEST_CASE("who only looks and is interrupted leaves nothing running") {
  const Desk desk;
  StartedProcess plan(desk.command({"plan"}));
  plan.await_output("nothing: it waits for the ensemble", seconds(1));
  plan.signal(SIGINT);
  const ProcessResult result = plan.finish(seconds(20));
  CHECK(result.status == 130);
  CHECK(result.err == "arcform: interrupted\n");
}

TEST_CASE("an empty file to import is read, and said to be empty") {
  const Scratch scratch;
  scratch.write("test.json", "");
  const ProcessResult result = run_process(
      {ARCFORM_BINARY, "import", "conf", scratch.at("test.json"), "-z", "127.0.0.1:2181"});
  CHECK(result.status == 4);
  says(result.err, "test.json:1:1: ");
}

}  // namespace
}  // namespace arcform
