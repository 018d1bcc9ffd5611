// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "specs/json_fields.h"

/// The JSON Schema of what specs/json_fields.h writes, from the same `fields` functions: it cannot
/// say anything else than what is written.
namespace arcform {

template <class T>
void write_shape(JsonOut& out, std::string_view what);

/// Writes the properties of an object.
class FieldShape {
 public:
  explicit FieldShape(JsonOut& out) : out_(out) {}
  template <class T>
  FieldShape& operator()(const char* key, const T& /*value*/, const char* what = "") {
    out_.key(key);
    write_shape<T>(out_, what);
    keys_.emplace_back(key);
    return *this;
  }
  /// A member that need not be there.
  template <class T>
  void optional(const char* key, const T& /*value*/, const char* what) {
    out_.key(key);
    write_shape<T>(out_, what);
  }
  const std::vector<std::string>& keys() const { return keys_; }

 private:
  JsonOut& out_;
  std::vector<std::string> keys_;
};

namespace detail {

inline void shape_text(JsonOut& out, const char* key, std::string_view value) {
  out.key(key);
  out.text(value);
}

/// `properties`: writes the properties through the FieldShape that it is given.
template <class Properties>
void shape_object(JsonOut& out, const Properties& properties) {
  shape_text(out, "type", "object");
  out.key("properties");
  out.begin_object();
  FieldShape shape(out);
  properties(shape);
  out.end_object();
  out.key("required");
  out.begin_list();
  for (const std::string& key : shape.keys()) {
    out.text(key);
  }
  out.end_list();
}

/// One of a few texts.
inline void shape_choice(JsonOut& out, const std::vector<std::string>& texts) {
  out.key("enum");
  out.begin_list();
  for (const std::string& text : texts) {
    out.text(text);
  }
  out.end_list();
}

template <class E>
void shape_enum(JsonOut& out) {
  std::vector<std::string> names;
  for (int i = 0; json_name(static_cast<E>(i)) != nullptr; ++i) {
    names.emplace_back(json_name(static_cast<E>(i)));
  }
  shape_choice(out, names);
}

template <class Kind>
void shape_action(JsonOut& out) {
  out.begin_object();
  shape_text(out, "type", "object");
  out.key("properties");
  out.begin_object();
  out.key("kind");
  out.begin_object();
  shape_choice(out, {kKind<Kind>});
  out.end_object();
  FieldShape shape(out);
  const Kind example{};
  action_fields(shape, example);
  out.end_object();
  out.key("required");
  out.begin_list();
  out.text("kind");
  for (const std::string& key : shape.keys()) {
    out.text(key);
  }
  out.end_list();
  out.end_object();
}

template <class... Kinds>
void shape_actions(JsonOut& out, const std::variant<Kinds...>& /*any*/) {
  out.key("anyOf");
  out.begin_list();
  (shape_action<Kinds>(out), ...);
  out.end_list();
}

template <class T>
void shape_number(JsonOut& out) {
  shape_text(out, "type", "integer");
  if constexpr (std::is_unsigned_v<T>) {
    out.key("minimum");
    out.unsigned_number(0);
  }
}

template <class T>
void shape_members(JsonOut& out) {
  if constexpr (std::is_same_v<T, bool>) {
    shape_text(out, "type", "boolean");
  } else if constexpr (std::is_enum_v<T>) {
    shape_enum<T>(out);
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    shape_text(out, "type", "string");
    shape_text(out, "pattern", "^0x[0-9a-f]+$");
  } else if constexpr (std::is_integral_v<T>) {
    shape_number<T>(out);
  } else if constexpr (std::is_same_v<T, std::string>) {
    shape_text(out, "type", "string");
  } else if constexpr (std::is_same_v<T, Endpoint>) {
    shape_text(out, "type", "string");
    shape_text(out, "pattern", "^[0-9.]+:[0-9]+$");
  } else if constexpr (IsShared<T>) {
    shape_text(out, "type", "string");
  } else if constexpr (kIsOptional<T>) {
    out.key("anyOf");
    out.begin_list();
    out.begin_object();
    shape_text(out, "type", "null");
    out.end_object();
    write_shape<Inside<T>>(out, "");
    out.end_list();
  } else if constexpr (kIsMap<T>) {
    shape_text(out, "type", "object");
    out.key("additionalProperties");
    write_shape<typename T::mapped_type>(out, "");
  } else if constexpr (kIsList<T>) {
    shape_text(out, "type", "array");
    out.key("items");
    write_shape<typename T::value_type>(out, "");
  } else if constexpr (std::is_same_v<T, Action>) {
    shape_actions(out, T{});
  } else {
    shape_object(out, [](FieldShape& shape) {
      const T example{};
      fields(shape, example);
    });
  }
}

}  // namespace detail

/// The schema of a T; `what` is its description, or empty.
template <class T>
void write_shape(JsonOut& out, std::string_view what) {
  out.begin_object();
  if (!what.empty()) {
    detail::shape_text(out, "description", what);
  }
  detail::shape_members<T>(out);
  out.end_object();
}

/// The whole JSON Schema (2020-12) of a document that is a T.
template <class T>
std::string schema_of(const char* title, const char* what) {
  JsonOut out;
  out.begin_object();
  detail::shape_text(out, "$schema", "https://json-schema.org/draft/2020-12/schema");
  detail::shape_text(out, "title", title);
  detail::shape_text(out, "description", what);
  detail::shape_members<T>(out);
  out.end_object();
  return std::move(out).take();
}

}  // namespace arcform
