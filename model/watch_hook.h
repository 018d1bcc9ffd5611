// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/desired.h"

namespace arcform {

/// Every kind of event that a hook may ask for, by its name ("action failed"). What a hook itself
/// brings about ("hook failed") is not among them, so that no hook can feed itself.
const std::vector<std::string>& hook_event_names();
/// Those that a hook gets that names none: what a person should hear of.
const std::vector<std::string>& default_hook_events();

/// Where an HTTP request goes.
struct Url {
  bool tls = false;
  std::string host;  ///< a name or an address; of IPv6 without its brackets
  std::uint16_t port = 80;
  std::string target = "/";  ///< path and query
  bool operator==(const Url&) const = default;

  /// "https://host:port": what may be shown. A path may hold a secret.
  std::string origin() const;
};
inline constexpr std::size_t kUrlMax = 2048;

/// "http://host:8080/path?query", visible ASCII only, without user and fragment; nullopt: not such.
std::optional<Url> parse_url(std::string_view text);

}  // namespace arcform
