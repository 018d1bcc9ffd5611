// SPDX-License-Identifier: Apache-2.0
// Goal: a program that is told of an event gets it whole, and what it does wrong is said in one
// line and never waited for. Method: real programs.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>
#include <stdlib.h>

#include "drivers/hook_call.h"
#include "tests/support/on_loop.h"

namespace arcform {
namespace {

namespace fs = std::filesystem;

struct Scratch {
  Scratch() {
    std::string pattern = fs::temp_directory_path() / "arcform-hooks.XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  ~Scratch() { fs::remove_all(folder); }
  std::string folder;
};

Result<void> run(const std::string& script, const std::string& document = "{}\n",
                 std::uint32_t timeout = 10) {
  asio::io_context loop;
  Secrets secrets("/nowhere");
  HookCall call;
  call.hook.name = "tell";
  call.hook.program = {"/bin/sh", "-c", script, "sh", "ops team"};
  call.hook.timeout_s = timeout;
  call.document = document;
  return on_loop(loop, call_hook(loop, secrets, std::move(call)));
}

std::string error_of(const Result<void>& result) {
  REQUIRE_FALSE(result);
  return result.error().message;
}

TEST_CASE("a program gets the document on its standard input, and its arguments") {
  const Scratch scratch;
  const std::string document = "{\"text\":\"" + std::string(300'000, 'x') + "\"}\n";
  REQUIRE(run("{ echo \"$1\"; cat; } >" + scratch.folder + "/got", document));
  std::ostringstream got;
  got << std::ifstream(scratch.folder + "/got").rdbuf();
  CHECK(got.str() == "ops team\n" + document);
}

TEST_CASE("a program that does not read its input may still take the event") {
  CHECK(run("exit 0", std::string(300'000, 'x')));
}

TEST_CASE("a program that fails is told with the first line that it said") {
  CHECK(error_of(run("echo no pager >&2; echo more >&2; exit 3")) ==
        "hook tell: /bin/sh: exit status 3: no pager");
  CHECK(error_of(run("kill -9 $$")) == "hook tell: /bin/sh: exit status 137");
  CHECK(error_of(run("printf '\\033[31m' >&2; exit 1")).find('\033') == std::string::npos);
}

TEST_CASE("a program that hangs is killed with its children at its time limit") {
  const Scratch scratch;
  const auto begun = std::chrono::steady_clock::now();
  const std::string error =
      error_of(run("sleep 60 & echo $! >" + scratch.folder + "/pid; wait", "{}\n", 1));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
  CHECK(error == "hook tell: /bin/sh: no end in time");
  std::string pid;
  std::ifstream(scratch.folder + "/pid") >> pid;
  REQUIRE_FALSE(pid.empty());
  // It is gone, or a zombie that nobody has collected yet.
  std::ostringstream state;
  state << std::ifstream("/proc/" + pid + "/stat").rdbuf();
  CHECK((state.str().empty() || state.str().find(") Z ") != std::string::npos));
}

TEST_CASE("a program that says without end is stopped") {
  CHECK(error_of(run("yes")).find("hook tell: /bin/sh: ") == 0);
}

TEST_CASE("a program that is not there") {
  asio::io_context loop;
  Secrets secrets("/nowhere");
  HookCall call;
  call.hook.name = "tell";
  call.hook.program = {"/no/such/program"};
  const Result<void> result = on_loop(loop, call_hook(loop, secrets, std::move(call)));
  CHECK(error_of(result) ==
        "hook tell: /no/such/program: run /no/such/program: No such file or directory");
}

}  // namespace
}  // namespace arcform
