// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "model/desired.h"
#include "model/observed.h"

namespace arcform {

/// What an observation asked one host about.
struct AskedHost {
  std::string address;
  std::string data_directory;  ///< of the server there; empty: not asked
  bool operator==(const AskedHost&) const = default;
};

/// What an observation asked about, as its spec had it. Another spec may ask other questions, and
/// what nobody asked is unknown, not absent.
struct Asked {
  std::map<std::string, AskedHost> hosts;  ///< by name
  std::set<std::string> prefixes;          ///< of packages
  std::string connect_string;              ///< of the ensemble
  bool operator==(const Asked&) const = default;
};

Asked asked_by(const DesiredState& desired);

/// Makes unknown in `seen` what `desired` asks and the observation did not: hosts with another
/// address, packages in other places or out of archives, another ensemble. Pure.
void forget_unasked(const Asked& asked, const DesiredState& desired, ObservedState& seen);

/// Values that look like secrets (of arguments and settings whose names say password, secret or
/// token) become "***". arcform starts nothing with such arguments; others may.
void hide_secrets(ObservedState& seen);

}  // namespace arcform
