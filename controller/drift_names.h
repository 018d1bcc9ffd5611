// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/diff.h"

namespace arcform {

/// "node_down": as in the label `kind` of the metrics, which dashboards rely on.
const char* name_of(DriftKind kind);

}  // namespace arcform
