// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace arcform {

/// Where `arcform watch` shows itself when --listen says nothing else.
inline constexpr const char* kListenUsual = "127.0.0.1:9464";

/// The place that --listen names, "HOST:PORT".
struct ListenName {
  std::string host;
  std::uint16_t port = 0;  ///< 0: any that is free
};
/// nullopt: it is not of that form.
std::optional<ListenName> parse_listen(const std::string& text);

}  // namespace arcform
