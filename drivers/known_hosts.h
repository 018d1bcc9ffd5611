// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"

namespace arcform {

/// A host as known_hosts may name it. Entries for the name and for the address both count.
struct KnownName {
  std::string name;
  std::string address;
  std::uint16_t port = 22;
};

/// One key that known_hosts has for a host.
struct KnownKey {
  std::string type;  ///< "ssh-ed25519"
  std::string blob;  ///< decoded
  std::string file;
  int line = 0;
  bool revoked = false;
  /// False: an entry without a port, found for a port other than 22. It counts only for a host that
  /// has none with its port.
  bool exact_port = true;
  bool operator==(const KnownKey&) const = default;
};

struct KnownKeys {
  std::vector<KnownKey> keys;
  std::string authority;  ///< "file:line" of an @cert-authority line for this host, or empty
};

/// The lines of known_hosts files, as sshd(8) describes them: patterns with `*`, `?` and `!`, comma
/// lists, "[host]:port", hashed names, @revoked and @cert-authority. Lines that make no sense and
/// key types that nobody knows are skipped, line by line.
class KnownHosts {
 public:
  /// `file` is for messages.
  void add(std::string_view content, const std::string& file);
  /// In the order of the files and lines. For a port other than 22 the entries without a port are
  /// given too (ssh takes them when they match).
  KnownKeys find(const KnownName& host) const;

 private:
  struct Line {
    std::string file;
    int number = 0;
    std::string marker;  ///< "@revoked", "@cert-authority" or empty
    std::string hosts;
    std::string type;
    std::string base64;
  };
  std::vector<Line> lines_;
};

/// Whether `offered` (a key blob) is the host's. Error unauthenticated: revoked, changed (names
/// file and line), or unknown; each with the key's fingerprint and what to do.
Result<void> check_host_key(const KnownKeys& known, const KnownName& host,
                            const std::string& offered, const std::string& user_file);

/// `*` any bytes, `?` any one byte, as in OpenSSH's files; linear, so that a hostile file costs
/// nothing.
bool matches_pattern(std::string_view pattern, std::string_view text);
/// With the small ones of the letters A to Z.
std::string lower_case(std::string_view text);

/// `~` and `~/...` with the home folder put in; anything else as it is.
std::string expand_home(const std::string& path, const std::string& home);

}  // namespace arcform
