// SPDX-License-Identifier: Apache-2.0
#include "model/argv.h"

namespace arcform {

Argv Argv::of(std::string_view cmdline) {
  Argv argv;
  argv.text_ = cmdline;
  if (!cmdline.empty() && cmdline.back() != '\0') {
    argv.text_ += '\0';
  }
  return argv;
}

std::string_view Argv::behind(std::string_view flag) const {
  std::string_view value;
  std::string_view rest = text_;
  while (!rest.empty()) {  // From the back: what is looked for in a node's stands there.
    rest.remove_suffix(1);
    const std::string_view word = rest.substr(rest.rfind('\0') + 1);
    if (word == flag) {
      return value;
    }
    value = word;
    rest.remove_suffix(word.size());
  }
  return {};
}

}  // namespace arcform
