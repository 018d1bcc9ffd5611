// SPDX-License-Identifier: Apache-2.0
// What a ScriptHost does with processes and data that were not made by it.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "drivers/adopt_script.h"
#include "drivers/host_words.h"
#include "drivers/script_host.h"

namespace arcform {

Awaitable<Result<std::optional<std::string>>> ScriptHost::read_file(std::string path) {
  const std::string what = "read " + printable(path);
  if (!path.starts_with('/') || path.size() > 1024 || path.find('\n') != std::string::npos) {
    co_return error(ErrorCode::invalid_argument, what, "not an absolute path");
  }
  std::string body = read_file_script(path, place_);
  const Result<ScriptReply> reply = co_await succeed(what, std::move(body), kPatience);
  if (!reply) {
    co_return reply.error();
  }
  if (reply->output == "absent") {
    co_return std::optional<std::string>();
  }
  constexpr std::string_view kHead = "file\n";
  if (!reply->output.starts_with(kHead)) {
    co_return error(ErrorCode::unavailable, what, "the script's answer is not a file");
  }
  co_return std::optional<std::string>(reply->output.substr(kHead.size()));
}

Awaitable<Result<void>> ScriptHost::adopt(AdoptRequest request) {
  const std::string what =
      fmt::format("adopt pid {} as {}", request.process.pid, printable(request.slot));
  if (!is_slot(request.slot) || request.argv.empty() || !is_word(request.digest) ||
      request.process.pid < 2) {
    co_return error(ErrorCode::invalid_argument, what, "bad slot, argv, pid or digest");
  }
  std::string body = adopt_script(request, place_);
  const Result<ScriptReply> reply = co_await succeed(what, std::move(body), kPatience);
  if (!reply) {
    co_return reply.error();
  }
  if (reply->output != "adopted") {
    co_return refusal(*reply, what);
  }
  co_return Result<void>{};
}

Awaitable<Result<void>> ScriptHost::set_aside(std::string slot,
                                              std::vector<std::string> directories) {
  const std::string what = "set aside the data of " + printable(slot);
  if (!is_slot(slot) || !slot.starts_with("server-") ||
      !std::all_of(directories.begin(), directories.end(),
                   [](const std::string& path) { return is_absolute(path); })) {
    co_return error(ErrorCode::invalid_argument, what, "not a server's slot, or no absolute path");
  }
  std::string body = set_aside_script(slot, directories, place_);
  auto done = co_await do_script(what, std::move(body), kPatience);
  co_return done;
}

}  // namespace arcform
