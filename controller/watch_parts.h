// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal to controller/watch*.cc.
#include <memory>
#include <optional>
#include <random>
#include <set>

#include "controller/apply_context.h"
#include "controller/watch_loop.h"

namespace arcform {

struct Watch::Followed {
  Followed(World world, DesiredState spec, std::shared_ptr<EnsembleSession> with,
           Progress& progress)
      : desired(std::move(spec)),
        kept_session(std::move(with)),
        session(*kept_session),
        context(world, desired, session, progress) {}
  DesiredState desired;
  std::shared_ptr<EnsembleSession> kept_session;  ///< of the spec before, where it names the same
  EnsembleSession& session;
  ApplyContext context;
  std::optional<Time> wake;  ///< when something withheld may be done
};

/// One leadership's following of hosts; over when it is not the watch's any more.
struct Watch::Following {
  explicit Following(std::uint64_t seed)
      : random(static_cast<std::minstd_rand::result_type>(seed)) {}
  bool on = true;
  std::string deployment;
  std::vector<DesiredHost> hosts;
  std::set<std::string> connected;  ///< hosts that report
  std::minstd_rand random;
};

}  // namespace arcform
