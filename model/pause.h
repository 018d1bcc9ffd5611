// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/plan.h"

namespace arcform {

/// "all", "cloud:NAME", "host:NAME" or "node:IP:PORT": what a pause covers. Also the name of its
/// znode, so it holds no '/'.
bool is_pause_scope(std::string_view scope);

/// Whether the pause keeps this action from being done. "all" covers everything; a cloud's covers
/// its registration, mappings and nodes; a host's everything that is done there.
bool covers(const Pause& pause, const Action& action);

/// The pauses that hold at `now` (as Clock::timestamp() writes it: such texts sort by time). One
/// without an end is a freeze: it holds only while the spec is the one that it was made under.
std::vector<Pause> holding(const std::vector<Pause>& pauses, const std::string& now,
                           const std::string& spec_digest);

/// "paused until ... by ann: new disks; "arcform resume all" ends it"
std::string why_paused(const Pause& pause);

/// The plan without what the pauses cover and what comes after that, each as a held difference that
/// says who paused it, why and until when.
Plan hold_paused(Plan plan, const std::vector<Pause>& pauses, const DesiredState& desired);

/// The steps that are not marked and do not come after a marked one, renumbered; everything else of
/// the plan is kept. `leave_out` has one entry per step; those left out besides are marked too.
Plan without_steps(Plan plan, std::vector<bool>& leave_out);

}  // namespace arcform
