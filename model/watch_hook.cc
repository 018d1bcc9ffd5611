// SPDX-License-Identifier: Apache-2.0
#include "model/watch_hook.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace arcform {
namespace {

constexpr std::size_t kHostMax = 253;

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_host(std::string_view text, bool v6) {
  const auto fits = [v6](char c) {
    const bool digit = c >= '0' && c <= '9';
    const bool hex = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return v6 ? digit || hex || c == ':' || c == '.' : digit || letter || c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= kHostMax && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), fits);
}

/// Takes "host", "host:port", "[v6]" or "[v6]:port" apart.
bool read_authority(std::string_view text, Url& url) {
  std::string_view rest;
  const bool v6 = text.starts_with('[');
  if (v6) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
      return false;
    }
    url.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const std::size_t end = std::min(text.find(':'), text.size());
    url.host = text.substr(0, end);
    rest = text.substr(end);
  }
  if (!is_host(url.host, v6)) {
    return false;
  }
  if (rest.empty()) {
    return true;
  }
  const char* const end = rest.data() + rest.size();
  const auto read = std::from_chars(rest.data() + 1, end, url.port);
  return rest.front() == ':' && read.ec == std::errc{} && read.ptr == end && url.port != 0;
}

}  // namespace

const std::vector<std::string>& hook_event_names() {
  static const std::vector<std::string> names{
      "started",     "spec changed",  "spec refused",   "mode changed", "round",   "action started",
      "action done", "action failed", "action skipped", "withheld",     "waiting", "node gone",
      "alarm",       "converged",     "paused",         "resumed"};
  return names;
}

const std::vector<std::string>& default_hook_events() {
  static const std::vector<std::string> names{"action failed", "alarm", "mode changed", "node gone",
                                              "spec refused"};
  return names;
}

std::string Url::origin() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", tls ? "https" : "http", v6 ? "[" : "", host, v6 ? "]" : "",
                     port);
}

std::optional<Url> parse_url(std::string_view text) {
  Url url;
  if (text.size() > kUrlMax || !is_visible(text) || text.find('#') != std::string_view::npos) {
    return std::nullopt;
  }
  if (text.starts_with("https://")) {
    url.tls = true;
    url.port = 443;
  } else if (!text.starts_with("http://")) {
    return std::nullopt;
  }
  text.remove_prefix(url.tls ? 8 : 7);
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  if (!read_authority(text.substr(0, end), url)) {
    return std::nullopt;
  }
  const std::string_view target = text.substr(end);
  url.target = target.starts_with('/') ? "" : "/";
  url.target += target;
  return url;
}

}  // namespace arcform
