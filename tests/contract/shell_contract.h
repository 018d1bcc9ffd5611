// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
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

/// Pieces of its text, and then an error where there is one.
class TextSource final : public ByteSource {
 public:
  TextSource(std::string text, std::size_t piece, std::optional<Error> then = std::nullopt)
      : text_(std::move(text)), piece_(piece), then_(std::move(then)) {}
  Result<std::string_view> next() override {
    if (at_ >= text_.size() && then_) {
      return *then_;
    }
    const std::string_view piece =
        std::string_view(text_).substr(std::min(at_, text_.size()), piece_);
    at_ += piece.size();
    return piece;
  }
  std::size_t taken() const { return at_; }

 private:
  std::string text_;
  std::size_t piece_;
  std::optional<Error> then_;
  std::size_t at_ = 0;
};

inline Result<ShellOutput> upload(asio::io_context& loop, Shell& shell, std::string script,
                                  std::shared_ptr<ByteSource> data,
                                  std::chrono::milliseconds patience = kContractPatience) {
  return on_loop(loop, shell.upload(std::move(script), std::move(data), patience));
}

inline void check_upload(asio::io_context& loop, Shell& shell) {
  const auto sent = [&](const std::string& script, const std::string& text, std::size_t piece) {
    const auto source = std::make_shared<TextSource>(text, piece);
    Result<ShellOutput> output = upload(loop, shell, script, source);
    INFO((output ? std::string() : output.error().message));
    REQUIRE(output.has_value());
    return *output;
  };
  SECTION("every byte arrives, whatever the pieces are") {
    const std::string bytes = noise(700'000);
    const std::size_t piece = GENERATE(7'001U, 262'144U, 1'000'000U);
    CHECK(sent("cat", bytes, piece).out == bytes);
  }
  SECTION("several megabytes are summed over there") {
    const std::string bytes(5'000'000, 'x');
    CHECK(sent("wc -c", bytes, 262'144).out.find("5000000") != std::string::npos);
  }
  SECTION("no data at all") {
    CHECK(sent("cat; printf done", "", 1).out == "done");
  }
  SECTION("the script finds nothing else on its standard input, and may say things meanwhile") {
    const ShellOutput output = sent("printf begun; printf also >&2; cat", "x\ny", 1);
    CHECK(output.out == "begunx\ny");
    CHECK(output.err == "also");
  }
  SECTION("a script that does not read it is not waited for") {
    CHECK(sent("printf enough", std::string(3'000'000, 'x'), 262'144).out == "enough");
  }
  SECTION("a source that fails ends it with its own error, and the shell lives on") {
    const Error why{ErrorCode::aborted, "the file became shorter"};
    const auto source = std::make_shared<TextSource>(std::string(300'000, 'x'), 65'536, why);
    const Result<ShellOutput> output = upload(loop, shell, "cat >/dev/null; printf whole", source);
    REQUIRE_FALSE(output.has_value());
    CHECK(output.error().code == ErrorCode::aborted);
    CHECK(output.error().message.find("became shorter") != std::string::npos);
    CHECK(output_of(loop, shell, "echo on").out == "on\n");
  }
  SECTION("no byte either way for so long is the end of patience, and the shell lives on") {
    const auto source = std::make_shared<TextSource>("x", 1);
    const Result<ShellOutput> output =
        upload(loop, shell, "cat >/dev/null; sleep 4", source, std::chrono::milliseconds(400));
    REQUIRE_FALSE(output.has_value());
    CHECK(output.error().code == ErrorCode::deadline_exceeded);
    CHECK(output_of(loop, shell, "echo on").out == "on\n");
  }
}

inline void check_shell_contract(asio::io_context& loop, Shell& shell) {
  check_bytes(loop, shell);
  check_limits(loop, shell);
  check_overlap(loop, shell);
  check_exchange(loop, shell);
  check_upload(loop, shell);
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
