// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_faults.h"

#include <utility>

#include <fmt/format.h>

namespace arcform::sim {
namespace {

/// 0 <= x < 1, the same on every standard library.
double share(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11U) / 9007199254740992.0;
}

}  // namespace

const char* name_of(Fault fault) {
  switch (fault) {
    case Fault::zk_error_before:
      return "zk_error_before";
    case Fault::zk_error_after:
      return "zk_error_after";
    case Fault::zk_read_fails:
      return "zk_read_fails";
    case Fault::zk_stale_read:
      return "zk_stale_read";
    case Fault::zk_expire:
      return "zk_expire";
    case Fault::foreign_write:
      return "foreign_write";
    case Fault::host_error_before:
      return "host_error_before";
    case Fault::host_error_after:
      return "host_error_after";
    case Fault::probe_fails:
      return "probe_fails";
    case Fault::slow_start:
      return "slow_start";
    case Fault::dies_at_once:
      return "dies_at_once";
    case Fault::upload_cut:
      return "upload_cut";
    case Fault::disk_full:
      return "disk_full";
    case Fault::clock_jump:
      return "clock_jump";
    case Fault::partition:
      return "partition";
  }
  return "?";
}

FaultPlan FaultPlan::all(double probability) {
  FaultPlan plan;
  plan.probability.fill(probability);
  return plan;
}

FaultPlan FaultPlan::swarm(std::mt19937_64& random, double most) {
  FaultPlan plan;
  for (double& probability : plan.probability) {
    const bool on = (random() & 1U) != 0;
    const double chosen = share(random) * most;
    probability = on ? chosen : 0.0;
  }
  return plan;
}

void Faults::arm(Fault fault, std::string subject, int times, int skip) {
  armed_.push_back(Armed{fault, std::move(subject), times, skip});
}

void Faults::calm() {
  plan_ = {};
  armed_.clear();
}

bool Faults::strikes(Fault fault, std::string_view subject) {
  const bool struck = decide(fault, subject);
  if (struck && on_strike) {
    on_strike(fmt::format("fault {}: {}", name_of(fault), subject));
  }
  return struck;
}

bool Faults::decide(Fault fault, std::string_view subject) {
  for (auto armed = armed_.begin(); armed != armed_.end(); ++armed) {
    if (armed->fault != fault || subject.find(armed->subject) == std::string_view::npos) {
      continue;
    }
    if (armed->skip > 0) {
      --armed->skip;
      continue;
    }
    if (--armed->times == 0) {
      armed_.erase(armed);
    }
    return true;
  }
  return plan_[fault] > 0 && share(random_) < plan_[fault];
}

}  // namespace arcform::sim
