// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/support/text_file.h"

/// Real OpenSSH programs for integration tests, each in its own temporary folder; ended by pid.
namespace arcform {

/// A new folder that is removed, with all in it, at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Writes a file with mode 0600 and returns its path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

/// Runs a program to its end; throws when it fails. Returns its standard output.
std::string run_program(const std::vector<std::string>& argv);

/// A program that runs beside the test; killed and reaped at the end.
class Process {
 public:
  Process() = default;
  Process(std::vector<std::string> argv, const std::string& log);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process() { kill(); }
  pid_t pid() const { return pid_; }
  void kill();

 private:
  pid_t pid_ = -1;
};

/// The process and all that descend from it.
std::vector<pid_t> family_of(pid_t pid);

/// `type`: ed25519, ecdsa, rsa. Writes `path` and `path`.pub.
void make_key(const std::string& type, const std::string& path, const std::string& passphrase = "",
              const std::vector<std::string>& options = {});

/// An sshd on a free port of 127.0.0.1, with host keys of all three types, that lets the keys in
/// its authorized_keys log in as whoever runs the test.
class RealSshd {
 public:
  /// `config`: lines in front of ours, which therefore win.
  explicit RealSshd(std::string config = "");
  ~RealSshd();
  std::uint16_t port() const { return port_; }
  void start();
  /// SIGKILL to the server and every connection's processes.
  void kill();
  /// SIGSTOP / SIGCONT to the same.
  void freeze(bool frozen);
  /// "ssh-ed25519 AAAA..."
  std::string host_key(const std::string& type) const;
  /// A known_hosts line for 127.0.0.1 and our port.
  std::string known_hosts_line(const std::string& type = "ed25519") const;
  void authorize(const std::string& private_key) const;
  std::string log() const { return content_of(folder_.file("log")); }

 private:
  TemporaryFolder folder_;
  std::string config_;
  std::uint16_t port_;
  Process process_;
};

/// An ssh-agent with some keys.
class RealAgent {
 public:
  RealAgent();
  std::string socket() const { return folder_.file("agent"); }
  void add(const std::string& private_key) const;

 private:
  TemporaryFolder folder_;
  Process process_;
};

}  // namespace arcform
