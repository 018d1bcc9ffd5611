// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/observed.h"

/// The small JSON documents by which watching controllers and people agree.
namespace arcform {

/// {"version":1,"scope":"cloud:shop","until":"...","reason":"...","by":"...","since":"..."}; a
/// freeze has "specDigest" and no "until".
std::string write_pause(const Pause& pause);
/// nullopt: not such a document, or its scope is none.
std::optional<Pause> read_pause(std::string_view text);

/// A rollout that waits for approval: what would be done, for people, the first lines of it.
struct Proposal {
  static constexpr std::size_t kStepsMax = 200;
  std::string hash;         ///< proposal_hash()
  std::string spec_digest;  ///< what is approved with it, until the spec changes
  std::string at;
  std::string by;
  std::vector<std::string> steps;
};
std::string write_proposal(const Proposal& proposal);
std::optional<Proposal> read_proposal(std::string_view text);

/// 12 hexadecimal digits of what would be done for which spec; other steps, another hash.
std::string proposal_hash(const std::string& spec_digest, const std::vector<std::string>& steps);

struct Approval {
  std::string hash;
  std::string spec_digest;
  std::string at;
  std::string by;
};
std::string write_approval(const Approval& approval);
std::optional<Approval> read_approval(std::string_view text);

}  // namespace arcform
