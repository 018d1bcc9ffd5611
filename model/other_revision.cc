// SPDX-License-Identifier: Apache-2.0
#include "model/other_revision.h"

#include <utility>

#include <fmt/format.h>

#include "model/names.h"

namespace arcform {
namespace {

std::string name_of(const AppliedRevision& revision) {
  return fmt::format("revision {} (spec {}) by {}, at {}", revision.revision,
                     printable(revision.spec_digest.substr(0, 12)), printable(revision.by, 120),
                     printable(revision.at, 40));
}

/// Wiped or rolled back data is no apply; what follows from that is decided elsewhere.
bool is_later(const AppliedRevision& seen, const AppliedRevision& known) {
  return seen.revision > known.revision ||
         (seen.revision == known.revision && seen.spec_digest != known.spec_digest);
}

}  // namespace

RevisionMemory note_applied(RevisionMemory memory, const DeploymentRecord& record,
                            const std::string& digest, const std::string& me) {
  AppliedRevision seen{record.revision, record.spec_digest, record.at, record.by};
  const bool ours = seen.spec_digest.empty() || seen.spec_digest == digest || seen.by == me;
  if (!ours && memory.agreed && is_later(seen, *memory.agreed)) {
    memory.other = std::move(seen);
  } else {
    memory.agreed = std::move(seen);
    memory.other.reset();
  }
  return memory;
}

RevisionMemory prefer_ours(RevisionMemory memory) {
  if (memory.other) {
    memory.agreed = std::exchange(memory.other, std::nullopt);
  }
  return memory;
}

std::string approval_digest(const std::string& digest, const std::optional<AppliedRevision>& over) {
  return over && over->spec_digest != digest
             ? fmt::format("{} over {} {}", digest, over->revision, over->spec_digest)
             : digest;
}

std::string alarm_of(const AppliedRevision& other) {
  return "another spec than this controller's was applied: " + name_of(other) +
         "; nothing is changed until that is in the spec file here, this one is applied again, or "
         "its plan is approved";
}

std::string why_held(const AppliedRevision& other) {
  return "another spec was applied since: " + name_of(other);
}

}  // namespace arcform
