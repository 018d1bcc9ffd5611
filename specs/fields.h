// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/nearest.h"
#include "specs/json_tree.h"
#include "specs/reader.h"

namespace arcform {

/// Collects what is wrong with a spec while it is being read.
class Problems {
 public:
  void error(SourcePosition at, std::string path, std::string what, std::string advice);
  void warning(SourcePosition at, std::string path, std::string what, std::string advice);
  bool failed() const { return failed_; }
  /// Everything, in the order of the file; at most kDiagnosticsMax and one that counts the rest.
  std::vector<Diagnostic> take() &&;

 private:
  std::vector<Diagnostic> diagnostics_;
  bool failed_ = false;
};

/// The whole numbers that a field takes, and why it takes no others.
struct Bounds {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  const char* why = "";  ///< the advice; empty: the bounds speak for themselves
};

/// One object of the spec. Every key that is asked for is known; finish() reports the others. A
/// value of the wrong type or out of bounds is reported and then counts as absent.
class ObjectFields {
 public:
  /// Reports when `value` is no object; then there are no fields.
  ObjectFields(const json::Value& value, std::string path, Problems& problems);

  SourcePosition at() const { return value_.at; }
  const std::string& path() const { return path_; }
  std::string path(std::string_view key) const { return json::member_path(path_, key); }
  bool is_object() const { return value_.kind == json::Kind::object; }
  bool has(std::string_view key) const;
  /// Position of the key's value, or of the object when it is absent.
  SourcePosition at(std::string_view key) const;

  /// Reports the key as missing, with this advice, unless it is there.
  bool require(std::string_view key, std::string_view advice);

  const json::Value* any(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  std::optional<std::uint64_t> number(std::string_view key, Bounds bounds);
  std::optional<bool> boolean(std::string_view key);
  /// Index of the value in `words`.
  std::optional<std::size_t> choice(std::string_view key, std::span<const char* const> words);
  /// nullptr: absent or no list.
  const std::vector<json::Value>* list(std::string_view key);

  void error(std::string_view key, std::string what, std::string advice);
  /// Reports a key that may not stand here (at the key), and counts it as known.
  void refuse(std::string_view key, std::string what, std::string advice);
  /// Reports every key that nothing asked for.
  void finish();

 private:
  const json::Value* find(std::string_view key) const;
  void know(std::string_view key);

  const json::Value& value_;
  std::string path_;
  Problems& problems_;
  std::vector<std::string_view> known_;
  std::vector<std::string_view> refused_;
};

/// The string in `value`, or a report.
std::optional<std::string> read_text(const json::Value& value, const std::string& path,
                                     Problems& problems);
/// A whole number, written as a number or as a string of digits, within bounds; or a report.
std::optional<std::uint64_t> read_number(const json::Value& value, const std::string& path,
                                         Bounds bounds, Problems& problems);
/// "the number 5", "the string \"x\"", "a list": for "expected ..., found ...".
std::string describe(const json::Value& value);
/// `did you mean "threads"`, or `known are "a", "b"`.
std::string suggestion(std::string_view typed, std::span<const std::string_view> words);

/// A number of nodes (at least 1), or a percentage of them ("25%", 1 to 100); or a report.
std::optional<Portion> read_portion(ObjectFields& fields, std::string_view key);

/// Whom to log in as: 1 to 64 of [A-Za-z0-9._@-], not beginning with '-'.
bool is_user_name(std::string_view text);
/// Absolute path on a host, of [A-Za-z0-9._/-] only, without "." and ".." parts.
bool is_host_path(std::string_view text);
/// The same, or a report.
std::optional<std::string> read_host_path(ObjectFields& fields, std::string_view key);

}  // namespace arcform
