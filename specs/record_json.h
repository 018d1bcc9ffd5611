// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

/// The JSON of records in znodes: small objects, read with patience, as an older or newer arcform
/// may have written them. Only specs/records.cc and specs/watch_records.cc use it.
namespace arcform::record_json {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

inline void text(Writer& writer, const std::string& value) {
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

/// The object, or nothing where the text is something else.
inline std::optional<rapidjson::Document> parse_object(std::string_view json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) {
    return std::nullopt;
  }
  return document;
}

/// The string member `key`; empty when it is missing or something else.
inline std::string text_of(const rapidjson::Document& document, const char* key) {
  const auto found = document.FindMember(key);
  if (found == document.MemberEnd() || !found->value.IsString()) {
    return "";
  }
  return {found->value.GetString(), found->value.GetStringLength()};
}

/// The same of a number that is not negative; else 0.
inline std::uint64_t number_of(const rapidjson::Document& document, const char* key) {
  const auto found = document.FindMember(key);
  return found != document.MemberEnd() && found->value.IsUint64() ? found->value.GetUint64() : 0;
}

}  // namespace arcform::record_json
