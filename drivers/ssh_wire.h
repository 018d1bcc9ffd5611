// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The encodings of SSH (RFC 4251, section 5) and of its key files.
namespace arcform::ssh_wire {

/// nullopt: not base64 (padding is required).
std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);

/// "SHA256:..." without padding, as `ssh-keygen -l` prints it.
std::string fingerprint(std::string_view key_blob);
/// For hashed lines of known_hosts.
std::string hmac_sha1(std::string_view key, std::string_view text);

void put_u32(std::string& to, std::uint32_t value);
void put_string(std::string& to, std::string_view bytes);

/// Reads from the front; each nullopt means "cut off".
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::optional<std::uint8_t> u8();
  std::optional<std::uint32_t> u32();
  std::optional<std::string_view> string();
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

/// The first string of a key blob ("ssh-ed25519"); empty when it has none.
std::string_view key_type(std::string_view key_blob);

}  // namespace arcform::ssh_wire
