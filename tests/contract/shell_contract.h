// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "drivers/shell.h"
#include "tests/support/on_loop.h"
#include "tests/support/tiny_server.h"

/// What every Shell promises; the same checks for all three transports. Call from a TEST_CASE.
namespace arcform {

inline constexpr std::chrono::milliseconds kContractPatience{20'000};

/// Every byte value, NUL included, in an order that no text tool would keep.
inline std::string noise(std::size_t size) {
  std::string bytes;
  std::uint32_t state = 12345;
  while (bytes.size() < size) {
    state = state * 1664525U + 1013904223U;
    bytes.push_back(static_cast<char>(state >> 24U));
  }
  return bytes;
}

/// As octal escapes that printf of any shell turns back into these bytes.
inline std::string printf_escapes(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto value = static_cast<unsigned char>(c);
    text += '\\';
    text += static_cast<char>('0' + (value >> 6U));
    text += static_cast<char>('0' + ((value >> 3U) & 7U));
    text += static_cast<char>('0' + (value & 7U));
  }
  return text;
}

inline Result<ShellOutput> run_script(asio::io_context& loop, Shell& shell, std::string script,
                                      std::chrono::milliseconds patience = kContractPatience) {
  return on_loop(loop, shell.execute(std::move(script), patience));
}

/// The script must end well.
inline ShellOutput output_of(asio::io_context& loop, Shell& shell, std::string script) {
  Result<ShellOutput> output = run_script(loop, shell, std::move(script));
  INFO((output ? std::string() : output.error().message));
  REQUIRE(output.has_value());
  return *output;
}

inline void check_bytes(asio::io_context& loop, Shell& shell) {
  SECTION("both streams come back apart and unchanged") {
    const ShellOutput output = output_of(loop, shell, "printf 'a\\nb'; printf 'c\\r\\n' >&2\n");
    CHECK(output.out == "a\nb");
    CHECK(output.err == "c\r\n");
  }
  SECTION("binary noise survives both ways") {
    const std::string bytes = noise(3000);
    const std::string script = "printf '" + printf_escapes(bytes) + "'\n";
    CHECK(output_of(loop, shell, script).out == bytes);
  }
  SECTION("a script without a newline at its end runs") {
    CHECK(output_of(loop, shell, "printf here; exit 3").out == "here");
  }
  SECTION("600 kB on both streams at once") {
    const std::string script =
        "i=0; s=0123456789abcdef; s=$s$s$s$s; s=$s$s$s$s; s=$s$s$s$s; s=$s$s$s$s; s=$s$s\n"
        "while [ $i -lt 75 ]; do printf %s $s; printf %s $s >&2; i=$((i+1)); done\n";
    const ShellOutput output = output_of(loop, shell, script);
    CHECK(output.out.size() == 75 * 8192);
    CHECK(output.err.size() == 75 * 8192);
  }
  SECTION("200 kB of input arrive whole") {
    std::string script = "n=0\n";
    for (int i = 0; i < 10'000; ++i) {
      script += ": 0123456789\nn=$((n+1))\n";
    }
    CHECK(output_of(loop, shell, script + "printf %s $n").out == "10000");
  }
  SECTION("200 kB of input while as much output comes back") {
    std::string script = "cat <<'EOF_OF_DATA'\n";
    std::string data;
    for (int i = 0; i < 20'000; ++i) {
      data += "0123456789\n";
    }
    script += data + "EOF_OF_DATA\n";
    CHECK(output_of(loop, shell, script).out == data);
  }
  SECTION("an empty script is a success") {
    CHECK(output_of(loop, shell, "").out.empty());
  }
  SECTION("a script that leaves before its input was read") {
    CHECK(output_of(loop, shell, "printf early; exit 0\n" + std::string(300'000, '#')).out ==
          "early");
  }
}

inline void check_limits(asio::io_context& loop, Shell& shell) {
  SECTION("more than 1 MB of output is an error, and the shell lives on") {
    const Result<ShellOutput> output =
        run_script(loop, shell,
                   "i=0; while [ $i -lt 40000 ]; do echo 0123456789012345678901234567890123456789"
                   "; i=$((i+1)); done\n");
    REQUIRE_FALSE(output.has_value());
    CHECK(output.error().code == ErrorCode::resource_exhausted);
    CHECK(output_of(loop, shell, "echo on").out == "on\n");
  }
  SECTION("the deadline ends the wait, and the shell lives on") {
    const auto started = std::chrono::steady_clock::now();
    CHECK(output_of(loop, shell, "echo warm").out == "warm\n");
    const Result<ShellOutput> output =
        run_script(loop, shell, "sleep 4; echo late", std::chrono::milliseconds(300));
    REQUIRE_FALSE(output.has_value());
    CHECK(output.error().code == ErrorCode::deadline_exceeded);
    CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(3));
    CHECK(output_of(loop, shell, "echo on").out == "on\n");
  }
}

/// Several scripts at once; each must get its own answer.
inline void check_overlap(asio::io_context& loop, Shell& shell) {
  SECTION("overlapping runs do not mix") {
    constexpr std::size_t kRuns = 12;
    std::vector<Later<Result<ShellOutput>>> answers;
    for (std::size_t i = 0; i < kRuns; ++i) {
      const std::string name = std::to_string(i);
      const std::string script = "sleep 0." + std::to_string(i % 3) +
                                 "; i=0; while [ $i -lt 2000 ]"
                                 "; do echo answer " +
                                 name + "; i=$((i+1)); done\n";
      answers.push_back(start_on(loop, shell.execute(script, kContractPatience)));
    }
    for (std::size_t i = 0; i < kRuns; ++i) {
      std::string expected;
      for (int line = 0; line < 2000; ++line) {
        expected += "answer " + std::to_string(i) + "\n";
      }
      const Result<ShellOutput> output = finish_on(loop, answers[i]);
      INFO((output ? std::string() : output.error().message));
      REQUIRE(output.has_value());
      CHECK(output->out == expected);
    }
  }
}

inline Result<std::string> ask(asio::io_context& loop, Shell& shell, std::uint16_t port,
                               std::string question, std::string end,
                               std::chrono::milliseconds patience = kContractPatience) {
  return on_loop(loop,
                 shell.exchange(on_loopback(port), std::move(question), std::move(end), patience));
}

inline void check_exchange(asio::io_context& loop, Shell& shell) {
  const TinyServer server(loop);
  SECTION("an answer is read to its end mark") {
    const Result<std::string> answer = ask(loop, shell, server.port(), "hello\nmore\n", "END\r\n");
    INFO((answer ? std::string() : answer.error().message));
    REQUIRE(answer.has_value());
    CHECK(*answer == "you said: hello\r\nEND\r\n");
  }
  SECTION("without an end mark, until the other side closes") {
    const Result<std::string> answer = ask(loop, shell, server.port(), "bye\n", "");
    REQUIRE(answer.has_value());
    CHECK(*answer == "good bye");
  }
  SECTION("a refused connection is proof that nobody listens") {
    const Result<std::string> answer = ask(loop, shell, unused_port(), "hello\n", "END\r\n");
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == ErrorCode::not_found);
  }
  SECTION("a connection that closes before the end mark") {
    const std::string question = GENERATE("close\n", "half\n");
    const Result<std::string> answer = ask(loop, shell, server.port(), question, "END\r\n");
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == ErrorCode::unavailable);
  }
  SECTION("silence ends at the deadline, and the next question is answered") {
    const Result<std::string> answer =
        ask(loop, shell, server.port(), "silent\n", "END\r\n", std::chrono::milliseconds(700));
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == ErrorCode::deadline_exceeded);
    CHECK(ask(loop, shell, server.port(), "again\n", "END\r\n").has_value());
  }
  SECTION("more than 1 MB of answer is an error") {
    const Result<std::string> answer = ask(loop, shell, server.port(), "flood\n", "END\r\n");
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == ErrorCode::resource_exhausted);
  }
}

inline void check_shell_contract(asio::io_context& loop, Shell& shell) {
  check_bytes(loop, shell);
  check_limits(loop, shell);
  check_overlap(loop, shell);
  check_exchange(loop, shell);
}

/// The shell and the loop go away while a script runs, in both orders of destruction.
inline void check_destruction(
    const std::function<std::unique_ptr<Shell>(asio::io_context&)>& make) {
  SECTION("the shell goes first, then the loop") {
    asio::io_context loop;
    std::unique_ptr<Shell> shell = make(loop);
    const auto running = start_on(loop, shell->execute("sleep 5", kContractPatience));
    loop.run_for(std::chrono::milliseconds(400));
    shell.reset();
    loop.run_for(std::chrono::milliseconds(50));
    CHECK((!*running || !(*running)->has_value()));
  }
  SECTION("the loop stops in the middle, then both go") {
    asio::io_context loop;
    const std::unique_ptr<Shell> shell = make(loop);
    const auto running = start_on(loop, shell->execute("sleep 5", kContractPatience));
    const auto asking =
        start_on(loop, shell->exchange(on_loopback(1), "x", "y", kContractPatience));
    loop.run_for(std::chrono::milliseconds(20));
    CHECK_FALSE(running->has_value());
  }
}

}  // namespace arcform
