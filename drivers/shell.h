// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "drivers/async.h"
#include "model/names.h"

namespace arcform {

/// What came back from one run of /bin/sh: raw bytes, each stream capped at 1 MB (more is an
/// error). There is no exit status: over SSH it reads 0 for a killed command, so success is only
/// what the script itself printed (see drivers/script.h).
struct ShellOutput {
  std::string out;
  std::string err;
};

/// Bytes to be sent to a machine, handed over piece by piece.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// The next piece, valid until the next call; empty: the end, and so from then on.
  virtual Result<std::string_view> next() = 0;
};

/// A way to run scripts on one machine and to talk to ports of its loopback. Implementations:
/// libssh2, the system `ssh`, local. All take the same script and give the same bytes. Calls may
/// overlap; connections are made on first use and kept. Errors name the host.
class Shell {
 public:
  virtual ~Shell() = default;
  /// Runs `exec /bin/sh -s` with `input` as its standard input, then end of file; returns when
  /// both output streams are closed. Errors: unavailable, deadline_exceeded (the command may go on
  /// on the host), unauthenticated, permission_denied, resource_exhausted (too much output).
  virtual Awaitable<Result<ShellOutput>> execute(std::string input,
                                                 std::chrono::milliseconds patience) = 0;
  /// The same for `script` and data: the script is run by `/bin/sh -c` and finds `data`, and
  /// nothing else, on its standard input. It need not read it. `patience`: without a byte going
  /// either way. Errors also: those of the source.
  virtual Awaitable<Result<ShellOutput>> upload(std::string script,
                                                std::shared_ptr<ByteSource> data,
                                                std::chrono::milliseconds patience) = 0;
  /// Runs a script as execute() does and hands over its standard output as it comes. Ends when the
  /// script does, when `on_output` returns false (the script is then let go of), or when nothing
  /// came for `silence`: the connection is then taken for dead and not used again.
  virtual Awaitable<Result<void>> stream(std::string input,
                                         std::function<bool(std::string_view)> on_output,
                                         std::chrono::milliseconds silence) = 0;
  /// Connects to `at` from over there (mostly a port of its loopback), sends `question`, reads
  /// until `end` was read or, when `end` is empty, until the other side closes. Errors as
  /// HostReader::ask.
  virtual Awaitable<Result<std::string>> exchange(Endpoint at, std::string question,
                                                  std::string end,
                                                  std::chrono::milliseconds patience) = 0;
};

}  // namespace arcform
