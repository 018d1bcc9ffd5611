// SPDX-License-Identifier: Apache-2.0
#include "controller/spec_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "drivers/archive_file.h"

namespace arcform {

std::string SpecFile::first_error(const std::string& name) const {
  const auto found = std::find_if(spec.diagnostics.begin(), spec.diagnostics.end(),
                                  [](const Diagnostic& one) { return !one.warning; });
  return found != spec.diagnostics.end() ? format(*found, name) : archive;
}

SpecFile read_spec_file(const std::string& text, const Options& options) {
  SpecFile file{read_spec(text, options.spec), ""};
  if (!file.spec.desired) {
    return file;
  }
  DesiredState& desired = *file.spec.desired;
  const Result<void> found = inspect_archives(desired, folder_of(options.spec), options.home);
  if (!found) {
    file.archive = fmt::format("{}: {}", printable(options.spec), found.error().message);
  }
  desired.digest = spec_digest(desired);
  return file;
}

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash);
}

}  // namespace arcform
