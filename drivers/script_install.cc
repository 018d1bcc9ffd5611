// SPDX-License-Identifier: Apache-2.0
// Releases of packages on a ScriptHost.
#include <fmt/format.h>

#include "drivers/archive_file.h"
#include "drivers/install_scripts.h"
#include "drivers/script_host.h"
#include "model/packages.h"

namespace arcform {
namespace {

/// Without a byte: sending stalls, or the host unpacks.
constexpr std::chrono::milliseconds kInstallPatience{180'000};
constexpr std::chrono::milliseconds kRemovePatience{120'000};

bool is_sum(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Awaitable<Result<void>> ScriptHost::install(InstallRequest request) {
  const std::string what = "install " + printable(request.release);
  if (!is_place(request.folder, request.package, request.release) || !is_sum(request.sha256)) {
    co_return error(ErrorCode::invalid_argument, what, "bad folder, name or checksum");
  }
  Result<std::shared_ptr<ByteSource>> source =
      open_archive(request.archive, request.size, std::move(request.sent));
  if (!source) {
    co_return error(source.error().code, what, source.error().message);
  }
  std::string nonce = nonces_();
  std::string body = install_script(request, place_);
  std::string script = frame_script(body, nonce, ScriptInput::kept);
  Result<ShellOutput> output =
      co_await shell_->upload(std::move(script), std::move(*source), kInstallPatience);
  if (!output) {
    co_return named(output.error(), what);
  }
  const Result<ScriptReply> reply = parse_reply(*output, nonce);
  if (!reply) {
    co_return named(reply.error(), what);
  }
  if (reply->status != 0 || (reply->output != "installed" && reply->output != "present")) {
    co_return refusal(*reply, what);
  }
  co_return Result<void>();
}

Awaitable<Result<void>> ScriptHost::remove_release(RemoveRequest request) {
  const std::string what = "remove " + printable(request.release);
  if (!is_place(request.folder, request.package, request.release)) {
    co_return error(ErrorCode::invalid_argument, what, "bad folder or name");
  }
  std::string body = remove_release_script(request, place_);
  auto done = co_await do_script(what, std::move(body), kRemovePatience);
  co_return done;
}

}  // namespace arcform
