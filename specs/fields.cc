// SPDX-License-Identifier: Apache-2.0
#include "specs/fields.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "model/names.h"

namespace arcform {

void Problems::error(SourcePosition at, std::string path, std::string what, std::string advice) {
  failed_ = true;
  diagnostics_.push_back(
      {at.line, at.column, std::move(path), std::move(what), std::move(advice), false});
}

void Problems::warning(SourcePosition at, std::string path, std::string what, std::string advice) {
  diagnostics_.push_back(
      {at.line, at.column, std::move(path), std::move(what), std::move(advice), true});
}

std::vector<Diagnostic> Problems::take() && {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::pair(a.line, a.column) < std::pair(b.line, b.column);
                   });
  // A range repeats its entry's mistake for each name; once is enough.
  diagnostics_.erase(std::unique(diagnostics_.begin(), diagnostics_.end()), diagnostics_.end());
  if (diagnostics_.size() > kDiagnosticsMax) {
    const std::size_t more = diagnostics_.size() - kDiagnosticsMax;
    const auto rest = diagnostics_.begin() + static_cast<std::ptrdiff_t>(kDiagnosticsMax);
    const bool errors =
        std::any_of(rest, diagnostics_.end(), [](const Diagnostic& d) { return !d.warning; });
    const Diagnostic first = *rest;
    diagnostics_.erase(rest, diagnostics_.end());
    diagnostics_.push_back({first.line, first.column, "", fmt::format("{} more problems", more),
                            "repair those above first", !errors});
  }
  return std::move(diagnostics_);
}

std::string describe(const json::Value& value) {
  switch (value.kind) {
    case json::Kind::null:
      return "null";
    case json::Kind::boolean:
      return value.boolean ? "true" : "false";
    case json::Kind::number:
      return fmt::format("the number {}", printable(value.text, 64));
    case json::Kind::string:
      return fmt::format("the string \"{}\"", printable(value.text, 64));
    case json::Kind::list:
      return "a list";
    case json::Kind::object:
      return "an object";
  }
  return "";
}

std::string suggestion(std::string_view typed, std::span<const std::string_view> words) {
  const std::string_view best = nearest(typed, words);
  if (!best.empty()) {
    return fmt::format("did you mean \"{}\"?", best);
  }
  std::string text;
  for (const std::string_view word : words) {
    text += fmt::format("{}{}", text.empty() ? "known here: " : ", ", word);
  }
  return text.empty() ? "nothing may stand here" : text;
}

std::optional<std::string> read_text(const json::Value& value, const std::string& path,
                                     Problems& problems) {
  if (value.kind != json::Kind::string) {
    problems.error(value.at, path, fmt::format("expected a string, found {}", describe(value)),
                   "put it in double quotes");
    return std::nullopt;
  }
  return value.text;
}

std::optional<std::uint64_t> read_number(const json::Value& value, const std::string& path,
                                         Bounds bounds, Problems& problems) {
  const bool written = value.kind == json::Kind::number || value.kind == json::Kind::string;
  std::uint64_t number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto [stop, error] = std::from_chars(value.text.data(), end, number);
  const bool negative = value.text.starts_with('-');
  const bool huge = error == std::errc::result_out_of_range;
  if (!written || value.text.empty() ||
      (!negative && !huge && (error != std::errc{} || stop != end))) {
    problems.error(value.at, path,
                   fmt::format("expected a whole number, found {}", describe(value)),
                   fmt::format("write a number from {} to {}", bounds.min, bounds.max));
    return std::nullopt;
  }
  if (negative || huge || number < bounds.min || number > bounds.max) {
    problems.error(
        value.at, path,
        fmt::format("{} is not within {} to {}", printable(value.text, 64), bounds.min, bounds.max),
        bounds.why);
    return std::nullopt;
  }
  return number;
}

std::optional<Portion> read_portion(ObjectFields& fields, std::string_view key) {
  const json::Value* const value = fields.any(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (value->kind != json::Kind::string || !value->text.ends_with('%')) {
    const auto number = fields.number(key, {1, 1'000'000, "it is a number of nodes"});
    return number ? std::optional(Portion{static_cast<std::uint32_t>(*number), false})
                  : std::nullopt;
  }
  constexpr std::uint32_t kAll = 100;
  std::uint32_t percent = 0;
  const char* const end = value->text.data() + value->text.size() - 1;
  const auto [stop, failed] = std::from_chars(value->text.data(), end, percent);
  if (failed != std::errc{} || stop != end || percent == 0 || percent > kAll) {
    fields.error(key, fmt::format("{} is no share of the nodes", describe(*value)),
                 "write a number of nodes, or \"1%\" to \"100%\"");
    return std::nullopt;
  }
  return Portion{percent, true};
}

ObjectFields::ObjectFields(const json::Value& value, std::string path, Problems& problems)
    : value_(value), path_(std::move(path)), problems_(problems) {
  if (!is_object()) {
    problems_.error(value_.at, path_, fmt::format("expected an object, found {}", describe(value_)),
                    "write { ... }");
  }
}

const json::Value* ObjectFields::find(std::string_view key) const {
  const auto found = std::find_if(value_.members.begin(), value_.members.end(),
                                  [&](const json::Member& member) { return member.key == key; });
  return found == value_.members.end() ? nullptr : &found->value;
}

bool ObjectFields::has(std::string_view key) const {
  return find(key) != nullptr;
}

SourcePosition ObjectFields::at(std::string_view key) const {
  const json::Value* const value = find(key);
  return value != nullptr ? value->at : value_.at;
}

void ObjectFields::know(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
    known_.push_back(key);
  }
}

bool ObjectFields::require(std::string_view key, std::string_view advice) {
  know(key);
  if (is_object() && !has(key)) {
    problems_.error(value_.at, path_, fmt::format("\"{}\" is missing", key), std::string(advice));
  }
  return has(key);
}

const json::Value* ObjectFields::any(std::string_view key) {
  know(key);
  return find(key);
}

std::optional<std::string> ObjectFields::text(std::string_view key) {
  const json::Value* const value = any(key);
  return value != nullptr ? read_text(*value, path(key), problems_) : std::nullopt;
}

std::optional<std::uint64_t> ObjectFields::number(std::string_view key, Bounds bounds) {
  const json::Value* const value = any(key);
  return value != nullptr ? read_number(*value, path(key), bounds, problems_) : std::nullopt;
}

std::optional<bool> ObjectFields::boolean(std::string_view key) {
  const json::Value* const value = any(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (value->kind != json::Kind::boolean) {
    error(key, fmt::format("expected true or false, found {}", describe(*value)),
          "write it without quotes");
    return std::nullopt;
  }
  return value->boolean;
}

std::optional<std::size_t> ObjectFields::choice(std::string_view key,
                                                std::span<const char* const> words) {
  const auto typed = text(key);
  if (!typed) {
    return std::nullopt;
  }
  const auto found = std::find(words.begin(), words.end(), *typed);
  if (found == words.end()) {
    const std::vector<std::string_view> known(words.begin(), words.end());
    error(key, fmt::format("\"{}\" is not known", printable(*typed, 64)),
          suggestion(*typed, known));
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - words.begin());
}

const std::vector<json::Value>* ObjectFields::list(std::string_view key) {
  const json::Value* const value = any(key);
  if (value == nullptr) {
    return nullptr;
  }
  if (value->kind != json::Kind::list) {
    error(key, fmt::format("expected a list, found {}", describe(*value)), "write [ ... ]");
    return nullptr;
  }
  return &value->items;
}

void ObjectFields::error(std::string_view key, std::string what, std::string advice) {
  problems_.error(at(key), path(key), std::move(what), std::move(advice));
}

void ObjectFields::refuse(std::string_view key, std::string what, std::string advice) {
  for (const json::Member& member : value_.members) {
    if (member.key == key) {
      problems_.error(member.at, path(key), std::move(what), std::move(advice));
      refused_.push_back(member.key);
      return;
    }
  }
}

void ObjectFields::finish() {
  const auto in = [](const std::vector<std::string_view>& keys, std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  for (const json::Member& member : value_.members) {
    if (!in(known_, member.key) && !in(refused_, member.key)) {
      problems_.error(member.at, path(member.key), "unknown key", suggestion(member.key, known_));
    }
  }
}

bool is_user_name(std::string_view text) {
  const auto safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '@';
  };
  return !text.empty() && text.size() <= 64 && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), safe);
}

bool is_host_path(std::string_view text) {
  const auto safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/';
  };
  if (text.size() < 2 || text.size() > 1024 || text.front() != '/' || text.back() == '/' ||
      !std::all_of(text.begin(), text.end(), safe)) {
    return false;
  }
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::size_t slash = std::min(text.find('/'), text.size());
    const std::string_view part = text.substr(0, slash);
    if (part.empty() || part == "." || part == "..") {
      return false;
    }
    text.remove_prefix(slash);
  }
  return true;
}

std::optional<std::string> read_host_path(ObjectFields& fields, std::string_view key) {
  auto typed = fields.text(key);
  if (!typed || is_host_path(*typed)) {
    return typed;
  }
  if (typed->starts_with('~')) {
    fields.error(key, fmt::format("\"{}\": '~' is not expanded on hosts", printable(*typed, 64)),
                 "write the absolute path");
  } else {
    fields.error(key,
                 fmt::format("\"{}\" is not an absolute path of letters, digits and ._-/",
                             printable(*typed, 64)),
                 "write it like /home/arcus/data, without a slash at the end, . or ..");
  }
  return std::nullopt;
}

}  // namespace arcform
