// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

namespace arcform {

/// A container that never changes and that many values share: a copy costs a pointer, whatever it
/// holds. To change one, assign another. Compares by content.
template <class T>
class Shared {
 public:
  Shared() = default;
  /// From whatever makes a T, which is moved in; an empty one costs nothing.
  template <class U>
  requires(std::convertible_to<U, T> && !std::derived_from<std::remove_cvref_t<U>, Shared>)
      Shared(U&& from) {
    T value(std::forward<U>(from));
    if (!value.empty()) {
      value_ = std::make_shared<const T>(std::move(value));
    }
  }

  const T& value() const { return value_ ? *value_ : nothing(); }
  operator const T&() const { return value(); }
  bool empty() const { return value_ == nullptr; }
  auto size() const { return value().size(); }
  auto begin() const { return value().begin(); }
  auto end() const { return value().end(); }

  friend bool operator==(const Shared& a, const Shared& b) {
    return a.value_ == b.value_ || a.value() == b.value();
  }
  template <class U>
  requires(!std::derived_from<U, Shared>) friend bool operator==(const Shared& a, const U& b) {
    return a.value() == b;
  }

 private:
  static const T& nothing() {
    static const T kNothing;
    return kNothing;
  }
  std::shared_ptr<const T> value_;  // Never to an empty one.
};

/// A text that many values have in common.
using SharedText = Shared<std::string>;
/// `text`; where `before` says the same, there is no second one.
inline SharedText shared_with(const SharedText& before, std::string_view text) {
  return before.value() == text ? before : SharedText(std::string(text));
}

/// Why something differs or is done, for people. Most reasons are the same for many nodes.
class Reason : public SharedText {
 public:
  using Shared::Shared;
  operator std::string_view() const { return value(); }
  friend std::string operator+(const Reason& a, std::string_view b) {
    return a.value() + std::string(b);
  }
};

}  // namespace arcform

template <>
struct fmt::formatter<arcform::SharedText> : fmt::formatter<std::string_view> {
  auto format(const arcform::SharedText& text, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(text.value(), context);
  }
};

template <>
struct fmt::formatter<arcform::Reason> : fmt::formatter<arcform::SharedText> {};
