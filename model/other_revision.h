// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/observed.h"

/// What a watching controller makes of a person who applies another spec than its own: it must not
/// drive the deployment back to a file that is older than what that person wanted.
namespace arcform {

/// The last applied revision, as it is recorded.
struct AppliedRevision {
  std::uint64_t revision = 0;
  std::string spec_digest;
  std::string at;
  std::string by;  ///< "bob@desk pid 7": who and from where
  bool operator==(const AppliedRevision&) const = default;
};

/// What one controller remembers of the record, whoever leads meanwhile.
struct RevisionMemory {
  /// Our spec counts as newer than this one. At the start it is the one that is found: whoever
  /// starts a controller with a file wants that file, as with `apply`, which asks nothing either.
  std::optional<AppliedRevision> agreed;
  std::optional<AppliedRevision> other;  ///< applied by somebody since: all changes are held
  bool operator==(const RevisionMemory&) const = default;
};

/// After a look. `digest`: of the spec that is followed; `me`: as this controller signs records.
RevisionMemory note_applied(RevisionMemory memory, const DeploymentRecord& record,
                            const std::string& digest, const std::string& me);
/// A person wants our spec all the same: approved it, or edited its file after that.
RevisionMemory prefer_ours(RevisionMemory memory);

/// What an approval of our spec is for: of the spec, and of going over that revision. An approval
/// that was given before it was applied does not cover that.
std::string approval_digest(const std::string& digest, const std::optional<AppliedRevision>& over);

/// For people; the same text while it lasts.
std::string alarm_of(const AppliedRevision& other);
/// Why a step is not done.
std::string why_held(const AppliedRevision& other);

}  // namespace arcform
