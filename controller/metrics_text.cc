// SPDX-License-Identifier: Apache-2.0
#include "controller/metrics_text.h"

#include <iterator>

#include <fmt/format.h>

#include "model/names.h"

namespace arcform {
namespace {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : printable(text)) {
    if (c == '\\' || c == '"') {
      result += '\\';
    }
    result += c;
  }
  return result;
}

}  // namespace

void MetricsText::begin(Type type, const char* name, const char* help) {
  type_ = type;
  name_ = name;
  help_ = help;
  begun_ = false;
}

void MetricsText::head(const char* type, const char* name, const char* help) {
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::line(std::string_view suffix, double value, const Labels& labels) {
  text_ += name_;
  text_ += suffix;
  char before = '{';
  for (const auto& [label, text] : labels) {
    fmt::format_to(std::back_inserter(text_), "{}{}=\"{}\"", before, label, escaped(text));
    before = ',';
  }
  text_ += labels.empty() ? "" : "}";
  fmt::format_to(std::back_inserter(text_), " {}\n", value);
}

void MetricsText::sample(double value, const Labels& labels) {
  if (!std::exchange(begun_, true)) {
    head(type_ == Type::counter ? "counter" : "gauge", name_, help_);
  }
  line("", value, labels);
}

void MetricsText::counter(const char* name, const char* help, std::uint64_t value) {
  begin(Type::counter, name, help);
  sample(static_cast<double>(value));
}

void MetricsText::histogram(const char* name, const char* help,
                            const std::vector<std::pair<double, std::uint64_t>>& buckets,
                            std::uint64_t count, double sum) {
  begin(Type::gauge, name, help);
  head("histogram", name, help);
  for (const auto& [bound, so_far] : buckets) {
    line("_bucket", static_cast<double>(so_far), {{"le", fmt::format("{}", bound)}});
  }
  line("_bucket", static_cast<double>(count), {{"le", "+Inf"}});
  line("_sum", sum, {});
  line("_count", static_cast<double>(count), {});
}

}  // namespace arcform
