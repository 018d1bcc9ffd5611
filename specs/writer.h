// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/desired.h"

namespace arcform {

/// A spec to be written for a person to go on with, and what this person should know.
struct SpecDraft {
  DesiredState desired;
  std::vector<std::string> remarks;  ///< at the top, one comment line each
  /// In front of a part, one comment line each: "hosts", "packages", "ensemble" or "cloud <svc>".
  std::map<std::string, std::vector<std::string>> about;
};

/// The text of a spec that reads back as `desired`, written as a person would: ranges of hosts,
/// ports counted, the usual settings of a cloud said once. Places of secrets are not written. Pure.
std::string write_spec(const SpecDraft& draft);

/// Names in order, with runs of them as ranges that expand_range undoes: h1, h2, h3 -> "h[1-3]".
std::vector<std::string> compress_names(const std::vector<std::string>& names);

}  // namespace arcform
