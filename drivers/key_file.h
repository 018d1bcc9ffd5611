// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "model/result.h"

namespace arcform {

/// A private key file: what can be said about it without its passphrase, and signing.
/// libssh2 1.10 signs with RSA as "ssh-rsa" (SHA-1) alone, which OpenSSH refuses since 8.8; ours is
/// rsa-sha2-512. It reads an ed25519 key anew for every login, in which OpenSSL tries all of its
/// decoders on it: a third of the CPU of a login; ours is read once. Wiped when it goes.
class KeyFile {
 public:
  /// Reads PEM, PKCS#8 and OpenSSH's format. Errors (with the path): not_found, permission_denied,
  /// unsupported (not a private key).
  static Result<KeyFile> load(const std::string& path);
  KeyFile(KeyFile&&) noexcept;
  KeyFile& operator=(KeyFile&&) noexcept;
  ~KeyFile();

  const std::string& path() const;
  const std::string& text() const;  ///< as in the file
  const std::string& type() const;  ///< "ssh-rsa"; empty: known only after unlock
  const std::string& blob() const;  ///< the public key; empty: not known
  bool is_encrypted() const;        ///< and not unlocked yet
  bool is_rsa() const;
  /// True for RSA after unlock, and for ed25519 in OpenSSH's format without a passphrase.
  bool can_sign() const;
  /// Encrypted in OpenSSH's own format, which we cannot decrypt for RSA.
  bool is_sealed_openssh() const;
  /// Decrypts PEM and PKCS#8; error unauthenticated: wrong passphrase.
  Result<void> unlock(std::string_view passphrase);
  /// The signature proper: PKCS#1 v1.5 with SHA-512, or ed25519's; empty when it cannot be made.
  std::string sign(std::string_view data) const;

 private:
  struct State;
  explicit KeyFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The public key of an RSA blob under the name of another signature algorithm: OpenSSH takes it
/// (sshkey.c: "rsa-sha2-512" names the same key type), and libssh2 then sends that name.
std::string relabel_rsa(std::string_view blob, std::string_view algorithm);

}  // namespace arcform
