// SPDX-License-Identifier: Apache-2.0
#include "drivers/script.h"

#include <charconv>
#include <memory>
#include <optional>
#include <random>

#include <fmt/format.h>

#include "model/names.h"

namespace arcform {
namespace {

/// System folders first, so that nothing in the login environment can stand in for a tool; java is
/// looked for last, where JAVA_HOME says and where JDK packages and images put it.
constexpr std::string_view kOpening = R"sh(LC_ALL=C
export LC_ALL
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin${JAVA_HOME:+:$JAVA_HOME/bin}
PATH=$PATH:/usr/lib/jvm/default-java/bin:/usr/lib/jvm/jre/bin:/usr/java/default/bin:/opt/java/openjdk/bin
export PATH
unset CDPATH GREP_OPTIONS
umask 027
arc_main() {
)sh";

std::optional<int> parse_status(std::string_view text) {
  int status = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, status);
  if (error != std::errc{} || stop != end || text.empty() || status < 0 || status > 255) {
    return std::nullopt;
  }
  return status;
}

std::string begin_marker(std::string_view nonce) {
  return fmt::format("\n@@ARC {} begin\n", nonce);
}

Error no_sentinel(const ShellOutput& output) {
  const std::string_view words = output.err;
  const std::string_view tail =
      words.substr(words.size() - std::min<std::size_t>(200, words.size()));
  return Error{ErrorCode::unavailable,
               fmt::format("the script did not report its end, so how far it went is not known{}{}",
                           tail.empty() ? "" : ": ", printable(tail))};
}

}  // namespace

NonceSource seeded_nonces(std::uint64_t seed) {
  const auto engine = std::make_shared<std::mt19937_64>(seed);
  return [engine] { return fmt::format("{:016x}", (*engine)()); };
}

std::string shell_quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  out += '\'';
  return out;
}

std::string shell_assignment(std::string_view name, std::string_view value) {
  return fmt::format("{}={}\n", name, shell_quote(value));
}

std::string frame_script(std::string_view body, std::string_view nonce, ScriptInput input) {
  std::string out =
      input == ScriptInput::kept ? "{\nexec 3<&0 </dev/null\n" : "{\nexec </dev/null\n";
  out += kOpening;
  out += body;
  out += fmt::format(
      "\n}}\nprintf '\\n@@ARC {0} begin\\n'\nprintf '\\n@@ARC {0} begin\\n' >&2\narc_main\n"
      "printf '\\n@@ARC {0} %s\\n' \"$?\"\nexit; }}\n",
      nonce);
  return out;
}

Result<ScriptReply> parse_reply(const ShellOutput& output, std::string_view nonce) {
  const std::string begin = begin_marker(nonce);
  const std::string end = fmt::format("\n@@ARC {} ", nonce);
  const std::string_view out = output.out;
  const std::size_t first = out.find(begin);
  const std::size_t last = out.rfind(end);
  if (first == std::string_view::npos || last == first) {
    return no_sentinel(output);
  }
  // The begin marker's last newline may be the sentinel's first one.
  const std::size_t body = first + begin.size();
  const std::size_t line = last + end.size();
  const std::size_t line_end = out.find('\n', line);
  if (last + 1 < body || line_end == std::string_view::npos) {
    return no_sentinel(output);
  }
  const auto status = parse_status(out.substr(line, line_end - line));
  if (!status) {
    return no_sentinel(output);
  }
  ScriptReply reply;
  reply.status = *status;
  reply.output = out.substr(body, last < body ? 0 : last - body);
  const std::size_t noise = output.err.find(begin);
  reply.errors = noise == std::string::npos ? output.err : output.err.substr(noise + begin.size());
  return reply;
}

Awaitable<Result<ScriptReply>> run_script(Shell& shell, std::string body, std::string nonce,
                                          std::chrono::milliseconds patience) {
  if (body.find('\0') != std::string::npos) {
    co_return Error{ErrorCode::invalid_argument,
                    "a value holds a NUL byte, which no shell can take"};
  }
  std::string input = frame_script(body, nonce);
  const Result<ShellOutput> output = co_await shell.execute(std::move(input), patience);
  if (!output) {
    co_return output.error();
  }
  co_return parse_reply(*output, nonce);
}

}  // namespace arcform
