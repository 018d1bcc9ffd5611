// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "drivers/host_scripts.h"
#include "drivers/script.h"
#include "drivers/world.h"

namespace arcform {

/// A host that is worked on by POSIX sh scripts alone; nothing has to be installed there but a
/// shell, the usual small tools (cat, grep, dd, mkdir, mv, rm, chmod, tail, wc, sleep, env) and
/// `setsid`; for packages out of archives also tar, sha256sum, df, awk, tr and the decompressor.
/// Two starters of one slot exclude each other on the host itself. The folder must be the host's
/// own: on a home directory that several hosts share, two of them would take each other's slots for
/// their own of an earlier boot.
class ScriptHost final : public Host {
 public:
  /// `name` is for messages. `place.directory`: absolute, or "~/..." below the login's home.
  ScriptHost(std::string name, std::unique_ptr<Shell> shell, ScriptPlace place, NonceSource nonces);

  Awaitable<Result<HostFacts>> probe(ProbeRequest request) override;
  Awaitable<Result<std::string>> ask_at(Endpoint at, std::string question, std::string end,
                                        std::chrono::milliseconds patience) override;
  Awaitable<Result<std::string>> last_words(std::string slot) override;
  Awaitable<Result<bool>> is_alive(ProcessIdentity process) override;
  Awaitable<Result<void>> answers() override;
  Awaitable<Result<std::optional<std::string>>> read_file(std::string path) override;

  Awaitable<Result<void>> follow(std::function<bool(const HostNews&)> tell) override;

  void fence(Fence fence) override { place_.fence = fence; }
  Awaitable<Result<void>> obey() override;
  Awaitable<Result<void>> write_files(std::vector<FileWrite> files) override;
  Awaitable<Result<ProcessIdentity>> start(StartRequest request) override;
  Awaitable<Result<StopOutcome>> stop(StopRequest request) override;
  Awaitable<Result<std::string>> tell(std::uint16_t port, std::string command, std::string end,
                                      std::chrono::milliseconds patience) override;
  Awaitable<Result<void>> raise_open_files(ProcessIdentity process, std::uint64_t files) override;
  Awaitable<Result<void>> adopt(AdoptRequest request) override;
  Awaitable<Result<void>> forget(std::string slot) override;
  Awaitable<Result<void>> set_aside(std::string slot,
                                    std::vector<std::string> directories) override;
  Awaitable<Result<void>> install(InstallRequest request) override;
  Awaitable<Result<void>> remove_release(RemoveRequest request) override;

 private:
  /// The shell may take so long over what a healthy host does in milliseconds.
  static constexpr std::chrono::milliseconds kPatience{30'000};

  static bool is_place(const std::string& folder, const std::string& package,
                       const std::string& release);
  /// Runs a script; the reply whatever its status.
  Awaitable<Result<ScriptReply>> run(std::string what, std::string body,
                                     std::chrono::milliseconds patience);
  /// The same; a reply with another status than 0 is an error.
  Awaitable<Result<ScriptReply>> succeed(std::string what, std::string body,
                                         std::chrono::milliseconds patience);
  /// The same, where what the script writes does not matter.
  Awaitable<Result<void>> do_script(std::string what, std::string body,
                                    std::chrono::milliseconds patience);
  Error error(ErrorCode code, const std::string& what, const std::string& why) const;
  Error named(const Error& error, const std::string& what) const;
  /// What a reply with a status other than 0 says.
  Error refusal(const ScriptReply& reply, const std::string& what) const;

  std::string name_;
  std::unique_ptr<Shell> shell_;
  ScriptPlace place_;
  NonceSource nonces_;
};

}  // namespace arcform
