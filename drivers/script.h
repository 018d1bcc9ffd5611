// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "drivers/shell.h"

namespace arcform {

/// What a script said: everything between its begin marker and its end sentinel.
struct ScriptReply {
  int status = 0;      ///< what the script's body returned, 0..255
  std::string output;  ///< raw bytes
  std::string errors;  ///< standard error without what the login shell wrote before
};

/// Gives a new nonce, 1 to 64 bytes of [A-Za-z0-9], at every call. It tells our markers from
/// anything that a login shell or a program prints; it is not a secret.
using NonceSource = std::function<std::string()>;

/// Nonces of 16 hexadecimal digits, the same ones for the same seed.
NonceSource seeded_nonces(std::uint64_t seed);

/// `text` as one word of POSIX sh, whatever bytes it holds but NUL (run_script refuses scripts
/// with NUL in them).
std::string shell_quote(std::string_view text);

/// A line that sets the shell variable `name`.
std::string shell_assignment(std::string_view name, std::string_view value);

/// What becomes of the shell's standard input.
enum class ScriptInput {
  closed,  ///< it was the script itself
  kept,    ///< the body reads it on descriptor 3
};

/// The whole text that `/bin/sh -s` is given for `body`, which must be commands of a function
/// (it ends with `return STATUS`, never `exit`). It is one `{ ...; exit; }` group: cut off
/// anywhere it is a syntax error and nothing of it runs.
std::string frame_script(std::string_view body, std::string_view nonce,
                         ScriptInput input = ScriptInput::closed);

/// Finds the markers of `nonce` in what came back. Error unavailable: no end sentinel, so the
/// script may have run wholly, in part or not at all.
Result<ScriptReply> parse_reply(const ShellOutput& output, std::string_view nonce);

/// Runs `body` framed. Errors: those of Shell::execute; unavailable (no end sentinel: unknown
/// fate, never success); invalid_argument (NUL in the script).
Awaitable<Result<ScriptReply>> run_script(Shell& shell, std::string body, std::string nonce,
                                          std::chrono::milliseconds patience);

}  // namespace arcform
