// SPDX-License-Identifier: Apache-2.0
#include "model/names.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace arcform {
namespace {

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool is_letter_or_digit(char c) {
  return is_name_byte(c) && c != '.' && c != '_' && c != '-';
}

bool is_name(std::string_view text, std::size_t size_max) {
  return !text.empty() && text.size() <= size_max &&
         std::all_of(text.begin(), text.end(), is_name_byte);
}

/// A decimal number without sign or leading zeros, at most `max`.
std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t max) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value > max) {
    return std::nullopt;
  }
  return value;
}

/// Length of the valid, harmless UTF-8 sequence at the start of `text`; 0: none. Bidirectional
/// overrides and isolates (U+202A..2E, U+2066..69) are not harmless: they reorder what is read.
std::size_t harmless_sequence(std::string_view text) {
  const auto [size, code] = first_character(text);
  const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const bool reorders = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return control || reorders ? 0 : size;
}

}  // namespace

Utf8Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t first = byte(0);
  if (first < 0x80) {
    return {1, first};
  }
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) {
    return {};
  }
  std::uint32_t code = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) {
      return {};
    }
    code = (code << 6U) | (byte(i) & 0x3fU);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return overlong || surrogate || code > 0x10ffff ? Utf8Character{} : Utf8Character{size, code};
}

std::string Endpoint::ip_text() const {
  return fmt::format("{}.{}.{}.{}", ip >> 24U, (ip >> 16U) & 255U, (ip >> 8U) & 255U, ip & 255U);
}

std::string Endpoint::text() const {
  return fmt::format("{}.{}.{}.{}:{}", ip >> 24U, (ip >> 16U) & 255U, (ip >> 8U) & 255U, ip & 255U,
                     port);
}

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  std::uint32_t ip = 0;
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = part < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) {
      return std::nullopt;
    }
    const auto value = parse_number(text.substr(0, dot), 255);
    if (!value) {
      return std::nullopt;
    }
    ip = (ip << 8U) | *value;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return ip;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto ip = parse_ipv4(text.substr(0, colon));
  const auto port = parse_number(text.substr(colon + 1), 65535);
  if (!ip || !port || *port == 0) {
    return std::nullopt;
  }
  return Endpoint{*ip, static_cast<std::uint16_t>(*port)};
}

bool is_service_code(std::string_view text) {
  return is_name(text, 128) && text != "." && text != "..";
}

bool is_host_name(std::string_view text) {
  return is_name(text, 253) && is_letter_or_digit(text.front());
}

bool is_deployment_name(std::string_view text) {
  return is_name(text, 64) && is_letter_or_digit(text.front());
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  const bool cut = text.size() > limit;
  text = text.substr(0, limit);
  while (!text.empty()) {
    const std::size_t size = harmless_sequence(text);
    if (size > 0) {
      out += text.substr(0, size);
      text.remove_prefix(size);
    } else {
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
    }
  }
  return cut ? out + "..." : out;
}

}  // namespace arcform
