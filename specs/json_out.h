// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace arcform {

/// Indented by two spaces, or without any white space.
enum class JsonLayout { indented, one_line };

/// Writes one JSON document, members in the order of the calls: the same calls give the same bytes.
/// Bytes that are no UTF-8 are written as U+FFFD.
class JsonOut {
 public:
  explicit JsonOut(JsonLayout layout = JsonLayout::indented);
  ~JsonOut();
  JsonOut(const JsonOut&) = delete;
  JsonOut& operator=(const JsonOut&) = delete;

  void begin_object();
  void end_object();
  void begin_list();
  void end_list();
  void key(std::string_view name);
  void text(std::string_view value);
  void unsigned_number(std::uint64_t value);
  void signed_number(std::int64_t value);
  /// With at most three decimals.
  void decimal(double value);
  void boolean(bool value);
  void null();

  /// The document, with a newline at its end. Nothing may be written afterwards.
  std::string take() &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace arcform
