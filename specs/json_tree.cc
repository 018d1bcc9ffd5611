// SPDX-License-Identifier: Apache-2.0
#include "specs/json_tree.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <rapidjson/error/error.h>
#include <rapidjson/reader.h>

#include "model/names.h"

namespace arcform::json {
namespace {

/// Turns offsets that only ever grow into lines and columns; each byte is looked at once, so that
/// a large file on one line is not quadratic.
class PositionCursor {
 public:
  explicit PositionCursor(std::string_view text) : text_(text) {}

  SourcePosition at(std::size_t offset) {
    for (; offset_ < std::min(offset, text_.size()); ++offset_) {
      if (text_[offset_] == '\n') {
        ++position_.line;
        position_.column = 1;
      } else if ((static_cast<unsigned char>(text_[offset_]) & 0xc0U) != 0x80U) {
        ++position_.column;
      }
    }
    return position_;
  }

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  SourcePosition position_{1, 1};
};

/// Builds the tree from RapidJSON's events. Open lists and objects live on an explicit stack; a
/// closed one moves into its parent.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, const rapidjson::StringStream& stream)
      : stream_(stream), cursor_(text) {}

  bool Null() { return scalar(Kind::null, stream_.Tell() - 4, ""); }
  bool Bool(bool value) {
    const bool done = scalar(Kind::boolean, stream_.Tell() - (value ? 4 : 5), "");
    last().boolean = value;
    return done;
  }
  // Strings and numbers are read from a copy of the stream, so that the stream itself still stands
  // at their start; null, true and false have been taken from it.
  bool RawNumber(const char* digits, rapidjson::SizeType size, bool) {
    return scalar(Kind::number, stream_.Tell(), {digits, size});
  }
  bool String(const char* bytes, rapidjson::SizeType size, bool) {
    return scalar(Kind::string, stream_.Tell(), {bytes, size});
  }
  bool Key(const char* bytes, rapidjson::SizeType size, bool) {
    const SourcePosition at = cursor_.at(stream_.Tell());
    stack_.back().members.push_back({std::string(bytes, size), at, {}});
    return true;
  }
  bool StartObject() { return open(Kind::object); }
  bool StartArray() { return open(Kind::list); }
  bool EndObject(rapidjson::SizeType) {
    drop_duplicates(stack_.back());
    return close();
  }
  bool EndArray(rapidjson::SizeType) { return close(); }
  // RapidJSON's other number events; never sent when numbers are asked for as text.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  ParseResult take() && {
    if (root_) {
      result_.root = std::move(root_);
    }
    return std::move(result_);
  }
  bool too_deep() const { return too_deep_; }
  /// Path of the innermost open list or object, or of the value that is being read in it.
  std::string path() const {
    std::string text;
    for (const Value& value : stack_) {
      if (value.kind == Kind::list) {
        // A list's finished items; the one being read comes next.
        text = item_path(text, value.items.size());
      } else if (!value.members.empty()) {
        text = member_path(text, value.members.back().key);
      }
    }
    return text;
  }

 private:
  Value& slot() {
    Value& parent = stack_.back();
    return parent.kind == Kind::list ? parent.items.emplace_back() : parent.members.back().value;
  }
  Value& last() {
    if (stack_.empty()) {
      return *root_;
    }
    Value& parent = stack_.back();
    return parent.kind == Kind::list ? parent.items.back() : parent.members.back().value;
  }
  bool scalar(Kind kind, std::size_t offset, std::string_view text) {
    Value& value = stack_.empty() ? root_.emplace() : slot();
    value.kind = kind;
    value.at = cursor_.at(offset);
    value.text = text;
    return true;
  }
  bool open(Kind kind) {
    if (stack_.size() == kDepthMax) {
      too_deep_ = true;
      return false;
    }
    Value value;
    value.kind = kind;
    value.at = cursor_.at(stream_.Tell());
    stack_.push_back(std::move(value));
    return true;
  }
  bool close() {
    Value value = std::move(stack_.back());
    stack_.pop_back();
    if (stack_.empty()) {
      root_ = std::move(value);
    } else {
      slot() = std::move(value);
    }
    return true;
  }
  /// Reports every repeated key of a finished object and keeps the first of each.
  void drop_duplicates(Value& object) {
    std::vector<std::size_t> order(object.members.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto key = [&](std::size_t i) -> const std::string& { return object.members[i].key; };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    std::vector<bool> repeated(object.members.size(), false);
    std::size_t first = 0;
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (key(order[i]) != key(order[first])) {
        first = i;
        continue;
      }
      repeated[order[i]] = true;
      result_.problems.push_back({object.members[order[i]].at,
                                  member_path(object_path(), key(order[i])),
                                  fmt::format("the key stands twice, first in line {}",
                                              object.members[order[first]].at.line),
                                  "remove one of them"});
    }
    std::size_t index = 0;
    std::erase_if(object.members, [&](const Member&) { return repeated[index++]; });
  }
  /// Path of the innermost open object itself.
  std::string object_path() {
    Value object = std::move(stack_.back());
    stack_.pop_back();
    std::string text = path();
    stack_.push_back(std::move(object));
    return text;
  }

  const rapidjson::StringStream& stream_;
  PositionCursor cursor_;
  std::vector<Value> stack_;
  std::optional<Value> root_;
  ParseResult result_;
  bool too_deep_ = false;
};

struct Explanation {
  const char* what;
  const char* advice;
};

Explanation explain(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorDocumentEmpty:
      return {"the file is empty", "write a spec, or give the name of one"};
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return {"text after the end of the spec", "remove it, or look for a bracket too many before"};
    case rapidjson::kParseErrorValueInvalid:
      return {"a value was expected",
              "write a string in double quotes, a number, true, false, a "
              "list or an object"};
    case rapidjson::kParseErrorObjectMissName:
      return {"a key in double quotes, or '}', was expected", "quote the key, or close the object"};
    case rapidjson::kParseErrorObjectMissColon:
      return {"':' was expected after the key", "write \"key\": value"};
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
      return {"',' or '}' was expected", "look for a comma or bracket that is missing before"};
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
      return {"',' or ']' was expected", "look for a comma or bracket that is missing before"};
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return {"a \\u escape that is no character", "write the character itself"};
    case rapidjson::kParseErrorStringEscapeInvalid:
      return {"an unknown escape or a control character in a string",
              "write a backslash as \\\\, a line break as \\n, a tab as \\t"};
    case rapidjson::kParseErrorStringMissQuotationMark:
      return {"a string without its closing quote", "add the missing '\"'"};
    case rapidjson::kParseErrorStringInvalidEncoding:
      return {"invalid UTF-8", "save the file as UTF-8"};
    case rapidjson::kParseErrorNumberTooBig:
      return {"a number too big to be one", "write a smaller number"};
    case rapidjson::kParseErrorNumberMissFraction:
    case rapidjson::kParseErrorNumberMissExponent:
      return {"an unfinished number", "write digits after '.', 'e' and signs"};
    case rapidjson::kParseErrorNone:
    case rapidjson::kParseErrorTermination:
    case rapidjson::kParseErrorUnspecificSyntaxError:
      break;
  }
  return {"a syntax error", "look for a comment without its end, or a stray character"};
}

ParseResult refused(SourcePosition at, std::string what, std::string advice) {
  ParseResult result;
  result.problems.push_back({at, "", std::move(what), std::move(advice)});
  return result;
}

/// RapidJSON checks strings only, and stops at a NUL as if the file ended there.
std::optional<ParseResult> check_bytes(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = first_character(text.substr(i)).size;
    if (size == 0 || text[i] == '\0') {
      const auto byte = static_cast<unsigned char>(text[i]);
      return refused(
          PositionCursor(text).at(i),
          byte == 0 ? "a NUL byte in the text" : fmt::format("invalid UTF-8 (byte 0x{:02x})", byte),
          "save the file as plain UTF-8 text");
    }
    i += size;
  }
  return std::nullopt;
}

}  // namespace

std::string member_path(std::string_view parent, std::string_view key) {
  return fmt::format("{}{}{}", parent, parent.empty() ? "" : ".", printable(key, 64));
}

std::string item_path(std::string_view parent, std::size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

ParseResult parse(std::string_view text, std::size_t size_max) {
  if (text.size() > size_max) {
    return refused({1, 1},
                   fmt::format("the file has {} bytes, more than {}", text.size(), size_max),
                   "use host ranges and node counts, or split the deployment");
  }
  if (text.starts_with("\xef\xbb\xbf")) {
    text.remove_prefix(3);
  }
  if (auto bad = check_bytes(text)) {
    return *std::move(bad);
  }
  const std::string terminated(text);
  rapidjson::StringStream stream(terminated.c_str());
  TreeBuilder builder(text, stream);
  rapidjson::Reader reader;
  constexpr unsigned kFlags = rapidjson::kParseCommentsFlag | rapidjson::kParseTrailingCommasFlag |
                              rapidjson::kParseIterativeFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult outcome = reader.Parse<kFlags>(stream, builder);
  if (!outcome.IsError()) {
    return std::move(builder).take();
  }
  const SourcePosition at = PositionCursor(text).at(outcome.Offset());
  if (builder.too_deep()) {
    return refused(at, fmt::format("more than {} lists and objects inside each other", kDepthMax),
                   "no spec needs that many");
  }
  // A line break inside a string is a quote that was forgotten before it.
  const bool line_break = outcome.Offset() < text.size() && text[outcome.Offset()] == '\n';
  const Explanation explanation =
      explain(line_break && outcome.Code() == rapidjson::kParseErrorStringEscapeInvalid
                  ? rapidjson::kParseErrorStringMissQuotationMark
                  : outcome.Code());
  std::string path = builder.path();
  ParseResult result = std::move(builder).take();
  result.root.reset();
  result.problems.push_back({at, std::move(path), explanation.what, explanation.advice});
  return result;
}

}  // namespace arcform::json
