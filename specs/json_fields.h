// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <concepts>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "model/plan.h"
#include "specs/json_out.h"
#include "specs/json_tree.h"

/// Values as JSON and back. Each struct has one function `fields(archive, value)` that names its
/// members once; the same function writes, reads and describes (as JSON Schema) that struct. It
/// takes the value apart with a structured binding, so that a member that is added and not named
/// there does not compile. Whole numbers are JSON numbers, but for std::int64_t (session ids and
/// transaction ids), which is a hexadecimal text as zkCli.sh shows it.
namespace arcform {

/// T is `Of` or `const Of`: fields() takes both.
template <class T, class Of>
concept Same = std::same_as<std::remove_const_t<T>, Of>;

/// The name of an action in JSON. Specialised for each kind in specs/action_fields.h.
template <class T>
inline constexpr const char* kKind = nullptr;

/// The first thing that keeps a document from being read.
struct FieldProblem {
  SourcePosition at;
  std::string path;
  std::string what;
};
using Trouble = std::optional<FieldProblem>;

namespace detail {

template <class T, template <class...> class Of>
inline constexpr bool kIs = false;
template <template <class...> class Of, class... Ts>
inline constexpr bool kIs<Of<Ts...>, Of> = true;

template <class T>
inline constexpr bool kIsMap = kIs<T, std::map> || kIs<T, SortedMap>;
template <class T>
inline constexpr bool kIsList = kIs<T, std::vector> || kIs<T, std::set>;
template <class T>
inline constexpr bool kIsOptional = kIs<T, std::optional> || kIs<T, Boxed>;
template <class T>
using Inside = std::decay_t<decltype(*std::declval<T&>())>;
/// What many steps share; written as what it holds.
template <class T>
concept IsShared = std::derived_from<T, Shared<std::string>>;

inline std::string key_text(const std::string& key) {
  return key;
}
inline std::string key_text(int key) {
  return fmt::to_string(key);
}
inline std::string key_text(Endpoint key) {
  return key.text();
}

/// "steps" and "[3].host" are "steps[3].host".
inline std::string path_of(const std::string& head, const std::string& rest) {
  return rest.empty() || rest.front() == '[' ? head + rest : head + "." + rest;
}

inline bool read_key(const std::string& text, std::string& key) {
  key = text;
  return true;
}
inline bool read_key(const std::string& text, int& key) {
  const char* const end = text.data() + text.size();
  return std::from_chars(text.data(), end, key) == std::from_chars_result{end, {}};
}
inline bool read_key(const std::string& text, Endpoint& key) {
  const auto parsed = Endpoint::parse(text);
  key = parsed.value_or(Endpoint{});
  return parsed.has_value();
}

}  // namespace detail

template <class T>
void write_value(JsonOut& out, const T& value);
template <class T>
void read_value(const json::Value& json, T& value, Trouble& trouble);

/// Writes the members of an object.
class FieldWriter {
 public:
  explicit FieldWriter(JsonOut& out) : out_(out) {}
  template <class T>
  FieldWriter& operator()(const char* key, const T& value, const char* /*what*/ = "") {
    out_.key(key);
    write_value(out_, value);
    return *this;
  }

 private:
  JsonOut& out_;
};

/// Reads the members of an object; each must be there, others are passed over.
class FieldReader {
 public:
  FieldReader(const json::Value& object, Trouble& trouble) : object_(object), trouble_(trouble) {}
  template <class T>
  FieldReader& operator()(const char* key, T& value, const char* /*what*/ = "") {
    if (trouble_) {
      return *this;
    }
    if (const json::Value* const found = find(key)) {
      read_value(*found, value, trouble_);
    } else {
      trouble_ = FieldProblem{object_.at, "", "is missing"};
    }
    if (trouble_) {
      trouble_->path = detail::path_of(key, trouble_->path);
    }
    return *this;
  }

 private:
  const json::Value* find(std::string_view key) {
    for (std::size_t i = 0; i < object_.members.size(); ++i) {  // Usually it is the next one.
      const json::Member& member = object_.members[next_++ % object_.members.size()];
      if (member.key == key) {
        return &member.value;
      }
    }
    return nullptr;
  }
  const json::Value& object_;
  Trouble& trouble_;
  std::size_t next_ = 0;
};

/// The members of one kind of action, behind its name.
template <class Archive, class Kind>
void action_fields(Archive& archive, Kind& action) {
  static_assert(kKind<std::remove_const_t<Kind>> != nullptr,
                "a new kind of action: name it and its fields in specs/action_fields.h");
  fields(archive, action);
}

template <class T>
void write_value(JsonOut& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out.boolean(value);
  } else if constexpr (std::is_enum_v<T>) {
    out.text(json_name(value));
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    out.text(fmt::format("{:#x}", static_cast<std::uint64_t>(value)));
  } else if constexpr (std::is_unsigned_v<T>) {
    out.unsigned_number(value);
  } else if constexpr (std::is_integral_v<T>) {
    out.signed_number(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    out.text(value);
  } else if constexpr (std::is_same_v<T, Endpoint>) {
    out.text(value.text());
  } else if constexpr (detail::IsShared<T>) {
    out.text(value.value());
  } else if constexpr (detail::kIsOptional<T>) {
    value ? write_value(out, *value) : out.null();
  } else if constexpr (detail::kIsMap<T>) {
    out.begin_object();
    for (const auto& [key, item] : value) {
      out.key(detail::key_text(key));
      write_value(out, item);
    }
    out.end_object();
  } else if constexpr (detail::kIsList<T>) {
    out.begin_list();
    for (const auto& item : value) {
      write_value(out, item);
    }
    out.end_list();
  } else {
    out.begin_object();
    FieldWriter writer(out);
    if constexpr (std::is_same_v<T, Action>) {
      std::visit(
          [&writer](const auto& action) {
            writer("kind", std::string(kKind<std::decay_t<decltype(action)>>));
            action_fields(writer, action);
          },
          value);
    } else {
      fields(writer, value);
    }
    out.end_object();
  }
}

/// A member that is there only in one state of its object.
template <class T>
void read_member(const json::Value& json, const char* key, T& value, Trouble& trouble) {
  FieldReader reader(json, trouble);
  reader(key, value);
}

namespace detail {

template <class Kind>
bool read_action(const std::string& kind, const json::Value& json, Action& action,
                 Trouble& trouble) {
  if (kind != kKind<Kind>) {
    return false;
  }
  FieldReader reader(json, trouble);
  action_fields(reader, action.emplace<Kind>());
  return true;
}

template <class... Kinds>
void read_any_action(const json::Value& json, std::variant<Kinds...>& action, Trouble& trouble) {
  std::string kind;
  read_member(json, "kind", kind, trouble);
  if (!trouble && !(read_action<Kinds>(kind, json, action, trouble) || ...)) {
    trouble = FieldProblem{json.at, "kind", "is an action that this arcform does not know"};
  }
}

template <class T>
bool read_number(const json::Value& json, T& value) {
  const std::string_view text = json.text;
  const char* const end = text.data() + text.size();
  if constexpr (std::is_same_v<T, std::int64_t>) {
    std::uint64_t bits = 0;
    const bool hex = json.kind == json::Kind::string && text.starts_with("0x") && text.size() > 2;
    const bool fine =
        hex && std::from_chars(text.data() + 2, end, bits, 16) == std::from_chars_result{end, {}};
    value = static_cast<std::int64_t>(bits);
    return fine;
  } else {
    return json.kind == json::Kind::number &&
           std::from_chars(text.data(), end, value) == std::from_chars_result{end, {}};
  }
}

template <class E>
bool read_enum(const std::string& text, E& value) {
  for (int i = 0; json_name(static_cast<E>(i)) != nullptr; ++i) {
    if (text == json_name(static_cast<E>(i))) {
      value = static_cast<E>(i);
      return true;
    }
  }
  return false;
}

template <class T>
void read_list(const json::Value& json, T& value, Trouble& trouble) {
  value.clear();
  for (std::size_t i = 0; i < json.items.size() && !trouble; ++i) {
    typename T::value_type item{};
    read_value(json.items[i], item, trouble);
    if (trouble) {
      trouble->path = path_of(json::item_path("", i), trouble->path);
    }
    value.insert(value.end(), std::move(item));
  }
}

template <class T>
void read_map(const json::Value& json, T& value, Trouble& trouble) {
  value.clear();
  for (const json::Member& member : json.members) {
    typename T::key_type key{};
    if (!read_key(member.key, key)) {
      trouble = FieldProblem{member.at, member.key, "is no key of this object"};
    }
    typename T::mapped_type item{};
    if (!trouble) {
      read_value(member.value, item, trouble);
      if (trouble) {
        trouble->path = path_of(printable(member.key, 64), trouble->path);
      }
    }
    if (trouble) {
      return;
    }
    value.emplace(std::move(key), std::move(item));
  }
}

/// What a value of T is called in JSON.
template <class T>
constexpr json::Kind kind_of() {
  if constexpr (std::is_same_v<T, bool>) {
    return json::Kind::boolean;
  } else if constexpr (std::is_enum_v<T> || std::is_same_v<T, std::int64_t> ||
                       std::is_same_v<T, std::string> || std::is_same_v<T, Endpoint>) {
    return json::Kind::string;
  } else if constexpr (std::is_integral_v<T>) {
    return json::Kind::number;
  } else if constexpr (kIsList<T>) {
    return json::Kind::list;
  } else {
    return json::Kind::object;
  }
}

inline const char* word_of(json::Kind kind) {
  switch (kind) {
    case json::Kind::null:
      return "null";
    case json::Kind::boolean:
      return "true or false";
    case json::Kind::number:
      return "a whole number";
    case json::Kind::string:
      return "a text";
    case json::Kind::list:
      return "a list";
    case json::Kind::object:
      return "an object";
  }
  return "";
}

}  // namespace detail

template <class T>
void read_value(const json::Value& json, T& value, Trouble& trouble) {
  if constexpr (detail::IsShared<T>) {
    std::string text;
    read_value(json, text, trouble);
    value = T(std::move(text));
  } else if constexpr (detail::kIsOptional<T>) {
    value = T();
    if (json.kind != json::Kind::null) {
      detail::Inside<T> inside{};
      read_value(json, inside, trouble);
      value = T(std::move(inside));
    }
  } else if (json.kind != detail::kind_of<T>()) {
    trouble =
        FieldProblem{json.at, "", fmt::format("is not {}", detail::word_of(detail::kind_of<T>()))};
  } else if constexpr (std::is_same_v<T, bool>) {
    value = json.boolean;
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = json.text;
  } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T> || std::is_same_v<T, Endpoint>) {
    bool fine = false;
    if constexpr (std::is_enum_v<T>) {
      fine = detail::read_enum(json.text, value);
    } else if constexpr (std::is_integral_v<T>) {
      fine = detail::read_number(json, value);
    } else {
      fine = detail::read_key(json.text, value);
    }
    if (!fine) {
      trouble = FieldProblem{json.at, "", "is not one of its possible values"};
    }
  } else if constexpr (detail::kIsMap<T>) {
    detail::read_map(json, value, trouble);
  } else if constexpr (detail::kIsList<T>) {
    detail::read_list(json, value, trouble);
  } else if constexpr (std::is_same_v<T, Action>) {
    detail::read_any_action(json, value, trouble);
  } else {
    FieldReader reader(json, trouble);
    fields(reader, value);
  }
}

}  // namespace arcform
