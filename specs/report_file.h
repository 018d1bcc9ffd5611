// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/status_report.h"
#include "specs/reader.h"

/// What `status --format json` and `validate --format json` print. Version 1 each.
namespace arcform {

std::string write_status(const StatusReport& report);
std::string status_schema();

/// `valid`: there is no error among them.
std::string write_diagnostics(std::string_view file, bool valid,
                              const std::vector<Diagnostic>& diagnostics);
std::string diagnostics_schema();

}  // namespace arcform
