// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "drivers/key_file.h"
#include "drivers/known_hosts.h"
#include "drivers/secrets.h"
#include "drivers/waiting.h"
#include "model/desired.h"

namespace arcform {

/// What the shells need to know of the person and the machine that run us. Looked up once, by
/// whoever builds the shells.
struct ShellEnvironment {
  std::string home;          ///< replaces `~`; local scripts start there
  std::string user;          ///< who logs in when the spec names nobody
  std::string agent_socket;  ///< SSH_AUTH_SOCK; empty: no agent
  std::string global_known_hosts = "/etc/ssh/ssh_known_hosts";
  bool terminal = false;  ///< the system `ssh` may ask questions there
};

/// Whom to log in on, and how.
struct SshTarget {
  KnownName host;
  std::string user;
  SshAccess access;
  std::vector<std::string> more_known_hosts{};  ///< besides those of `access`
  std::string host_key_alias{};                 ///< not empty: known_hosts has this name for it
  std::vector<std::string> through{};  ///< a program that carries the connection; empty: TCP
  std::string jump{};                  ///< what it goes through, for messages

  /// "cache1 (10.0.0.1:22)"
  std::string text() const;
};

/// How many logins may go on at once: sshd drops connections at random above MaxStartups (10 by
/// default), and every login costs a round of key exchange on both sides.
class HandshakeLimits {
 public:
  static constexpr int kPerAddress = 6;
  static constexpr int kInAll = 64;
  struct Entry {
    Places::Held door;
    Places::Held place;
  };
  explicit HandshakeLimits(asio::io_context& loop) : loop_(loop), all_(loop, kInAll) {}
  /// Waits as long as it takes.
  Awaitable<Entry> enter(std::string address, std::uint16_t port);
  /// The server had too many: one less at a time from now on.
  void dropped(const std::string& address, std::uint16_t port);

 private:
  Places& door(const std::string& address, std::uint16_t port);
  asio::io_context& loop_;
  Places all_;
  std::map<std::pair<std::string, std::uint16_t>, Places> doors_;
};

class SshConfigFile;
class SshTools;
/// See ssh_config.h.
Awaitable<Result<SshTarget>> with_user_config(std::shared_ptr<SshTools> tools, SshTarget target);

/// What the configuration says of one host. Empty: nothing, or what ssh does anyway.
struct SshHostConfig {
  std::string host_name;
  std::string user;
  std::uint16_t port = 0;
  std::vector<std::string> identity_files;
  std::vector<std::string> known_hosts;
  std::string host_key_alias;
  std::string proxy_jump;     ///< "a,user@b:22"
  std::string proxy_command;  ///< with %h, %p, %r and %n in it
  bool operator==(const SshHostConfig&) const = default;
};

/// Answers of `ssh -G` by file and key, shared by whoever asks meanwhile and later; errors only by
/// whoever asks meanwhile.
class SshConfigs {
 public:
  explicit SshConfigs(asio::io_context& loop) : changed_(loop), places_(loop, 4) {}

 private:
  friend Awaitable<Result<SshTarget>> with_user_config(std::shared_ptr<SshTools> tools,
                                                       SshTarget target);
  using Answer = Result<SshHostConfig>;
  static Awaitable<Answer> answer_for(std::shared_ptr<SshTools> tools, std::string file,
                                      std::string key, std::string host);
  static Awaitable<Answer> ask(std::shared_ptr<SshTools> tools, std::string file, std::string host);
  /// Read once; one that is not there and need not be is as if it were empty.
  Result<const SshConfigFile*> file(const std::string& path, bool must_be_there);
  std::map<std::string, std::shared_ptr<const SshConfigFile>> files_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<std::optional<Answer>>> answers_;
  TimedSignal changed_;
  Places places_;
};

/// What all SSH connections of a process share.
class SshTools {
 public:
  /// `loop` and `secrets` must outlive this and every shell made with it.
  SshTools(asio::io_context& loop, ShellEnvironment environment, Secrets& secrets);

  asio::io_context& loop() const { return loop_; }
  const ShellEnvironment& environment() const { return environment_; }
  Secrets& secrets() const { return secrets_; }
  HandshakeLimits& limits() { return limits_; }
  SshConfigs& configs() { return configs_; }
  /// The user's file and the machine's, read again when they change.
  KnownKeys known_keys(const SshTarget& target);
  /// Read once and kept, so that a passphrase is asked for once; read again when it changes.
  Result<std::shared_ptr<KeyFile>> key_file(const std::string& path);

 private:
  struct Stamp {
    std::filesystem::file_time_type changed;
    std::uintmax_t size = 0;
    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp_of(const std::string& path);
  const KnownHosts& known_hosts(const std::string& path);

  asio::io_context& loop_;
  ShellEnvironment environment_;
  Secrets& secrets_;
  HandshakeLimits limits_;
  SshConfigs configs_;
  std::map<std::string, std::pair<Stamp, KnownHosts>> known_hosts_;
  std::map<std::string, std::pair<Stamp, std::shared_ptr<KeyFile>>> key_files_;
};

}  // namespace arcform
