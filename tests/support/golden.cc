// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "tests/support/text_file.h"

namespace arcform {
namespace {

std::string first_difference(const std::string& expected, std::string_view actual) {
  std::istringstream expected_lines(expected);
  std::istringstream actual_lines{std::string(actual)};
  for (int number = 1;; ++number) {
    std::string wanted;
    std::string found;
    const bool more_wanted = static_cast<bool>(std::getline(expected_lines, wanted));
    const bool more_found = static_cast<bool>(std::getline(actual_lines, found));
    if (!more_wanted && !more_found) {
      return "they differ in the newline at the end";
    }
    if (wanted != found || more_wanted != more_found) {
      return fmt::format("line {}\n  golden: {}\n  actual: {}", number,
                         more_wanted ? wanted : "(the end)", more_found ? found : "(the end)");
    }
  }
}

}  // namespace

std::string compare_golden(std::string_view name, std::string_view actual) {
  const std::filesystem::path path = std::filesystem::path(ARCFORM_GOLDEN_DIRECTORY) / name;
  const bool exists = std::filesystem::exists(path);
  if (exists && content_of(path.string()) == actual) {
    return "";
  }
  const char* const update = std::getenv("UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << actual;
    return fmt::format("tests/golden/{} is written; review it and run again", name);
  }
  return exists ? fmt::format("tests/golden/{}: {}", name,
                              first_difference(content_of(path.string()), actual))
                : fmt::format("tests/golden/{} does not exist; run with UPDATE_GOLDEN=1", name);
}

}  // namespace arcform
