// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace arcform {

/// The spec's JSON Schema (2020-12), as in specs/schema.json: for editors and `arcform schema`. It
/// says what a schema can say; the rules between fields are the reader's alone.
std::string_view spec_schema();
/// Of what write_event writes, as in specs/event_schema.json; ends with a newline.
std::string_view event_schema();

}  // namespace arcform
