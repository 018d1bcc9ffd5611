// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace arcform {

/// The text that Prometheus collects (version 0.0.4 of its text format), family by family in the
/// order of the calls. Pure. Debian's prometheus-cpp-core, which could write it, exists only as a
/// shared library that hands C++ streams across: arcform carries its own libstdc++, and every start
/// of every command would load both.
class MetricsText {
 public:
  enum class Type { counter, gauge };
  using Labels = std::vector<std::pair<const char*, std::string>>;

  /// Samples follow; a family without any leaves no trace.
  void begin(Type type, const char* name, const char* help);
  void sample(double value, const Labels& labels = {});

  template <class Number>
  void gauge(const char* name, const char* help, Number value) {
    begin(Type::gauge, name, help);
    sample(static_cast<double>(value));
  }
  void counter(const char* name, const char* help, std::uint64_t value);
  /// `buckets`: upper bounds, ascending, each with how many values were at most that.
  void histogram(const char* name, const char* help,
                 const std::vector<std::pair<double, std::uint64_t>>& buckets, std::uint64_t count,
                 double sum);

  std::string take() && { return std::move(text_); }

 private:
  void head(const char* type, const char* name, const char* help);
  void line(std::string_view suffix, double value, const Labels& labels);

  std::string text_;
  Type type_ = Type::gauge;
  const char* name_ = "";
  const char* help_ = "";
  bool begun_ = false;
};

}  // namespace arcform
