// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace arcform {

/// The address of a cache node as Arcus names it: IPv4 and TCP port. Arcus nodes cannot have an
/// IPv6 identity (arcus-memcached 1.15.0, arcus_zk.c:arcus_build_znode_name).
struct Endpoint {
  std::uint32_t ip = 0;  ///< host byte order
  std::uint16_t port = 0;

  /// "10.0.0.1:11211"
  std::string text() const;
  /// "10.0.0.1"
  std::string ip_text() const;
  /// Exactly "a.b.c.d:port" with port 1..65535 and no leading zeros; anything else is nullopt.
  static std::optional<Endpoint> parse(std::string_view text);

  auto operator<=>(const Endpoint&) const = default;
};

/// 127.0.0.1:`port`
constexpr Endpoint on_loopback(std::uint16_t port) {
  return {0x7f000001, port};
}

/// "a.b.c.d" without leading zeros, in host byte order; nullopt for anything else.
std::optional<std::uint32_t> parse_ipv4(std::string_view text);

/// A service code that every Arcus tool can live with: 1 to 128 bytes of [A-Za-z0-9._-], not "."
/// or "..". The server itself takes more (128 bytes is its limit), but '^' is cut, '/' breaks the
/// tree and ',' '=' and spaces break arcus.sh.
bool is_service_code(std::string_view text);

/// A host name as it may stand in a spec: 1 to 253 bytes of [A-Za-z0-9._-], starting with a letter
/// or digit (so that it can never be read as an option).
bool is_host_name(std::string_view text);

/// A deployment name: 1 to 64 bytes of [A-Za-z0-9._-], starting with a letter or digit.
bool is_deployment_name(std::string_view text);

/// The first character of some UTF-8 text.
struct Utf8Character {
  std::size_t size = 0;  ///< bytes; 0: they are no valid UTF-8 (RFC 3629)
  std::uint32_t code = 0;
};
/// `text` must not be empty.
Utf8Character first_character(std::string_view text);

/// Bytes that came from a host, a znode or a user, made safe for a terminal and one line: control
/// bytes, escape, DEL, invalid UTF-8 and bidirectional overrides become \xNN; at most `limit`
/// bytes of input are shown.
std::string printable(std::string_view text, std::size_t limit = 512);

}  // namespace arcform
