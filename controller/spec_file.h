// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "controller/cli.h"
#include "specs/reader.h"

namespace arcform {

/// A spec as it is used: what its text says, and what the archives are that it names.
struct SpecFile {
  SpecResult spec;      ///< its digest is of both
  std::string archive;  ///< what is wrong with one of them; empty: nothing

  /// Why it cannot be used, as far as the first error goes; empty: it can.
  std::string first_error(const std::string& name) const;
};

/// Reads the text of `options.spec` and looks into its archives. The one way to do it: where two
/// digests are compared, both must be of the same things.
SpecFile read_spec_file(const std::string& text, const Options& options);

/// "a/b" of "a/b/c.json"; empty: the folder that we are in.
std::string folder_of(const std::string& file);

}  // namespace arcform
