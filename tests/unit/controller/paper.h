// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "controller/terminal.h"

namespace arcform {

/// Keeps what is said, and never answers.
class Paper final : public Console {
 public:
  void out(const std::string& text) override { written += text; }
  void err(const std::string& text) override { written += text; }
  bool colour() const override { return false; }
  Reply ask(const std::string&) override { return {}; }
  std::string written;
};

}  // namespace arcform
