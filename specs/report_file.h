// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/status_report.h"
#include "specs/json_out.h"
#include "specs/reader.h"
#include "specs/watch_report.h"

/// What `status --format json` and `validate --format json` print. Version 1 each.
namespace arcform {

std::string write_status(const StatusReport& report);
std::string status_schema();

/// A status with what a watching controller says of itself in a member "watch", as served at
/// /api/v1/state; it satisfies the schema of a status too.
std::string write_watched(const StatusReport& report, const WatchReport& watch,
                          JsonLayout layout = JsonLayout::indented);
/// {"nodes": [...]}, as served at /api/v1/history.
std::string write_history(const std::vector<LoadHistory>& nodes);

/// `valid`: there is no error among them.
std::string write_diagnostics(std::string_view file, bool valid,
                              const std::vector<Diagnostic>& diagnostics);
std::string diagnostics_schema();

}  // namespace arcform
