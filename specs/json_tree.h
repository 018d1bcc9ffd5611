// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/desired.h"

/// JSON text as a tree whose keys and values know where they stand. RapidJSON's own tree keeps no
/// positions and silently keeps duplicate keys.
namespace arcform::json {

struct Member;

enum class Kind { null, boolean, number, string, list, object };

/// One JSON value. Only the fields of its kind are filled in.
struct Value {
  Kind kind = Kind::null;
  SourcePosition at;            ///< its first character; columns count characters from 1
  bool boolean = false;         ///< of a boolean
  std::string text;             ///< of a string, or a number exactly as written
  std::vector<Value> items;     ///< of a list
  std::vector<Member> members;  ///< of an object, in the order of the file, keys unique
};

/// One `"key": value` of an object.
struct Member {
  std::string key;
  SourcePosition at;  ///< of the key
  Value value;
};

/// Something that makes the text unusable.
struct Problem {
  SourcePosition at;
  std::string path;  ///< "clouds[0].nodes"; empty: the file as a whole
  std::string what;
  std::string advice;
};

/// The tree, and what is wrong with it. After a syntax error there is no tree; duplicate keys are
/// problems too, and the tree then holds the first of each.
struct ParseResult {
  std::optional<Value> root;
  std::vector<Problem> problems;
};

inline constexpr std::size_t kSizeMax = 5'000'000;  ///< bytes of text
inline constexpr std::size_t kDepthMax = 32;        ///< nested lists and objects

/// Parses JSON with `//` and `/* */` comments and trailing commas. A byte order mark at the start
/// is skipped. Never throws, never recurses.
ParseResult parse(std::string_view text, std::size_t size_max = kSizeMax);

/// "a.b" and "a[3]", as problems name their place; `parent` may be empty.
std::string member_path(std::string_view parent, std::string_view key);
std::string item_path(std::string_view parent, std::size_t index);

}  // namespace arcform::json
