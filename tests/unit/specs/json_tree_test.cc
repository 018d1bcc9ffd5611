// SPDX-License-Identifier: Apache-2.0
// Goal: the tree has what the text says, with exact positions, and refuses what is not JSON.
#include "specs/json_tree.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace arcform {
namespace {

/// The tree on one line: "1:1{ 1:2 a= 1:7:5 }".
std::string shown(const json::Value& value) {
  std::string text = fmt::format("{}:{}", value.at.line, value.at.column);
  switch (value.kind) {
    case json::Kind::null:
      return text + "null";
    case json::Kind::boolean:
      return text + (value.boolean ? "true" : "false");
    case json::Kind::number:
      return text + "#" + value.text;
    case json::Kind::string:
      return text + "'" + value.text + "'";
    case json::Kind::list:
      text += "[";
      for (const json::Value& item : value.items) {
        text += " " + shown(item);
      }
      return text + " ]";
    case json::Kind::object:
      text += "{";
      for (const json::Member& member : value.members) {
        text += fmt::format(" {}:{} {}={}", member.at.line, member.at.column, member.key,
                            shown(member.value));
      }
      return text + " }";
  }
  return "";
}

std::string parsed(const std::string& text) {
  const json::ParseResult result = json::parse(text);
  std::string said = result.root ? shown(*result.root) : "";
  for (const json::Problem& problem : result.problems) {
    said += fmt::format("{}{}:{}: {}: {}; {}", said.empty() ? "" : " | ", problem.at.line,
                        problem.at.column, problem.path, problem.what, problem.advice);
  }
  return said;
}

}  // namespace

TEST_CASE("every key and value knows its line and column") {
  const auto [text, tree] = GENERATE(table<std::string, std::string>({
      {"{}", "1:1{ }"},
      {"  [ 1 , 22,\n333]", "1:3[ 1:5#1 1:9#22 2:1#333 ]"},
      {"{\"a\": \"x\",\n  \"b\" : [true,false , null]}",
       "1:1{ 1:2 a=1:7'x' 2:3 b=2:9[ 2:10true 2:15false 2:23null ] }"},
      {R"({"a\"b\\": "c\u0041\n\\", "d": 1})", "1:1{ 1:2 a\"b\\=1:12'cA\n\\' 1:27 d=1:32#1 }"},
      {"[\"\", \"\\\\\", \"\\\"\"]", "1:1[ 1:2'' 1:6'\\' 1:12'\"' ]"},
      {"// one\n/* two\n*/ [ /* x */ -1.5e3, // y\n {} , ]", "3:4[ 3:14#-1.5e3 4:2{ } ]"},
      {"\xef\xbb\xbf{\"\xed\x95\x9c\xea\xb5\xad\": 1}",
       "1:1{ 1:2 \xed\x95\x9c\xea\xb5\xad=1:8#1 }"},
      {"{\r\n \"a\":1}\r\n", "1:1{ 2:2 a=2:6#1 }"},
      {"7", "1:1#7"},
  }));
  CHECK(parsed(text) == tree);
}

TEST_CASE("syntax errors say where and what was expected") {
  const auto [text, said] = GENERATE(table<std::string, std::string>({
      {"", "1:1: : the file is empty; write a spec, or give the name of one"},
      {" // only a comment\n", "2:1: : the file is empty; write a spec, or give the name of one"},
      {"{} {}",
       "1:4: : text after the end of the spec; remove it, or look for a bracket too many "
       "before"},
      {"{\"a\": }",
       "1:7: a: a value was expected; write a string in double quotes, a number, "
       "true, false, a list or an object"},
      {"{a: 1}",
       "1:2: : a key in double quotes, or '}', was expected; quote the key, or close "
       "the object"},
      {"{\"a\" 1}", "1:6: a: ':' was expected after the key; write \"key\": value"},
      {"{\"a\": [1 2]}",
       "1:10: a[1]: ',' or ']' was expected; look for a comma or bracket that is "
       "missing before"},
      {"{\"a\": 1 \"b\": 2}",
       "1:9: a: ',' or '}' was expected; look for a comma or bracket that "
       "is missing before"},
      {"{\"a\": 1",
       "1:8: a: ',' or '}' was expected; look for a comma or bracket that is missing "
       "before"},
      {"[\"a", "1:4: [0]: a string without its closing quote; add the missing '\"'"},
      {"[\"a,\n \"b\"]", "1:5: [0]: a string without its closing quote; add the missing '\"'"},
      {"[\"\\x\"]",
       "1:3: [0]: an unknown escape or a control character in a string; write a "
       "backslash as \\\\, a line break as \\n, a tab as \\t"},
      {"[\"\\ud800\"]", "1:3: [0]: a \\u escape that is no character; write the character itself"},
      {"[1.]", "1:4: [0]: an unfinished number; write digits after '.', 'e' and signs"},
      {"[1e999]", "1:2: [0]: a number too big to be one; write a smaller number"},
      {"[1, /* x",
       "1:9: [1]: a syntax error; look for a comment without its end, or a stray "
       "character"},
  }));
  CHECK(parsed(text) == said);
}

TEST_CASE("keys that stand twice are all reported, and the first of each is kept") {
  CHECK(parsed("{\"a\": 1, \"a\": 2,\n\"b\": [{\"c\": 1, \"c\": 2}], \"a\": 3}") ==
        "1:1{ 1:2 a=1:7#1 2:1 b=2:6[ 2:7{ 2:8 c=2:13#1 } ] }"
        " | 2:16: b[0].c: the key stands twice, first in line 2; remove one of them"
        " | 1:10: a: the key stands twice, first in line 1; remove one of them"
        " | 2:26: a: the key stands twice, first in line 1; remove one of them");
}

TEST_CASE("bytes that are no UTF-8 text are refused where they stand") {
  const auto [bytes, said] = GENERATE(table<std::string, std::string>({
      {"\xff", "2:4: : invalid UTF-8 (byte 0xff)"},
      {"\xc0\xaf", "2:4: : invalid UTF-8 (byte 0xc0)"},
      {"\xe0\x80\xaf", "2:4: : invalid UTF-8 (byte 0xe0)"},
      {"\xed\xa0\x80", "2:4: : invalid UTF-8 (byte 0xed)"},
      {"\xf4\x90\x80\x80", "2:4: : invalid UTF-8 (byte 0xf4)"},
      {"\xe2\x82", "2:4: : invalid UTF-8 (byte 0xe2)"},
      {std::string(1, '\0'), "2:4: : a NUL byte in the text"},
  }));
  CHECK(parsed("[\n// " + bytes + "\n]") == said + "; save the file as plain UTF-8 text");
}

TEST_CASE("depth and size are limited") {
  const std::string deep(json::kDepthMax, '[');
  CHECK(json::parse(deep + std::string(json::kDepthMax, ']')).problems.empty());
  CHECK(parsed(deep + "[") ==
        "1:33: : more than 32 lists and objects inside each other; no spec "
        "needs that many");
  CHECK(json::parse("[" + std::string(json::kSizeMax - 2, ' ') + "]").problems.empty());
  CHECK(parsed(std::string(json::kSizeMax + 1, ' ')) ==
        "1:1: : the file has 5000001 bytes, more than 5000000; use host ranges and node counts, or "
        "split the deployment");
}

}  // namespace arcform
