// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drivers/world.h"
#include "model/plan.h"

namespace arcform {

/// Hears what an apply does, as it happens.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void step_started(const Plan& plan, StepId step) = 0;
  virtual void step_done(const Plan& plan, StepId step, Time took) = 0;
  virtual void step_failed(const Plan& plan, StepId step, const Error& error) = 0;
  /// Not tried: a step that it comes after failed, or the apply was interrupted.
  virtual void step_skipped(const Plan& plan, StepId step, const std::string& why) = 0;
  /// Something is being waited for: "waiting 10 s: cloud test-cloud settles".
  virtual void waiting(const std::string& what) = 0;
};

}  // namespace arcform
