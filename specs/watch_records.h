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
  std::string hash;  ///< proposal_hash()
  std::string spec_digest;
  std::string at;
  std::string by;
  std::vector<std::string> steps;
  std::string marks;  ///< of every step, also of those that are not shown: step_mark() each
};
std::string write_proposal(const Proposal& proposal);
std::optional<Proposal> read_proposal(std::string_view text);

/// 12 hexadecimal digits of what would be done for which spec; other steps, another hash.
std::string proposal_hash(const std::string& spec_digest, const std::vector<std::string>& steps);
/// 8 hexadecimal digits of one step, as people read it.
std::string step_mark(const std::string& step);
/// Both lists of marks without repetitions, at most Approval::kStepsMax; the first one goes first.
std::string join_marks(const std::string& first, const std::string& second);

struct Approval {
  static constexpr std::size_t kStepsMax = 4000;
  std::string hash;
  std::string spec_digest;
  std::string at;
  std::string by;
  std::string marks;  ///< of every step that may be done under this spec
  bool covers(const std::string& step) const;
};
std::string write_approval(const Approval& approval);
std::optional<Approval> read_approval(std::string_view text);

}  // namespace arcform
