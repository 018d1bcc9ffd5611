// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Ranges the other way round; internal to specs/.
namespace arcform {

/// Names that differ in one number which counts up by one: "cache001.arcus", "cache002.arcus".
struct NameRow {
  std::string head;
  std::string tail;
  std::string first;  ///< the number as the first name has it
  std::uint64_t low = 0;
  std::size_t width = 1;

  std::string name(std::size_t index) const;
  /// The row of that many names as a range.
  std::string text(std::size_t count) const;
};

/// The row that begins with these two; nullopt: they are no row.
std::optional<NameRow> row_of(const std::string& first, const std::string& second);

/// The ranges of compress_names, each with how many names it stands for.
std::vector<std::pair<std::string, std::size_t>> compress_counted(
    const std::vector<std::string>& names);

}  // namespace arcform
