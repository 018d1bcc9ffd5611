// SPDX-License-Identifier: Apache-2.0
#include "drivers/ssh_wire.h"

#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace arcform::ssh_wire {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) {
    return std::nullopt;
  }
  std::string bytes(text.size() / 4 * 3, '\0');
  const int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(text),
                                static_cast<int>(text.size()));
  if (n < 0) {
    return std::nullopt;
  }
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  bytes.resize(static_cast<std::size_t>(n) - padding);
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes),
                                static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(n));
  return text;
}

std::string fingerprint(std::string_view key_blob) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(bytes_of(key_blob), key_blob.size(), digest.data());
  std::string text = encode_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
  while (text.ends_with('=')) {
    text.pop_back();
  }
  return "SHA256:" + text;
}

std::string hmac_sha1(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
       digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

void put_u32(std::string& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    to.push_back(static_cast<char>((value >> shift) & 0xffU));
  }
}

void put_string(std::string& to, std::string_view bytes) {
  put_u32(to, static_cast<std::uint32_t>(bytes.size()));
  to.append(bytes);
}

std::optional<std::uint8_t> Reader::u8() {
  if (rest_.empty()) {
    return std::nullopt;
  }
  const auto value = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return value;
}

std::optional<std::uint32_t> Reader::u32() {
  if (rest_.size() < 4) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = (value << 8U) | static_cast<std::uint8_t>(rest_[i]);
  }
  rest_.remove_prefix(4);
  return value;
}

std::optional<std::string_view> Reader::string() {
  const std::string_view before = rest_;
  const std::optional<std::uint32_t> size = u32();
  if (!size || rest_.size() < *size) {
    rest_ = before;
    return std::nullopt;
  }
  const std::string_view text = rest_.substr(0, *size);
  rest_.remove_prefix(*size);
  return text;
}

std::string_view key_type(std::string_view key_blob) {
  return Reader(key_blob).string().value_or(std::string_view());
}

}  // namespace arcform::ssh_wire
