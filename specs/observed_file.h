// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "model/asked.h"
#include "model/observed.h"
#include "model/result.h"
#include "specs/provenance.h"

/// An observation as a JSON document: what `observe` writes and `plan --from` reads. Version 1.
namespace arcform {

/// What an observation file says.
struct SavedObservation {
  std::string deployment;
  Provenance seen;
  Asked asked;
  ObservedState state;
  bool operator==(const SavedObservation&) const = default;
};

/// read_observation(write_observation(x)) is x, for texts that are UTF-8.
std::string write_observation(const SavedObservation& saved);

/// Error invalid_argument: cut off, edited, of another version, or no observation at all; the
/// message begins with `file_name` and the position.
Result<SavedObservation> read_observation(std::string_view text, std::string_view file_name);

/// The JSON Schema of the document.
std::string observation_schema();

}  // namespace arcform
