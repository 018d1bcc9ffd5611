// SPDX-License-Identifier: Apache-2.0
#include "drivers/host_words.h"

#include <algorithm>
#include <string>

namespace arcform {

bool is_slot(std::string_view text) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::size_t dash = text.find('-');
  return dash != std::string_view::npos && dash > 0 && dash + 1 < text.size() &&
         text.size() <= 64 &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(dash), is_lower) &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(dash) + 1, text.end(), is_digit);
}

bool is_word(std::string_view text) {
  return text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_clean_path(std::string_view path) {
  const std::string wrapped = "/" + std::string(path) + "/";
  return !path.empty() && !path.ends_with('/') && path.find('\n') == std::string_view::npos &&
         wrapped.find("/../") == std::string::npos && wrapped.find("/./") == std::string::npos;
}

bool is_absolute(std::string_view path) {
  return path.starts_with('/') && is_clean_path(path);
}

}  // namespace arcform
