// SPDX-License-Identifier: Apache-2.0
// Goal: every rule of the format speaks up, at the right place, in the right words. Method: each
// golden file lists wrong parts ("part text"), a line "----", and everything that is said; the
// whole file is computed again and compared.
#include <map>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/support/golden.h"
#include "tests/support/text_file.h"
#include "tests/unit/specs/spec_text.h"

namespace arcform {
namespace {

std::string SpecText::*part_of(const std::string& name) {
  static const std::map<std::string, std::string SpecText::*> parts{
      {"head", &SpecText::head},         {"ssh", &SpecText::ssh},
      {"hosts", &SpecText::hosts},       {"packages", &SpecText::packages},
      {"ensemble", &SpecText::ensemble}, {"clouds", &SpecText::clouds}};
  return parts.at(name);
}

/// What is said about one case, each line ended.
std::string answer(const std::string& line) {
  const std::size_t space = line.find(' ');
  SpecText spec;
  spec.*part_of(line.substr(0, space)) = line.substr(space + 1);
  const std::string said = said_about(spec.text());
  return said.empty() ? "(nothing)\n" : said + "\n";
}

/// The golden file again, with what is said now.
std::string computed(const std::string& golden, int& cases) {
  std::istringstream lines(golden);
  std::string text;
  std::string line;
  std::string last;
  bool in_answer = false;
  while (std::getline(lines, line)) {
    if (line == "----") {
      text += line + "\n" + answer(last);
      in_answer = true;
      ++cases;
    } else if (line.empty() || !in_answer) {
      text += line + "\n";
      in_answer = false;
    }
    last = line;
  }
  return text;
}

}  // namespace

TEST_CASE("every rule says where, what and what to do") {
  const std::string name = GENERATE("hosts.txt", "ensemble.txt", "clouds.txt", "across.txt");
  const std::string golden =
      content_of(std::string(ARCFORM_SOURCE_DIRECTORY) + "/tests/golden/specs/" + name);
  int cases = 0;
  const std::string text = computed(golden, cases);
  CHECK(compare_golden("specs/" + name, text) == "");
  CHECK(cases >= 10);
}

TEST_CASE("a spec with many errors gets them all in one pass, in the order of the file") {
  const std::string spec =
      content_of(std::string(ARCFORM_SOURCE_DIRECTORY) + "/tests/golden/specs/many_errors.json");
  CHECK(compare_golden("specs/many_errors.txt", said_about(spec) + "\n") == "");
}

TEST_CASE("a correct spec is not commented on") {
  CHECK(said_about(SpecText().text()) == "");
}

}  // namespace arcform
