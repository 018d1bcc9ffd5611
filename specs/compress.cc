// SPDX-License-Identifier: Apache-2.0
#include "specs/compress.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "specs/writer.h"

namespace arcform {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Every run of digits in `text`, as a row that could start there.
std::vector<NameRow> rows_from(const std::string& text) {
  std::vector<NameRow> rows;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_digit(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_digit(text[end])) {
      ++end;
    }
    NameRow row;
    const std::string digits = text.substr(at, end - at);
    row.head = text.substr(0, at);
    row.tail = text.substr(end);
    row.width = digits.front() == '0' ? digits.size() : 1;
    row.first = digits;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), row.low);
    if (error == std::errc{} && digits.size() <= 9) {
      rows.push_back(std::move(row));
    }
    at = end;
  }
  return rows;
}

}  // namespace

std::string NameRow::name(std::size_t index) const {
  return fmt::format("{}{:0{}}{}", head, low + index, width, tail);
}

std::string NameRow::text(std::size_t count) const {
  return count == 1 ? head + first + tail
                    : fmt::format("{}[{}-{:0{}}]{}", head, first, low + count - 1, width, tail);
}

std::optional<NameRow> row_of(const std::string& first, const std::string& second) {
  for (NameRow& row : rows_from(first)) {
    if (row.name(1) == second) {
      return std::move(row);
    }
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, std::size_t>> compress_counted(
    const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, std::size_t>> out;
  for (std::size_t at = 0; at < names.size();) {
    const auto row = at + 1 < names.size() ? row_of(names[at], names[at + 1]) : std::nullopt;
    std::size_t count = 1;
    while (row && at + count < names.size() && row->name(count) == names[at + count]) {
      ++count;
    }
    out.emplace_back(row ? row->text(count) : names[at], count);
    at += count;
  }
  return out;
}

std::vector<std::string> compress_names(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (auto& [range, count] : compress_counted(names)) {
    out.push_back(std::move(range));
  }
  return out;
}

}  // namespace arcform
