// SPDX-License-Identifier: Apache-2.0
#include "examples/stock-node/log.h"

#include <unistd.h>

namespace arcform::stock {

void Log::write(std::string_view level, const std::string& text) {
  const std::string line = fmt::format("{}: {}\n", level, text);
  // A log that cannot be written is no reason to stop serving.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace arcform::stock
