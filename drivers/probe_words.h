// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal to the probe's parser: single lines of its answer.
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/observed.h"

namespace arcform {

/// The whole text as a number.
template <class T>
std::optional<T> number(std::string_view text, int base = 10) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || stop != end || text.empty()) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator);
bool is_flag(std::string_view text);
bool is_boot_id(std::string_view text);

/// "INDEX NODE ENGINE LOGGER SCRUB SERVER": what was found in `prefix`. nullopt: no such line.
std::optional<ObservedPackage> read_package(std::string_view text, std::size_t index,
                                            const std::string& prefix);
/// "NAME SUM SECONDS". What stands in a mark is anybody's: only a checksum makes a release ours.
std::optional<ObservedRelease> read_release(std::string_view text, const std::string& package);
/// The port of a line about a listening socket. Of `ss -ltnH`: "LISTEN 0 128 [::]:22 [::]:*"; of
/// /proc/net/tcp: "   0: 0100007F:2BCB 00000000:0000 0A ...", with the port in hexadecimal.
std::optional<std::uint16_t> read_socket(std::string_view text);

}  // namespace arcform
