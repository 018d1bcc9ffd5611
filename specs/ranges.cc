// SPDX-License-Identifier: Apache-2.0
#include "specs/ranges.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "model/names.h"

namespace arcform {
namespace {

Error malformed(std::string_view what) {
  return {ErrorCode::invalid_argument,
          fmt::format("{}; write a range as [1-3], [001-003] or [1,4-6]", what)};
}

Error too_many() {
  return {
      ErrorCode::invalid_argument,
      fmt::format("the range has more than {} names; split it into several entries", kRangeMax)};
}

std::optional<std::uint32_t> digits(std::string_view text) {
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || text.size() > 9 || error != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return value;
}

/// "1", "1-3" or "001-003".
Result<std::vector<std::string>> expand_part(std::string_view part) {
  const std::size_t dash = part.find('-');
  const std::string_view low_text = part.substr(0, dash);
  const std::string_view high_text =
      dash == std::string_view::npos ? low_text : part.substr(dash + 1);
  const auto low = digits(low_text);
  const auto high = digits(high_text);
  if (!low || !high) {
    return malformed(fmt::format("\"{}\" is no range of numbers", printable(part, 64)));
  }
  if (*low > *high) {
    return malformed(fmt::format("the range {} runs backwards", part));
  }
  if (*high - *low >= kRangeMax) {
    return too_many();
  }
  const std::size_t width = low_text.front() == '0' ? low_text.size() : 1;
  std::vector<std::string> names;
  for (std::uint32_t i = *low; i <= *high; ++i) {
    names.push_back(fmt::format("{:0{}}", i, width));
  }
  return names;
}

/// The inside of one pair of brackets.
Result<std::vector<std::string>> expand_bracket(std::string_view inside) {
  std::vector<std::string> names;
  while (true) {
    const std::size_t comma = inside.find(',');
    auto part = expand_part(inside.substr(0, comma));
    if (!part) {
      return part.error();
    }
    names.insert(names.end(), part->begin(), part->end());
    if (names.size() > kRangeMax) {
      return too_many();
    }
    if (comma == std::string_view::npos) {
      return names;
    }
    inside.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<std::vector<std::string>> expand_range(std::string_view text) {
  if (text.size() > kRangeTextMax) {
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("the text has {} bytes, more than {}; shorten it", text.size(), kRangeTextMax)};
  }
  std::vector<std::string> names{""};
  while (true) {
    const std::size_t open = text.find('[');
    const std::string_view plain = text.substr(0, open);
    if (plain.find(']') != std::string_view::npos) {
      return malformed("a ']' without its '['");
    }
    for (std::string& name : names) {
      name += plain;
    }
    if (open == std::string_view::npos) {
      return names;
    }
    text.remove_prefix(open + 1);
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) {
      return malformed("a '[' without its ']'");
    }
    const auto inside = expand_bracket(text.substr(0, close));
    if (!inside) {
      return inside.error();
    }
    if (names.size() * inside->size() > kRangeMax) {
      return too_many();
    }
    std::vector<std::string> product;
    product.reserve(names.size() * inside->size());
    for (const std::string& head : names) {
      for (const std::string& tail : *inside) {
        product.push_back(head + tail);
      }
    }
    names = std::move(product);
    text.remove_prefix(close + 1);
  }
}

}  // namespace arcform
