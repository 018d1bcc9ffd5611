// SPDX-License-Identifier: Apache-2.0
#include "drivers/script_host.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "drivers/host_words.h"
#include "drivers/probe.h"
#include "drivers/resident.h"
#include "model/packages.h"

namespace arcform {
namespace {

using std::chrono::milliseconds;

/// Writing waits for the disk.
constexpr milliseconds kWritePatience{120'000};
constexpr std::size_t kProbeMax = std::size_t{1} << 20U;

/// The line of what the tools said that holds the reason; dd reports its counts there as well.
std::string reason_in(std::string_view words) {
  std::string_view chosen;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find('\n'), words.size());
    const std::string_view line = words.substr(0, end);
    words.remove_prefix(std::min(end + 1, words.size()));
    if (chosen.empty() || (chosen.find(": ") == std::string_view::npos &&
                           line.find(": ") != std::string_view::npos)) {
      chosen = line;
    }
  }
  while (chosen.ends_with(' ')) {
    chosen.remove_suffix(1);
  }
  return printable(chosen, 400);
}

ErrorCode code_of_words(std::string_view words) {
  struct Known {
    std::string_view words;
    ErrorCode code;
  };
  constexpr std::array<Known, 9> kKnown{{
      {"No space left on device", ErrorCode::resource_exhausted},
      {"isk quota exceeded", ErrorCode::resource_exhausted},
      {"Cannot allocate memory", ErrorCode::resource_exhausted},
      {"Cannot fork", ErrorCode::resource_exhausted},
      {"Resource temporarily unavailable", ErrorCode::resource_exhausted},
      {"Permission denied", ErrorCode::permission_denied},
      {"Operation not permitted", ErrorCode::permission_denied},
      {"Read-only file system", ErrorCode::permission_denied},
      {"No such file or directory", ErrorCode::failed_precondition},
  }};
  for (const Known& known : kKnown) {
    if (words.find(known.words) != std::string_view::npos) {
      return known.code;
    }
  }
  return ErrorCode::failed_precondition;
}

ErrorCode code_of(const ScriptReply& reply) {
  switch (static_cast<ScriptStatus>(reply.status)) {
    case ScriptStatus::not_found:
      return ErrorCode::not_found;
    case ScriptStatus::already_exists:
      return ErrorCode::already_exists;
    case ScriptStatus::permission_denied:
      return ErrorCode::permission_denied;
    case ScriptStatus::failed_precondition:
      return ErrorCode::failed_precondition;
    case ScriptStatus::resource_exhausted:
      return ErrorCode::resource_exhausted;
    case ScriptStatus::unsupported:
      return ErrorCode::unsupported;
    case ScriptStatus::aborted:
      return ErrorCode::aborted;
    case ScriptStatus::deadline_exceeded:
      return ErrorCode::deadline_exceeded;
    case ScriptStatus::done:
      break;
  }
  return code_of_words(reply.errors);
}

/// "started BOOT PID TICKS" or "running BOOT PID TICKS"
std::optional<ProcessIdentity> parse_identity(std::string_view text) {
  std::array<std::string_view, 4> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t end = i + 1 < words.size() ? text.find(' ') : text.size();
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    words[i] = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  ProcessIdentity identity;
  identity.boot_id = std::string(words[1]);
  const auto pid =
      std::from_chars(words[2].data(), words[2].data() + words[2].size(), identity.pid);
  const auto ticks =
      std::from_chars(words[3].data(), words[3].data() + words[3].size(), identity.start_ticks);
  const bool whole = pid.ptr == words[2].data() + words[2].size() && pid.ec == std::errc{} &&
                     ticks.ptr == words[3].data() + words[3].size() && ticks.ec == std::errc{};
  const bool known = words[0] == "started" || words[0] == "running";
  return whole && known && identity.pid != 0 ? std::optional(identity) : std::nullopt;
}

}  // namespace

bool ScriptHost::is_place(const std::string& folder, const std::string& package,
                          const std::string& release) {
  return is_absolute(folder) && is_deployment_name(package) && is_release_name(release, package);
}

ScriptHost::ScriptHost(std::string name, std::unique_ptr<Shell> shell, ScriptPlace place,
                       NonceSource nonces)
    : name_(std::move(name)),
      shell_(std::move(shell)),
      place_(std::move(place)),
      nonces_(std::move(nonces)) {}

Error ScriptHost::error(ErrorCode code, const std::string& what, const std::string& why) const {
  return Error{code, fmt::format("{} on host {}: {}", what, name_, why)};
}

Error ScriptHost::named(const Error& cause, const std::string& what) const {
  return cause.message.find(name_) != std::string::npos ? cause.with(what)
                                                        : error(cause.code, what, cause.message);
}

Error ScriptHost::refusal(const ScriptReply& reply, const std::string& what) const {
  const ErrorCode code = code_of(reply);
  const std::string said = reason_in(reply.errors);
  const bool full = code == ErrorCode::resource_exhausted &&
                    (reply.errors.find("No space") != std::string::npos ||
                     reply.errors.find("quota") != std::string::npos);
  const char* const remedy = full ? "; free some space there, then run the same command"
                             : code == ErrorCode::permission_denied
                                 ? "; the user that arcform logs in as needs the right to do that"
                                 : "";
  return error(
      code, what,
      fmt::format(
          "{}{}{}", full ? "disk full: " : "",
          said.empty() ? fmt::format("the script ended with status {}", reply.status) : said,
          remedy));
}

Awaitable<Result<ScriptReply>> ScriptHost::run(std::string what, std::string body,
                                               milliseconds patience) {
  const bool below_home = place_.directory.starts_with("~/") && is_clean_path(place_.directory);
  if (!below_home && !is_absolute(place_.directory)) {
    co_return error(ErrorCode::invalid_argument, what,
                    fmt::format("directory '{}' is neither absolute nor below ~/",
                                printable(place_.directory)));
  }
  std::string nonce = nonces_();
  Result<ScriptReply> reply =
      co_await run_script(*shell_, std::move(body), std::move(nonce), patience);
  if (!reply) {
    co_return named(reply.error(), what);
  }
  co_return std::move(*reply);
}

Awaitable<Result<ScriptReply>> ScriptHost::succeed(std::string what, std::string body,
                                                   milliseconds patience) {
  Result<ScriptReply> reply = co_await run(what, std::move(body), patience);
  if (reply && reply->status != 0) {
    co_return refusal(*reply, what);
  }
  co_return reply;
}

Awaitable<Result<void>> ScriptHost::do_script(std::string what, std::string body,
                                              milliseconds patience) {
  const Result<ScriptReply> reply = co_await succeed(std::move(what), std::move(body), patience);
  if (!reply) {
    co_return reply.error();
  }
  co_return Result<void>{};
}

Awaitable<Result<HostFacts>> ScriptHost::probe(ProbeRequest request) {
  const std::string what = "probe";
  for (const ReleasePlace& place : request.releases) {
    if (!is_place(place.folder.empty() ? "/" + place.package : place.folder, place.package,
                  place.release)) {
      co_return error(ErrorCode::invalid_argument, what,
                      fmt::format("no place of a release: {} in '{}'", printable(place.release),
                                  printable(place.folder)));
    }
  }
  if (!request.data_directory.empty() && !is_absolute(request.data_directory)) {
    co_return error(ErrorCode::invalid_argument, what,
                    fmt::format("data directory '{}' is not an absolute path",
                                printable(request.data_directory)));
  }
  std::string body = probe_script(request, place_.directory);
  const Result<ScriptReply> reply = co_await succeed(what, std::move(body), kPatience);
  if (!reply) {
    co_return reply.error();
  }
  if (reply->output.size() > kProbeMax) {
    co_return error(ErrorCode::resource_exhausted, what, "the answer is larger than 1 MB");
  }
  Result<HostFacts> facts = parse_probe(reply->output, request);
  if (!facts) {
    co_return named(facts.error(), what);
  }
  co_return std::move(*facts);
}

Awaitable<Result<std::string>> ScriptHost::ask_at(Endpoint at, std::string question,
                                                  std::string end, milliseconds patience) {
  Result<std::string> answer =
      co_await shell_->exchange(at, std::move(question), std::move(end), patience);
  if (!answer) {
    co_return named(answer.error(), "ask " + at.text());
  }
  co_return std::move(*answer);
}

Awaitable<Result<std::string>> ScriptHost::last_words(std::string slot) {
  const std::string what = "read the log of " + printable(slot);
  if (!is_slot(slot)) {
    co_return error(ErrorCode::invalid_argument, what, "not a slot's name");
  }
  std::string body = last_words_script(slot, place_);
  Result<ScriptReply> reply = co_await succeed(what, std::move(body), kPatience);
  if (!reply) {
    co_return reply.error();
  }
  co_return std::move(reply->output);
}

Awaitable<Result<bool>> ScriptHost::is_alive(ProcessIdentity process) {
  const std::string what = fmt::format("look at pid {}", process.pid);
  std::string body = is_alive_script(process, place_);
  const Result<ScriptReply> reply = co_await succeed(what, std::move(body), kPatience);
  if (!reply) {
    co_return reply.error();
  }
  if (reply->output != "alive" && reply->output != "dead") {
    co_return refusal(*reply, what);
  }
  co_return reply->output == "alive";
}

/// A process that cannot be is asked for, so the answer is always the same.
Awaitable<Result<void>> ScriptHost::answers() {
  std::string body = is_alive_script({"none", 1, 1}, place_);
  auto done = co_await do_script("run a command", std::move(body), kPatience);
  co_return done;
}

Awaitable<Result<void>> ScriptHost::follow(std::function<bool(const HostNews&)> tell) {
  const std::string nonce = nonces_();
  const auto reader = std::make_shared<ResidentReader>(nonce, std::move(tell));
  std::string script = frame_script(resident_script(nonce, place_), nonce);
  // With a name: g++ 12 destroys a temporary of a suspended coroutine twice when that goes.
  std::function<bool(std::string_view)> take = [reader](std::string_view text) {
    return reader->take(text);
  };
  const auto ended = co_await shell_->stream(std::move(script), std::move(take), kResidentSilence);
  if (!ended) {
    co_return named(ended.error(), "follow");
  }
  co_return Result<void>();
}

Awaitable<Result<void>> ScriptHost::write_files(std::vector<FileWrite> files) {
  for (const FileWrite& file : files) {
    if (!is_clean_path(file.path) || file.path.starts_with('~')) {
      co_return error(ErrorCode::invalid_argument, "write " + printable(file.path),
                      "not a plain path");
    }
  }
  if (files.empty()) {
    co_return Result<void>{};
  }
  std::string body = write_files_script(files, place_);
  const Result<ScriptReply> reply = co_await run("write files", std::move(body), kWritePatience);
  if (!reply) {
    co_return reply.error();
  }
  if (reply->status != 0) {
    std::size_t index = files.size();
    const std::string& text = reply->output;
    std::from_chars(text.data(), text.data() + text.size(), index);
    co_return refusal(
        *reply, index < files.size() ? "write " + printable(files[index].path) : "write files");
  }
  co_return Result<void>{};
}

Awaitable<Result<ProcessIdentity>> ScriptHost::start(StartRequest request) {
  const std::string what = "start " + printable(request.slot);
  if (!is_slot(request.slot) || request.argv.empty() || request.argv.front().empty() ||
      !is_word(request.digest)) {
    co_return error(ErrorCode::invalid_argument, what, "bad slot, argv or digest");
  }
  std::string body = start_script(request, place_);
  const Result<ScriptReply> reply = co_await succeed(what, std::move(body), kPatience);
  if (!reply) {
    co_return reply.error();
  }
  const auto identity = parse_identity(reply->output);
  if (!identity) {
    co_return error(ErrorCode::unavailable, what,
                    "the script's answer is not an identity: " + printable(reply->output, 100));
  }
  co_return *identity;
}

Awaitable<Result<StopOutcome>> ScriptHost::stop(StopRequest request) {
  const std::string what =
      fmt::format("stop {} (pid {})", printable(request.slot), request.process.pid);
  // Pids 0 and 1 and "negative" ones mean groups or the whole system to kill.
  if (!is_slot(request.slot) || request.process.pid < 2 || request.process.pid > 0x7fffffffU ||
      request.patience.count() < 0 || request.drain.count() < 0) {
    co_return error(ErrorCode::invalid_argument, what, "bad slot, pid or patience");
  }
  std::string body = stop_script(request, place_);
  const Result<ScriptReply> reply =
      co_await run(what, std::move(body), request.drain + request.patience + kPatience);
  if (!reply) {
    co_return reply.error();
  }
  if (reply->status == 0 && reply->output == "gone") {
    co_return StopOutcome::gone;
  }
  if (reply->status == 0 && reply->output == "killed") {
    co_return StopOutcome::killed;
  }
  co_return refusal(*reply, what);
}

Awaitable<Result<void>> ScriptHost::obey() {
  const std::string what = "obey the lock's epoch";
  std::string body = fence_script(place_);
  auto done = co_await do_script(what, std::move(body), kPatience);
  co_return done;
}

Awaitable<Result<std::string>> ScriptHost::tell(std::uint16_t port, std::string command,
                                                std::string end, milliseconds patience) {
  const std::string what = fmt::format("tell 127.0.0.1:{}", port);
  if (place_.fence.tree != 0) {  // The exchange is no script, so the fence is one of its own.
    const Result<void> obeyed = co_await obey();
    if (!obeyed) {
      co_return obeyed.error();
    }
  }
  Result<std::string> answer =
      co_await shell_->exchange(on_loopback(port), std::move(command), std::move(end), patience);
  if (!answer) {
    co_return named(answer.error(), what);
  }
  co_return std::move(*answer);
}

Awaitable<Result<void>> ScriptHost::raise_open_files(ProcessIdentity process, std::uint64_t files) {
  const std::string what = fmt::format("raise the open files of pid {}", process.pid);
  std::string body = raise_open_files_script(process, files, place_);
  auto done = co_await do_script(what, std::move(body), kPatience);
  co_return done;
}

Awaitable<Result<void>> ScriptHost::forget(std::string slot) {
  const std::string what = "forget " + printable(slot);
  if (!is_slot(slot) || !(slot.starts_with("node-") || slot.starts_with("server-"))) {
    co_return error(ErrorCode::invalid_argument, what, "not a slot's name");
  }
  std::string body = forget_script(slot, place_);
  auto done = co_await do_script(what, std::move(body), kPatience);
  co_return done;
}

}  // namespace arcform
