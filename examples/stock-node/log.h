// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace arcform::stock {

/// Lines on stderr, prefixed by their level. As in the Arcus server only warnings appear by
/// default, `-v` adds info and `-vv` debug.
class Log {
 public:
  explicit Log(int verbosity) : verbosity_(verbosity) {}

  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) const {
    write("warning", fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    if (verbosity_ > 0) {
      write("info", fmt::format(format, std::forward<Args>(args)...));
    }
  }
  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    if (verbosity_ > 1) {
      write("debug", fmt::format(format, std::forward<Args>(args)...));
    }
  }
  int verbosity() const { return verbosity_; }

 private:
  /// One write(2) per line, so that lines of the node and its engine do not mix.
  static void write(std::string_view level, const std::string& text);

  int verbosity_;
};

}  // namespace arcform::stock
