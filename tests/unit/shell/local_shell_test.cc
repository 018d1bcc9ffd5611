// SPDX-License-Identifier: Apache-2.0
#include "drivers/local_shell.h"

#include <memory>

#include <sys/resource.h>
#include <unistd.h>

#include "drivers/spawn.h"
#include "tests/contract/shell_contract.h"

namespace arcform {
namespace {

TEST_CASE("the local shell keeps the contract of shells") {
  asio::io_context loop;
  LocalShell shell(loop, "here", "/");
  check_shell_contract(loop, shell);
}

TEST_CASE("a local shell may go away at any time") {
  check_destruction([](asio::io_context& loop) -> std::unique_ptr<Shell> {
    return std::make_unique<LocalShell>(loop, "here", "/");
  });
}

TEST_CASE("a script starts in the home folder") {
  asio::io_context loop;
  LocalShell shell(loop, "here", "/usr");
  CHECK(output_of(loop, shell, "pwd").out == "/usr\n");
}

TEST_CASE("a script inherits none of our descriptors") {
  const int leaked = ::dup2(STDERR_FILENO, 77);
  REQUIRE(leaked == 77);
  asio::io_context loop;
  LocalShell shell(loop, "here", "/");
  CHECK(output_of(loop, shell, "[ -e /proc/$$/fd/77 ] || echo clean").out == "clean\n");
  ::close(leaked);
}

TEST_CASE("a script that is not waited for any more is killed, and no zombie stays") {
  asio::io_context loop;
  LocalShell shell(loop, "here", "/");
  const Result<ShellOutput> output =
      run_script(loop, shell, "sleep 30 & wait", std::chrono::milliseconds(200));
  REQUIRE_FALSE(output.has_value());
  CHECK(output.error().message == "run a script on here: no end in time");
  const std::string children =
      output_of(loop, shell,
                "cat /proc/" + std::to_string(::getpid()) + "/task/*/children; echo $$")
          .out;
  const std::size_t space = children.find(' ');
  CHECK(children.substr(0, space) + "\n" == children.substr(space + 1));
}

TEST_CASE("without a home folder a script starts in the root folder, as under sshd") {
  asio::io_context loop;
  LocalShell shell(loop, "here", "/nonexistent");
  const Result<ShellOutput> output = run_script(loop, shell, "pwd");
  REQUIRE(output.has_value());
  CHECK(output->out == "/\n");
}

TEST_CASE("we may have many descriptors open, our children as many as before") {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit small = before;
  small.rlim_cur = 333;
  ::setrlimit(RLIMIT_NOFILE, &small);
  raise_descriptor_limit();
  rlimit raised{};
  ::getrlimit(RLIMIT_NOFILE, &raised);
  CHECK(raised.rlim_cur == before.rlim_max);
  asio::io_context loop;
  LocalShell shell(loop, "here", "/");
  CHECK(output_of(loop, shell, "ulimit -Sn").out == "333\n");
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace arcform
