// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/lab.h"

namespace arcform {

/// A headless Chromium at the operator's place of a lab, steered over its debugging pipe: JSON
/// messages, each with a zero byte behind it (--remote-debugging-pipe: fd 3 in, fd 4 out). Failures
/// throw std::runtime_error.
class Browser {
 public:
  /// Opens the page; `width` as of a phone or a wall, in CSS pixels.
  Browser(const Lab& lab, const std::string& url, int width);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  /// The text that an expression of JavaScript is; it may hold no " and no \ of its own.
  std::string evaluate(const std::string& expression);
  /// Waits until it is "true"; false: it was not within the time.
  bool until(const std::string& expression, std::chrono::seconds limit);
  /// Errors in the page's console and exceptions of its scripts, as the browser told them.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  /// The whole answer, from which `member` can be taken.
  std::string call(const std::string& method, const std::string& parameters);
  std::string next_message();

  int in_ = -1;
  int out_ = -1;
  int last_id_ = 0;
  std::string session_;
  std::string unread_;
  std::vector<std::string> complaints_;
  std::string profile_;
  std::unique_ptr<StartedProcess> process_;
};

}  // namespace arcform
