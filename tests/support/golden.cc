// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace arcform {
namespace {

/// "" when equal, else the first differing line of both.
std::string first_difference(const std::string& expected, const std::string& text) {
  std::istringstream left(expected);
  std::istringstream right(text);
  std::string want;
  std::string have;
  for (int line = 1;; ++line) {
    const bool more = static_cast<bool>(std::getline(left, want));
    const bool also = static_cast<bool>(std::getline(right, have));
    if (!more && !also) {
      return expected == text ? "" : "the last newline differs";
    }
    if (more != also || want != have) {
      return fmt::format("line {}\n  expected: {}\n  actual:   {}", line,
                         more ? want : "(no such line)", also ? have : "(no such line)");
    }
  }
}

}  // namespace

std::string golden_difference(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(GOLDEN_DIRECTORY) / name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return "";
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fmt::format("{} cannot be read; UPDATE_GOLDEN=1 writes it", path.string());
  }
  std::ostringstream content;
  content << file.rdbuf();
  const std::string difference = first_difference(content.str(), text);
  return difference.empty() ? ""
                            : fmt::format("{}: {}\nUPDATE_GOLDEN=1 accepts it; whole text:\n{}",
                                          name, difference, text);
}

}  // namespace arcform
