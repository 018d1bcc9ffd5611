// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "drivers/world.h"
#include "model/plan.h"

namespace arcform {

/// Archives on their way to hosts, all of them together.
struct UploadProgress {
  std::uint64_t sent = 0;      ///< bytes handed to connections
  std::uint64_t bytes = 0;     ///< of all archives for all hosts
  std::size_t hosts = 0;       ///< that are, or were, sent one
  std::size_t hosts_done = 0;  ///< that have it whole
  std::size_t hosts_failed = 0;
  Time took{0};  ///< since the first byte
};

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
  /// About once a second while archives are sent, and once at their end.
  virtual void uploading(const UploadProgress& progress) = 0;
};

}  // namespace arcform
